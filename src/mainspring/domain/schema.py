"""Schemas: what the rows of a dataset promise, and what was found where a batch breaks the promise."""

from typing import Literal

import msgspec

__all__ = [
    "ColumnSchema",
    "ColumnType",
    "Example",
    "Report",
    "Rule",
    "ScaleRule",
    "Schema",
    "Thresholds",
    "Value",
    "Violation",
]

ColumnType = Literal["bool", "int", "float", "string", "date", "datetime"]
"""A column's type: int is 64 bit and signed, float is 64 bit, datetime is in microseconds and UTC."""

Value = bool | int | float | str | None
"""A cell as JSON: dates and times are ISO 8601 text."""

Rule = Literal[
    "missing",
    "unexpected",
    "type",
    "null",
    "range",
    "infinite",
    "category",
    "unit",
    "key",
    "event_time",
]
"""What can be broken: `unit` is a change of scale that is alike at every quantile, the others are what they say."""


class Thresholds(msgspec.Struct, frozen=True):
    """How far a schema is widened when it is inferred, and how much chance is granted when it is applied.

    A share limit L is broken in n rows by more than `n L + sigmas sqrt(n L (1 - L)) + 1` of them, so that a small batch is
    not refused for one odd row.
    """

    sigmas: float = 3.0
    blocks: int = 12
    """The reference is cut into at most so many blocks in order of event time, to learn how blocks differ honestly."""
    block_rows: int = 30
    """The least rows of a block; fewer than 3 such blocks and no rule about distributions is inferred."""
    null_odds: float = 3.0
    """The null limit is the worst block's odds of a null, times this."""
    null_floor: float = 0.01
    """The least null limit of a column that has nulls."""
    null_never: float = 0.001
    """The null limit of a column without one in the reference (3 / rows where that is larger)."""
    range_margin: float = 1.0
    """A range is widened by this share of its span at both ends, but never across zero."""
    range_rows: int = 6
    """Columns with fewer values get no range."""
    outside_limit: float = 0.001
    """The share of values that may lie outside of an inferred range."""
    trend_share: float = 0.5
    """A column whose blocks explain more of its variance than this (a month, a counter) gets no range and no unit rule."""
    categories: int = 200
    """A text column with more distinct values than this has an open domain."""
    openness: float = 0.01
    """So has one with more than this share of values in its second half that its first half never had."""
    new_category_odds: float = 5.0
    """The limit of unknown categories is that share times this."""
    new_category_floor: float = 0.005
    """The least limit of unknown categories of a domain that no block enlarged."""
    new_category_open_floor: float = 0.02
    """The least limit where the second half had new ones."""
    unit_factor: float = 1.3
    """The least factor between batch and reference that can be a change of unit."""
    unit_factor_signed: float = 3.0
    """The same for a column on both sides of zero, whose size is its spread: delays of one bad day can be 2.7 times it."""
    unit_sigmas: float = 3.0
    """The factor must also be beyond so many standard deviations of the same between blocks."""
    unit_spread: float = 0.4
    """And its logarithm must vary over the quantiles by less than this share of itself."""
    unit_distinct: int = 20
    """Columns with fewer distinct values have no unit."""
    unit_rows: int = 100
    """Smaller batches are not tested for their unit."""


class ScaleRule(msgspec.Struct, frozen=True):
    """The size of a column's values: quantiles of |x| in the reference, and the factor that batches may differ by."""

    quantiles: tuple[float, ...]
    """At 10, 25, 50, 75 and 90 %; a quantile of 0 is not compared."""
    factor: float
    spread: float = 0.4


class ColumnSchema(msgspec.Struct, frozen=True):
    """What one column promises; every rule that is None is not checked."""

    name: str
    type: ColumnType
    null_limit: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    outside_limit: float = 0.0
    """The share of values that may lie outside of minimum and maximum; 0 is a hard range."""
    categories: tuple[str, ...] | None = None
    new_limit: float = 0.0
    """The share of values that may be none of `categories`; 0 is a closed domain."""
    scale: ScaleRule | None = None


class Schema(msgspec.Struct, frozen=True):
    """What the rows of a dataset promise: inferred from the first version, then yours to edit."""

    columns: tuple[ColumnSchema, ...]
    event_time: str = ""
    """The column that tells when a row happened; it is never null."""
    key: tuple[str, ...] = ()
    """The columns that name a row; they are never null, and unique over the whole version."""
    thresholds: Thresholds = Thresholds()
    format: int = 1


class Example(msgspec.Struct, frozen=True):
    """One row that breaks a rule: its number in the batch, counted from 1, and the values that matter."""

    row: int
    values: dict[str, Value]


class Violation(msgspec.Struct, frozen=True):
    """A rule that a batch breaks: where, by how many rows, and some of them."""

    column: str
    rule: Rule
    count: int
    share: float
    message: str
    examples: tuple[Example, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """What a validation found; a batch without violations is valid."""

    dataset: str
    source: str
    rows: int
    valid: bool
    violations: tuple[Violation, ...] = ()
    against: int = 0
    """The version whose schema was applied; 0 where the dataset has none yet."""
    format: int = 1
