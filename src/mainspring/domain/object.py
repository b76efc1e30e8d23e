"""Objects: immutable bytes and their names."""

import msgspec

from mainspring.kernel.hashing import Digest

__all__ = ["Digest", "Tree", "TreeEntry"]


class TreeEntry(msgspec.Struct, frozen=True):
    """One file of a tree: its relative name with `/`, and its bytes."""

    path: str
    digest: Digest
    size_bytes: int


class Tree(msgspec.Struct, frozen=True):
    """A folder as an object: its files sorted by path; the tree's digest is that of its canonical JSON."""

    entries: tuple[TreeEntry, ...]
    version: int = 1
