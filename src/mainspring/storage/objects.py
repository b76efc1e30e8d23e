"""The object store: immutable bytes under their BLAKE3 name, written so that a kill at any moment leaves all or nothing."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from mainspring.domain.object import Digest
from mainspring.kernel import fault
from mainspring.kernel.errors import Failed, Invalid, NotFound
from mainspring.kernel.hashing import digest, digest_file, is_digest
from mainspring.storage.change import in_change

__all__ = ["DigestInvalid", "LocalObjects", "ObjectDamaged", "ObjectUnknown", "Objects"]


class ObjectUnknown(NotFound):
    code = "object.unknown"
    template = "there is no object {digest}"
    hint = "it was never stored here, or the store is damaged; see: mainspring doctor"


class ObjectDamaged(Failed):
    code = "object.damaged"
    template = "the bytes of object {digest} have changed on disk"
    hint = "restore it from a backup; see: mainspring restore --help"


class DigestInvalid(Invalid):
    code = "object.digest"
    template = "{text!r} is not a digest"
    hint = "a digest is 64 lower-case hex characters"


class Objects(Protocol):
    """Where bytes are kept; everything large goes here, and only here."""

    def put_bytes(self, data: bytes) -> Digest: ...
    def put_file(self, path: Path, *, move: bool = False) -> Digest: ...
    def get_bytes(self, name: Digest) -> bytes: ...
    def open(self, name: Digest) -> BinaryIO: ...
    def path(self, name: Digest) -> Path: ...
    def exists(self, name: Digest) -> bool: ...


class LocalObjects:
    """Objects in a folder: `ab/cdef…`, read-only files. A write goes temporary name, sync, rename, sync of the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put_bytes(self, data: bytes) -> Digest:
        """Store `data`; a no-op where it is there already."""
        name = digest(data)
        if not self.exists(name):
            temporary = self._temporary()
            temporary.write_bytes(data)
            self._commit(temporary, name)
        return name

    def put_file(self, path: Path, *, move: bool = False) -> Digest:
        """Store a file's bytes, by rename where `move` gives the file away; symbolic links are refused."""
        if path.is_symlink() or not path.is_file():
            raise Invalid(message=f"'{path}' is not a plain file")
        temporary = self._temporary()
        if move and path.stat().st_dev == self._incoming.stat().st_dev:
            path.rename(temporary)
        else:
            shutil.copyfile(path, temporary)
            if move:
                path.unlink()
        return self.adopt(temporary)

    @contextmanager
    def incoming(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A new file in the store's own folder to stream bytes into, for `adopt`; removed at the end if it was not."""
        temporary = self._temporary()
        try:
            with temporary.open("wb") as file:
                yield file, temporary
        finally:
            temporary.unlink(missing_ok=True)

    def adopt(self, temporary: Path, *, expected: Digest | None = None) -> Digest:
        """Make a file of `incoming` an object; where its digest is not the `expected` one, nothing is kept."""
        name = digest_file(temporary)
        if self.exists(name) or expected not in (None, name):
            temporary.unlink()
        else:
            self._commit(temporary, name)
        return name

    def get_bytes(self, name: Digest) -> bytes:
        """The object's bytes, checked against their name; raises ObjectUnknown, ObjectDamaged."""
        data = self.path(name).read_bytes()
        if digest(data) != name:
            raise ObjectDamaged(digest=name)
        return data

    def open(self, name: Digest) -> BinaryIO:
        """The object as a readable file."""
        return self.path(name).open("rb")

    def path(self, name: Digest) -> Path:
        """Where the object lies on this machine; raises ObjectUnknown."""
        path = self._path(name)
        if not path.exists():
            raise ObjectUnknown(digest=name)
        return path

    def exists(self, name: Digest) -> bool:
        """Whether the object is there."""
        return self._path(name).exists()

    def names(self) -> list[Digest]:
        """Every object's name, sorted."""
        return sorted(Digest(file.parent.name + file.name) for file in self.folder.glob("??/*"))

    def verify(self, name: Digest) -> None:
        """Read the object whole; raises ObjectUnknown, ObjectDamaged."""
        if digest_file(self.path(name)) != name:
            raise ObjectDamaged(digest=name)

    def sweep(self) -> int:
        """Remove what writers that died left behind; how many files. Call it only while no writer runs."""
        left = list(self._incoming.iterdir())
        for file in left:
            file.unlink()
        return len(left)

    def _path(self, name: Digest) -> Path:
        if not is_digest(name):
            raise DigestInvalid(text=name[:80])
        return self.folder / name[:2] / name[2:]

    def _temporary(self) -> Path:
        if in_change():
            raise RuntimeError("objects are stored before the change opens, not inside it")
        return self._incoming / secrets.token_hex(16)

    def _commit(self, temporary: Path, name: Digest) -> None:
        target = self._path(name)
        fault.point("artifact.commit.before_sync")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o444)
        fault.point("artifact.commit.before_rename")
        new_folder = not target.parent.exists()
        target.parent.mkdir(exist_ok=True, mode=0o700)
        temporary.rename(target)
        fault.point("artifact.commit.after_rename")
        _sync_folder(target.parent)
        if new_folder:
            _sync_folder(self.folder)
        fault.point("artifact.commit.after_sync")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
