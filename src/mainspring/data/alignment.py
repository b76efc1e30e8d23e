"""A batch's columns as what the schema promises, and which of its values are not that."""

import polars as pl

from mainspring.data.columns import DTYPES, column_type
from mainspring.data.text import parse_text
from mainspring.domain.schema import ColumnType

__all__ = ["align"]


def align(column: pl.Series, kind: ColumnType) -> tuple[pl.Series, pl.Series]:
    """The column as `kind`, and a mask of the values that are not of it (null in the column then).

    Only what loses nothing is converted: whole floats to int, int to float, text that reads as the type, a date to its
    midnight. Where an int column gets fractions, the column stays float, so that other rules still see its values.
    """
    nothing = pl.repeat(value=False, n=len(column), dtype=pl.Boolean, eager=True)
    found = column_type(column.dtype)
    if found == kind:
        return column, nothing
    if column.null_count() == len(column):
        return column.cast(pl.String).cast(DTYPES[kind]), nothing
    match found, kind:
        case "string", _:
            return _parsed(column, kind)
        case "int", "float":
            return column.cast(pl.Float64), nothing
        case "float", "int":
            return _whole(column)
        case "date", "datetime":
            return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), nothing
        case _:
            empty = pl.Series(column.name, [None] * len(column), dtype=DTYPES[kind])
            return empty, column.is_not_null()


def _parsed(column: pl.Series, kind: ColumnType) -> tuple[pl.Series, pl.Series]:
    out = parse_text(column, kind)
    wrong = out.is_null() & column.is_not_null()
    if kind == "float":
        out = out.fill_nan(None)
    if kind == "int" and wrong.any():
        numbers = parse_text(column, "float").fill_nan(None)
        fractions = numbers.is_not_null() & wrong
        if fractions.any():
            whole, not_whole = _whole(numbers)
            return whole, not_whole | (numbers.is_null() & column.is_not_null())
    return out, wrong


def _whole(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    wrong = ((column != column.round(0)) | ~column.is_between(-(2.0**53), 2.0**53)).fill_null(value=False)
    return (column, wrong) if wrong.any() else (column.cast(pl.Int64), wrong)
