"""Text columns become typed ones: each by its own values, all of them, so that no sample can mislead."""

import polars as pl

from mainspring.data.columns import DTYPES
from mainspring.domain.schema import ColumnType

__all__ = ["infer_text", "parse_text"]

_PATTERNS: tuple[tuple[ColumnType, str], ...] = (
    # A number with a leading zero or over 18 digits is a code (a ZIP code, an account), not a quantity.
    ("int", r"^[+-]?(0|[1-9][0-9]{0,17})$"),
    ("float", r"^[+-]?((0|[1-9][0-9]{0,17})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$|^[+-]?(inf|Inf)$|^(nan|NaN)$"),
    ("bool", r"^(true|false|True|False|TRUE|FALSE)$"),
    ("date", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    (
        "datetime",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$",
    ),
)

_GLANCE = 100


def infer_text(column: pl.Series) -> pl.Series:
    """The column as the first type of int, float, bool, date, datetime that every value has, or as the text it is.

    A column of integers and floats is float; a column of nulls stays text. Work is done on distinct values, which often are few.
    """
    values = column.drop_nulls().unique()
    if values.is_empty():
        return column
    for kind, pattern in _PATTERNS:
        # The first values rule most types out at once.
        if not values.head(_GLANCE).str.contains(pattern).all():
            continue
        if values.str.contains(pattern).all() and parse_text(values, kind).null_count() == 0:
            return parse_text(column, kind)
    return column


def parse_text(column: pl.Series, kind: ColumnType) -> pl.Series:
    """The column as `kind`; a text that is not of it becomes null. A time without a zone is UTC."""
    match kind:
        case "string":
            return column
        case "bool":
            lower = column.str.to_lowercase()
            known = lower.is_in(["true", "false"])
            return (lower == "true").set(~known.fill_null(value=True), None)
        case "date":
            return column.str.to_date("%Y-%m-%d", strict=False)
        case "datetime":
            return _parse_times(column)
        case _:
            return column.cast(DTYPES[kind], strict=False)


def _parse_times(column: pl.Series) -> pl.Series:
    plain = column.str.replace(" ", "T", literal=True).str.replace(",", ".", literal=True)
    plain = plain.str.replace(r"(T[0-9]{2}:[0-9]{2})(Z|[+-][0-9:]+|)$", "${1}:00${2}")
    zoned = pl.when(plain.str.contains(r"(Z|[+-][0-9]{2}:?[0-9]{2})$")).then(plain).otherwise(plain + "Z")
    text = pl.select(zoned.str.replace("Z", "+00:00", literal=True)).to_series().rename(column.name)
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
