"""The object store seam: a store in memory, and the contract that every store must keep.

class TestMyObjects(ObjectsContract):
    def make(self, folder: Path) -> Objects:
        return MyObjects(folder)
"""

import io
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

from mainspring.domain.object import Digest
from mainspring.kernel.errors import Invalid
from mainspring.kernel.hashing import digest, is_digest
from mainspring.storage.objects import DigestInvalid, ObjectUnknown

__all__ = ["MemoryObjects"]


class MemoryObjects:
    """Objects in this process's memory; a file appears only for who asks for a path."""

    def __init__(self) -> None:
        self._bytes: dict[Digest, bytes] = {}
        self._folder: Path | None = None

    def put_bytes(self, data: bytes) -> Digest:
        """Keep `data`."""
        name = digest(data)
        self._bytes[name] = bytes(data)
        return name

    def put_file(self, path: Path, *, move: bool = False) -> Digest:
        """Keep a file's bytes; symbolic links are refused."""
        if path.is_symlink() or not path.is_file():
            raise Invalid(message=f"'{path}' is not a plain file")
        name = self.put_bytes(path.read_bytes())
        if move:
            path.unlink()
        return name

    def get_bytes(self, name: Digest) -> bytes:
        """The object's bytes; raises ObjectUnknown."""
        if not self.exists(name):
            raise ObjectUnknown(digest=name)
        return self._bytes[name]

    def open(self, name: Digest) -> BinaryIO:
        """The object as a readable file."""
        return io.BytesIO(self.get_bytes(name))

    def path(self, name: Digest) -> Path:
        """A file with the object's bytes, for as long as this store lives."""
        data = self.get_bytes(name)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="mainspring-objects-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / name
        if not path.exists():
            path.write_bytes(data)
            path.chmod(0o444)
        return path

    def exists(self, name: Digest) -> bool:
        """Whether the object is here."""
        if not is_digest(name):
            raise DigestInvalid(text=name[:80])
        return name in self._bytes
