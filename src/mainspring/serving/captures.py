"""The spool: what an endpoint has answered and been told, one checksummed record each, written before the answer leaves.

A segment is a file of records: a magic line, then `length (u32), CRC-32 of the body (u32), body (msgpack)`, little endian.
It is written as `<id>.open`, locked by its writer for as long as that lives, and renamed to `<id>.segment` when it is
full, old or asked for. A record whose write was cut off by a crash had not been answered; it is dropped and counted. So
are the zeros that a file system leaves after power loss where it had made the file longer and not yet written it.
"""

import fcntl
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from mainspring.domain.endpoint import VariantRole
from mainspring.domain.object import Digest
from mainspring.kernel import fault
from mainspring.serving.errors import CaptureFailed, SegmentDamaged

__all__ = ["MAGIC", "Answered", "Record", "Segment", "Spool", "Told", "adopt", "read_segment"]

MAGIC = b"mainspring capture 1\n"
_HEADER = struct.Struct("<II")


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """One request's answered rows, columns as they came in."""

    request_id: str
    at_ms: int
    variant: str
    model: str
    version: int
    package: Digest
    role: VariantRole
    # Any: cells as they came in, checked by the signature.
    columns: dict[str, list[Any]]
    predictions: list[float]


class Told(msgspec.Struct, frozen=True, tag="told"):
    """Feedback of one request: prediction ids, their labels, and when each became known."""

    ids: list[str]
    labels: list[float]
    at_ms: list[int]


Record = Answered | Told

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class Spool:
    """The writing end, owned by one process: records go to one open segment, which is closed by `rotate`."""

    def __init__(self, folder: Path, *, segment_bytes: int, new_id: Callable[[], str]) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._new_id = new_id
        self._descriptor = -1
        self._path = folder
        self._size = 0
        self._synced = True
        self.opened_at = 0.0
        adopt(folder)

    @property
    def age_s(self) -> float:
        """How long the open segment has been open; 0 where there is none."""
        return time.monotonic() - self.opened_at if self._descriptor >= 0 else 0.0

    def write(self, record: Record) -> None:
        """Append a record; when this returns it survives the end of the process, and power loss within a second."""
        body = _encode(record)
        data = _HEADER.pack(len(body), zlib.crc32(body)) + body
        try:
            if self._descriptor < 0:
                self._open()
            fault.point("capture.write.before_record")
            written = os.write(self._descriptor, data)
            if written != len(data):
                # A full disk: leave no half a record for the next one to follow.
                os.ftruncate(self._descriptor, self._size)
                raise CaptureFailed(reason="the disk took only a part of it")
            fault.point("capture.write.after_record")
            self._size += written
            self._synced = False
            if self._size >= self._segment_bytes:
                self.rotate()
        except OSError as error:
            raise CaptureFailed(reason=error.strerror or str(error)) from error

    def take_unsynced(self) -> int:
        """A descriptor of its own for what is not on the disk yet, to be synced and closed by the caller; -1 if nothing."""
        if self._descriptor < 0 or self._synced:
            return -1
        self._synced = True
        return os.dup(self._descriptor)

    def rotate(self) -> str:
        """Close the open segment, so that it can be taken in; its id, or an empty text where nothing was written."""
        if self._descriptor < 0:
            return ""
        fault.point("capture.write.before_rotate")
        os.fsync(self._descriptor)
        os.rename(self._path, self._path.with_suffix(".segment"))
        fault.point("capture.write.after_rotate")
        os.close(self._descriptor)
        self._descriptor, self._size = -1, 0
        return self._path.stem

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        while self._descriptor < 0:
            self._path = self._folder / f"{self._new_id()}.open"
            descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                os.write(descriptor, MAGIC)
            except OSError:
                os.close(descriptor)
                self._path.unlink()
                raise
            # Between making and locking it, `adopt` of another process may have taken it for an orphan.
            if self._path.exists():
                self._descriptor = descriptor
            else:
                os.close(descriptor)
        self._size = len(MAGIC)
        self.opened_at = time.monotonic()


class Segment(msgspec.Struct, frozen=True):
    """What a segment holds; `dropped` counts torn records at its end, zeros in the place of records as one."""

    id: str
    records: list[Record]
    dropped: int


def adopt(folder: Path) -> list[str]:
    """Close the open segments of writers that are gone, so that they can be taken in; their ids."""
    found = []
    for path in sorted(folder.glob("*.open")):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fsync(descriptor)
            os.rename(path, path.with_suffix(".segment"))
            found.append(path.stem)
        except (BlockingIOError, FileNotFoundError):
            continue
        finally:
            os.close(descriptor)
    return found


def read_segment(path: Path) -> Segment:
    """The records of a closed segment; raises SegmentDamaged where it is of another format or a whole record is wrong.

    A torn record can only be the last one: what follows a wrong checksum inside the file, zeros apart, is damage.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        if MAGIC.startswith(data.rstrip(b"\0")):
            return Segment(id=path.stem, records=[], dropped=int(len(data) > len(MAGIC)))
        raise SegmentDamaged(file=path, reason="it does not begin as one")
    records: list[Record] = []
    for body, torn, end in _bodies(data):
        if torn:
            if data[end:].strip(b"\0"):
                raise SegmentDamaged(file=path, reason=f"the record before byte {end} is wrong")
            return Segment(id=path.stem, records=records, dropped=1)
        try:
            records.append(_decode(body))
        except msgspec.MsgspecError as error:
            raise SegmentDamaged(file=path, reason=f"the record before byte {end} cannot be read ({error})") from error
    return Segment(id=path.stem, records=records, dropped=0)


def _bodies(data: bytes) -> Iterator[tuple[memoryview, bool, int]]:
    view, at = memoryview(data), len(MAGIC)
    while at < len(data):
        if at + _HEADER.size > len(data):
            yield view[at:], True, len(data)
            return
        length, checksum = _HEADER.unpack_from(data, at)
        end = at + _HEADER.size + length
        body = view[at + _HEADER.size : end]
        # Of no bytes the checksum is 0, so zeros would pass for a record.
        torn = not length or end > len(data) or zlib.crc32(body) != checksum
        yield body, torn, min(end, len(data))
        at = end
