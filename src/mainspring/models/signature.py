"""Signatures: the columns a model takes, inferred from its example, and frames built strictly by them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from mainspring.domain.package import Field, FieldType, Signature
from mainspring.models.errors import ColumnInvalid, ExampleInvalid

__all__ = ["OUTPUT", "RESERVED", "build_column", "build_frame", "infer_fields"]

OUTPUT = Field(name="prediction", type="double", dtype="Float64")
RESERVED = frozenset(
    {"prediction_id", "request_id", "row", "at_ms", "variant", "model", "version", "role", "prediction", "label"}
)
"""Names that captured predictions use for themselves."""

_DTYPES: dict[str, tuple[FieldType, pl.DataType]] = {
    "Boolean": ("boolean", pl.Boolean()),
    "Int8": ("integer", pl.Int8()),
    "Int16": ("integer", pl.Int16()),
    "Int32": ("integer", pl.Int32()),
    "UInt8": ("integer", pl.UInt8()),
    "UInt16": ("integer", pl.UInt16()),
    "Int64": ("long", pl.Int64()),
    "UInt32": ("long", pl.UInt32()),
    "UInt64": ("long", pl.UInt64()),
    "Float32": ("float", pl.Float32()),
    "Float64": ("double", pl.Float64()),
    "String": ("string", pl.String()),
    "Categorical": ("string", pl.Categorical()),
    "Date": ("datetime", pl.Date()),
    **{
        f"Datetime[{unit}{',UTC' * utc}]": ("datetime", pl.Datetime(unit, "UTC" if utc else None))
        for unit in ("ms", "us", "ns")
        for utc in (False, True)
    },
}
_NAMES = {dtype: name for name, (_, dtype) in _DTYPES.items()}
_TYPES: dict[FieldType, frozenset[type]] = {
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),
    "long": frozenset({int}),
    "float": frozenset({int, float}),
    "double": frozenset({int, float}),
    "string": frozenset({str}),
    "datetime": frozenset({str, int}),
}
_NONE = type(None)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def infer_fields(example: pl.DataFrame, *, nullable: Mapping[str, bool]) -> tuple[Field, ...]:
    """The fields of an example's columns in order; raises ExampleInvalid for a reserved name or a type with no wire form."""
    fields = []
    for name, dtype in example.schema.items():
        known = _NAMES.get(dtype)
        if name in RESERVED or name.startswith("_"):
            raise ExampleInvalid(reason=f"column name '{name}' is reserved")
        if known is None:
            raise ExampleInvalid(reason=f"column '{name}' has type {dtype}, which cannot be sent to an endpoint")
        fields.append(Field(name=name, type=_DTYPES[known][0], dtype=known, nullable=nullable.get(name, False)))
    if not fields:
        raise ExampleInvalid(reason="it has no columns")
    return tuple(fields)


def build_frame(signature: Signature, columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A frame with exactly the signature's columns, types and order; raises ColumnInvalid naming column and row.

    Columns that the signature does not know are left out. Datetimes are ISO 8601 text or milliseconds since 1970 UTC.
    """
    series, length = [], -1
    for field in signature.inputs:
        values = columns.get(field.name)
        if values is None:
            raise ColumnInvalid(column=field.name, where="", reason="it is missing")
        if length not in (-1, len(values)):
            raise ColumnInvalid(
                column=field.name, where="", reason=f"it has {len(values)} values, others have {length}"
            )
        length = len(values)
        series.append(build_column(field, values))
    return pl.DataFrame(series)


# Any: values come from JSON; this is where their types are checked.
def build_column(field: Field, values: Sequence[Any]) -> pl.Series:
    """The values as the exact column type of `field`; raises ColumnInvalid naming the first row that does not fit."""
    found = set(map(type, values))
    if _NONE in found:
        if not field.nullable:
            raise _invalid(field, values, lambda v: v is None, "null is not allowed")
        found.discard(_NONE)
    allowed = _TYPES[field.type]
    if not found <= allowed:
        if field.type in ("integer", "long") and found <= {int, float}:
            values = [_whole(field, values, v) for v in values]
        else:
            raise _invalid(field, values, lambda v: v is not None and type(v) not in allowed, f"not a {field.type}")
    dtype = _DTYPES[field.dtype][1]
    try:
        if field.type == "datetime":
            return _datetimes(field, values, dtype)
        return pl.Series(field.name, values, dtype=dtype, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise ColumnInvalid(column=field.name, where="", reason=f"a value does not fit {field.dtype}") from error


def _whole(field: Field, values: Sequence[Any], value: Any) -> int | None:
    # MLflow's clients send a column of whole numbers with nulls as floats, since pandas makes them so.
    if isinstance(value, float):
        if not value.is_integer():
            raise _invalid(field, values, lambda v: v == value, f"not a {field.type}")
        return int(value)
    return value if value is None else int(value)


def _datetimes(field: Field, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    micros = [_parsed(field, values, v) if isinstance(v, str) else v if v is None else v * 1000 for v in values]
    at = pl.Series(field.name, micros, dtype=pl.Int64, strict=True).cast(pl.Datetime("us", "UTC"))
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        at = at.dt.replace_time_zone(None)
    return at.cast(dtype)


def _parsed(field: Field, values: Sequence[Any], text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid(field, values, lambda v: v == text, "not an ISO 8601 time") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - _EPOCH) // _MICROSECOND


def _invalid(field: Field, values: Sequence[Any], bad: Callable[[Any], bool], reason: str) -> ColumnInvalid:
    row = next((index for index, value in enumerate(values) if bad(value)), 0)
    shown = repr(values[row])[:60] if values[row] is not None else "null"
    text = reason if values[row] is None else f"{shown} is {reason}"
    return ColumnInvalid(column=field.name, where=f", row {row}", reason=text)
