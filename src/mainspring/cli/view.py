"""What a command shows a person: pages of tables, fields and sentences; a view is a pure function of the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

__all__ = ["Fields", "Id", "Lines", "Page", "Part", "Sentence", "Table", "View", "duration", "number", "size", "when"]

T = TypeVar("T", contravariant=True)


class Id(str):
    """An id in a table: whole for programs, for people its last 8 characters, since its first ones are only the time."""

    __slots__ = ()

    @property
    def short(self) -> str:
        """What people see and may type."""
        return self[-8:]


@dataclass(frozen=True)
class Table:
    """Rows under column names; `empty` is the sentence that stands in for no rows, with the command that fills it."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    empty: str = "nothing yet"
    title: str = ""


@dataclass(frozen=True)
class Fields:
    """Names and values of one thing, in order."""

    pairs: Sequence[tuple[str, object]]
    title: str = ""


@dataclass(frozen=True)
class Sentence:
    """A line of words; `good` colours it where there is colour."""

    text: str
    good: bool | None = None


@dataclass(frozen=True)
class Lines:
    """Text of several lines as it is, such as Markdown."""

    lines: Sequence[str]


Part = Table | Fields | Sentence | Lines
Page = Sequence[Part]
View = Callable[[T], Page]


def when(at_ms: int | None) -> str:
    """A time in UTC, to the second; empty for none."""
    if not at_ms:
        return ""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(length_ms: int | None) -> str:
    """A length of time in the largest two units that matter."""
    if length_ms is None:
        return ""
    if length_ms < 1000:
        return f"{length_ms} ms"
    seconds = length_ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def number(value: float | None) -> str:
    """A number to four significant digits; whole numbers with thousands separated."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}"


def size(size_bytes: int) -> str:
    """A size in decimal units."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
