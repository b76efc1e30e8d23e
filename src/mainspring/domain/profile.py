"""Profiles: what the values of a table are like."""

import msgspec

from mainspring.domain.schema import ColumnType, Value

__all__ = ["QUANTILES", "ColumnProfile", "Histogram", "Profile", "Stats", "TopValue"]

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Where the quantiles of a profile are taken."""


class Stats(msgspec.Struct, frozen=True):
    """Counts and moments of one column, exact and mergeable: those of two parts give those of both."""

    count: int
    """Values that are not null."""
    nulls: int
    minimum: Value = None
    maximum: Value = None
    mean: float | None = None
    """Of int, float and bool columns, where there is a value."""
    squares: float | None = None
    """The sum of squared deviations from the mean."""

    @property
    def null_share(self) -> float:
        """Nulls per row; 0 in an empty column."""
        rows = self.count + self.nulls
        return self.nulls / rows if rows else 0.0

    @property
    def std(self) -> float | None:
        """The sample standard deviation, from two values on."""
        if self.squares is None or self.count < 2:
            return None
        return float((self.squares / (self.count - 1)) ** 0.5)


class Histogram(msgspec.Struct, frozen=True):
    """Counts of values in bins of equal width: bin i holds edges[i] <= x < edges[i + 1], the last one its upper edge too."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class TopValue(msgspec.Struct, frozen=True):
    """A frequent value and its count."""

    value: str
    count: int


class ColumnProfile(msgspec.Struct, frozen=True):
    """What the values of one column are like."""

    name: str
    type: ColumnType
    stats: Stats
    distinct: int
    quantiles: tuple[float, ...] = ()
    """At QUANTILES, of int and float columns."""
    histogram: Histogram | None = None
    top: tuple[TopValue, ...] = ()
    """The most frequent values of string and bool columns, by count and then by value."""


class Profile(msgspec.Struct, frozen=True):
    """What the rows of a version are like, made once when it is."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    format: int = 1

    def column(self, name: str) -> ColumnProfile | None:
        """The column's profile, or None."""
        return next((column for column in self.columns if column.name == name), None)
