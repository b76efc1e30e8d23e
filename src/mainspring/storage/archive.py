"""A strict tar: readable by every tar program, written and read by us so that one changed bit anywhere is found.

Members come in an order the reader knows beforehand, with nothing in their headers but name and size. Reading compares
each header and each padding byte with what it must be, so no name from the file is ever used as a path.
"""

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from mainspring.domain.object import Digest
from mainspring.kernel.errors import Failed

__all__ = ["ArchiveDamaged", "ArchiveReader", "ArchiveWriter", "blocks"]

_BLOCK = tarfile.BLOCKSIZE
_CHUNK_BYTES = 1 << 20
_END = 2 * _BLOCK


class ArchiveDamaged(Failed):
    code = "backup.damaged"
    template = "'{path}' is not a whole backup: {reason}"
    hint = "nothing was restored; use another copy"


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file in pieces of 1 MiB."""
    while piece := file.read(_CHUNK_BYTES):
        yield piece


def _header(name: str, size_bytes: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size_bytes
    info.mode = 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


class ArchiveWriter:
    """Appends members to an open file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, name: str, size_bytes: int, pieces: Iterable[bytes]) -> Digest:
        """Write a member of exactly `size_bytes` and return the digest of what was written."""
        self._file.write(_header(name, size_bytes))
        hasher, written = blake3(), 0
        for piece in pieces:
            hasher.update(piece)
            written += len(piece)
            self._file.write(piece)
        if written != size_bytes:
            raise OSError(f"{name} changed its size while it was read")
        self._file.write(bytes(-written % _BLOCK))
        return Digest(hasher.hexdigest())

    def close(self) -> None:
        """Write the end mark."""
        self._file.write(bytes(_END))


class ArchiveReader:
    """Reads members in the order the caller expects them; raises ArchiveDamaged at the first byte that differs."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path

    def first(self, name: str, *, most_bytes: int) -> bytes:
        """The first member, whose size only its header says; it must be called `name`."""
        block = self._take(_BLOCK, name)
        try:
            found = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise self.damaged("it does not begin as one") from error
        if block != _header(name, found.size) or found.size > most_bytes:
            raise self.damaged("it does not begin as one")
        data = self._take(found.size, name)
        self._padding(name, found.size)
        return data

    def member(self, name: str, size_bytes: int, digest: Digest) -> Iterator[bytes]:
        """The pieces of the next member; its digest is checked after the last of them."""
        header = _header(name, size_bytes)
        if self._take(len(header), name) != header:
            raise self.damaged(f"{name} is not where it should be")
        hasher, left = blake3(), size_bytes
        while left:
            piece = self._take(min(left, _CHUNK_BYTES), name)
            hasher.update(piece)
            left -= len(piece)
            yield piece
        self._padding(name, size_bytes)
        if hasher.hexdigest() != digest:
            raise self.damaged(f"the bytes of {name} have changed")

    def end(self) -> None:
        """Check the end mark, and that nothing follows it."""
        if self._file.read(_END + 1) != bytes(_END):
            raise self.damaged("its end is missing or has changed")

    def damaged(self, reason: str) -> ArchiveDamaged:
        """The error for this file."""
        return ArchiveDamaged(path=self._path, reason=reason)

    def _take(self, count: int, name: str) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise self.damaged(f"it ends inside {name}")
        return data

    def _padding(self, name: str, size_bytes: int) -> None:
        count = -size_bytes % _BLOCK
        if self._take(count, name) != bytes(count):
            raise self.damaged(f"the bytes after {name} have changed")
