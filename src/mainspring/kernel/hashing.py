"""Digests (BLAKE3, 256 bit, 64 hex characters) and the typed encoding that cache keys are made of."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NewType

import msgspec
from blake3 import blake3

__all__ = ["Digest", "digest", "digest_file", "digest_of", "encode", "is_digest"]

Digest = NewType("Digest", str)
"""64 lower-case hex characters: the BLAKE3 of an object's bytes."""

_THREADED_FROM_BYTES = 1 << 22


def digest(data: bytes) -> Digest:
    """BLAKE3 of `data`."""
    return Digest(blake3(data).hexdigest())


def digest_file(path: Path) -> Digest:
    """BLAKE3 of a file's bytes, read by memory map; threads only where the file is large enough to pay."""
    threads = blake3.AUTO if path.stat().st_size >= _THREADED_FROM_BYTES else 1
    hasher = blake3(max_threads=threads)
    hasher.update_mmap(path)
    return Digest(hasher.hexdigest())


def digest_of(value: object) -> Digest:
    """BLAKE3 of the typed encoding of `value`."""
    return digest(encode(value))


def is_digest(text: str) -> bool:
    """Whether `text` is 64 lower-case hex characters."""
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)


def encode(value: object) -> bytes:
    """Typed, length-prefixed bytes of a value: different values never share an encoding.

    Takes None, bool, int, float, str, bytes, sequences, mappings (sorted by encoded key) and Structs.
    Raises TypeError for anything else, since a part that is dropped in silence is a wrong cache hit.
    """
    match value:
        case None:
            return _frame(b"n", b"")
        case bool():
            return _frame(b"b", b"\1" if value else b"\0")
        case int():
            return _frame(b"i", str(value).encode())
        case float():
            return _frame(b"f", struct.pack(">d", value))
        case str():
            return _frame(b"s", value.encode())
        case bytes():
            return _frame(b"y", value)
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return _frame(b"o", encode(type(value).__name__) + encode(fields))
        case Mapping():
            pairs = sorted((encode(k), encode(v)) for k, v in value.items())
            return _frame(b"m", b"".join(k + v for k, v in pairs))
        case Sequence():
            return _frame(b"l", b"".join(encode(item) for item in value))
        case _:
            raise TypeError(f"cannot encode {type(value).__name__} for hashing")


def _frame(tag: bytes, body: bytes) -> bytes:
    return tag + struct.pack(">Q", len(body)) + body
