"""The world with every text that could come from outside turned into an attack."""

import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from .world import Answers

__all__ = ["PAYLOAD", "poisoned"]

PAYLOAD = (
    "\"'><script>alert(1)</script></title></textarea></style><img src=x onerror=alert(1)><svg onload=alert(1)>"
    "</script>{{7*7}}javascript:alert(1)\u202e\x00"
)

T = TypeVar("T")


def poisoned(table: Answers) -> Answers:
    """Answers whose texts all begin with PAYLOAD; words of a closed set stay, since storage holds nothing else."""
    return {name: _after(answer) for name, answer in table.items()}


# Any: each op answers a type of its own.
def _after(answer: typing.Callable[[Mapping[str, Any]], Any]) -> typing.Callable[[Mapping[str, Any]], Any]:
    return lambda asked: _poison(answer({name: _clean(value) for name, value in asked.items()}))


# Any: an op's argument.
def _clean(value: Any) -> Any:
    return value.removeprefix(PAYLOAD) if isinstance(value, str) else value


# Any: what comes in goes out with the same shape.
def _poison(value: Any) -> Any:
    match value:
        case str():
            return PAYLOAD + value
        case tuple() | list():
            return type(value)(_poison(item) for item in value)
        case dict():
            return {_poison(key): _poison(item) for key, item in value.items()}
        case msgspec.Struct():
            return _poison_struct(value)
        case _:
            return value


def _poison_struct(value: msgspec.Struct) -> msgspec.Struct:
    hints = typing.get_type_hints(type(value))
    changed = {
        name: _poison(getattr(value, name))
        for name in value.__struct_fields__
        if typing.get_origin(hints[name]) is not typing.Literal
    }
    return msgspec.structs.replace(value, **changed)
