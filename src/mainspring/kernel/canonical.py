"""Canonical JSON: one byte string for one value, so that it can be hashed and compared."""

from typing import Any, TypeVar, overload

import msgspec

__all__ = ["dumps", "loads"]

T = TypeVar("T")
_encoder = msgspec.json.Encoder(order="deterministic")


def dumps(value: object) -> bytes:
    """Canonical JSON of a Struct, mapping, list or scalar: keys sorted, no spaces, shortest floats, UTF-8."""
    return _encoder.encode(value)


@overload
def loads(data: bytes | str) -> Any: ...
@overload
def loads(data: bytes | str, type: type[T]) -> T: ...
def loads(data: bytes | str, type: Any = Any) -> Any:
    """The value of type `type` in JSON `data`; raises msgspec.ValidationError with the path of what differs."""
    return msgspec.json.decode(data, type=type)
