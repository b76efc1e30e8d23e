"""Folders as objects: stored as a tree, and made again from it once, every file's digest verified."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainspring.domain.object import Digest, Tree, TreeEntry
from mainspring.kernel import canonical
from mainspring.kernel.hashing import digest, digest_file
from mainspring.kernel.names import check_relative
from mainspring.models.errors import PackageChanged, PackageInvalid

if TYPE_CHECKING:
    from mainspring.storage.objects import Objects

__all__ = ["check_whole", "checkout", "digest_folder", "read_member", "read_tree", "store"]

T = TypeVar("T")


def store(objects: "Objects", folder: Path) -> Digest:
    """Store every file of `folder` and its tree; the tree's digest names the folder's content. Links are refused."""
    return objects.put_bytes(canonical.dumps(_tree(folder, objects.put_file)))


def digest_folder(folder: Path) -> Digest:
    """The digest that `store` would give `folder`; nothing is stored."""
    return digest(canonical.dumps(_tree(folder, digest_file)))


def read_tree(objects: "Objects", name: Digest) -> Tree:
    """The tree under that digest; raises PackageInvalid where the object is something else."""
    data = objects.get_bytes(name)
    try:
        tree = canonical.loads(data, type=Tree)
    except msgspec.MsgspecError as error:
        raise PackageInvalid(where=name, reason="the object is not a folder") from error
    for entry in tree.entries:
        check_relative(entry.path)
    return tree


def check_whole(objects: "Objects", name: Digest) -> Tree:
    """The tree under that digest, every file of it stored; raises PackageInvalid naming one that is not."""
    tree = read_tree(objects, name)
    for entry in tree.entries:
        if not objects.exists(entry.digest):
            raise PackageInvalid(where=name, reason=f"its {entry.path} is not in the object store")
    return tree


def read_member(objects: "Objects", name: Digest, path: str, type: type[T]) -> T:
    """The JSON file `path` of a stored folder as `type`, nothing else of it read; raises PackageInvalid."""
    for entry in read_tree(objects, name).entries:
        if entry.path == path:
            try:
                return canonical.loads(objects.get_bytes(entry.digest), type=type)
            except msgspec.MsgspecError as error:
                raise PackageInvalid(where=name, reason=f"its {path} cannot be read ({error})") from error
    raise PackageInvalid(where=name, reason=f"it has no {path}")


def checkout(objects: "Objects", name: Digest, target: Path) -> Path:
    """`target` as the folder of that tree: files verified as they are copied, put in place whole by one rename.

    A folder that is there already is checked against the tree again, which costs reading it once.
    """
    tree = read_tree(objects, name)
    if target.is_dir():
        _verify(tree, target)
        return target
    temporary = target.with_name(f".{target.name[:16]}-{secrets.token_hex(8)}")
    temporary.mkdir(parents=True, mode=0o700)
    try:
        for entry in tree.entries:
            path = temporary / entry.path
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(objects.path(entry.digest), path)
            path.chmod(0o400)
        _verify(tree, temporary)
        os.rename(temporary, target)
    except OSError:
        # Another process may have put the same folder there first; anything else is a real error.
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _files(folder: Path) -> dict[str, Path]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            continue
        name = check_relative(path.relative_to(folder).as_posix())
        if path.is_symlink() or not path.is_file():
            raise PackageInvalid(where=folder, reason=f"'{name}' is not a plain file")
        found[name] = path
    return dict(sorted(found.items()))


def _tree(folder: Path, named: Callable[[Path], Digest]) -> Tree:
    return Tree(
        entries=tuple(
            TreeEntry(path=name, digest=named(path), size_bytes=path.stat().st_size)
            for name, path in _files(folder).items()
        )
    )


def _verify(tree: Tree, folder: Path) -> None:
    for entry in tree.entries:
        path = folder / entry.path
        found = digest_file(path) if path.is_file() and not path.is_symlink() else "nothing"
        if found != entry.digest:
            raise PackageChanged(file=entry.path, where=folder, expected=entry.digest[:12], found=found[:12])
