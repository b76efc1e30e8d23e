"""The column types of a dataset: every frame is brought to them on its way in, and cells to JSON on their way out."""

import datetime as dt

import polars as pl

from mainspring.data.errors import ColumnTypeUnsupported
from mainspring.domain.schema import ColumnType, Value

__all__ = ["DTYPES", "canonical_frame", "column_type", "to_value"]

DTYPES: dict[ColumnType, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "string": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
}


def canonical_frame(frame: pl.DataFrame, *, source: str) -> pl.DataFrame:
    """`frame` with every column as one of DTYPES; raises ColumnTypeUnsupported for nested and binary ones.

    NaN is a missing value: it becomes null. A time without a zone is UTC. Integers beyond 64 bit and decimals are
    refused, since they would lose digits in silence; a time of day becomes text.
    """
    return pl.DataFrame([_canonical_column(frame[name], source=source) for name in frame.columns])


def column_type(dtype: pl.DataType) -> ColumnType:
    """The column type of a canonical dtype."""
    return next(name for name, known in DTYPES.items() if known == dtype)


def to_value(cell: object) -> Value:
    """A cell as JSON: times as ISO 8601 text in UTC, numbers that JSON has no word for as text."""
    match cell:
        case None | bool() | int() | str():
            return cell
        case float():
            return cell if cell - cell == 0 else str(cell)
        case dt.datetime():
            return cell.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date():
            return cell.isoformat()
        case _:
            return str(cell)


def _canonical_column(column: pl.Series, *, source: str) -> pl.Series:
    dtype = column.dtype
    if dtype.is_integer():
        narrow = column.cast(pl.Int64, strict=False)
        if narrow.null_count() == column.null_count():
            return narrow
    if dtype in (pl.Float64, pl.Float32):
        return column.cast(pl.Float64).fill_nan(None)
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Time, pl.Null):
        return column.cast(pl.String)
    if dtype in (pl.Boolean, pl.Date):
        return column
    if isinstance(dtype, pl.Datetime):
        zoned = column.dt.replace_time_zone("UTC") if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
        return zoned.cast(DTYPES["datetime"])
    raise ColumnTypeUnsupported(column=column.name, source=source, type=str(dtype).partition("(")[0])
