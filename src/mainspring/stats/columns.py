"""Columns of a frame as the statistics see them: numbers as floats, everything else countable as categories."""

import zlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["bucket", "categories", "kind", "names", "numbers"]


def kind(series: pl.Series) -> Literal["number", "category"] | None:
    """How a column is measured, or None where it is not: times always move on, nested values have no bins."""
    dtype = series.dtype
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean or dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return "category"
    return None


def numbers(series: pl.Series) -> NDArray[np.float64]:
    """The values as floats; NaN where there is none, and where text is no number."""
    return series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64, copy=False)


def categories(series: pl.Series) -> pl.Series:
    """The values as text, null where there is none."""
    return series.cast(pl.String, strict=False)


def names(values: pl.Series) -> Mapping[str, int]:
    """How often each category occurs."""
    counted = values.drop_nulls().value_counts()
    return dict(zip(counted[counted.columns[0]], counted[counted.columns[1]], strict=True))


def bucket(name: str, buckets: int) -> int:
    """The bucket of a category, the same on every machine and for ever."""
    return zlib.crc32(name.encode()) % buckets
