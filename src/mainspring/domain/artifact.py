"""Artifacts: the named, typed outputs of runs."""

import msgspec

from mainspring.kernel.hashing import Digest

__all__ = ["Artifact"]


class Artifact(msgspec.Struct, frozen=True):
    """One output: its name within the run, its kind (`frame`, `array`, `model`, `json` …) and its object.

    The object of a `model` is a Tree; of every other kind the bytes themselves. `size_bytes` counts a tree's files.
    """

    name: str
    kind: str
    digest: Digest
    size_bytes: int
