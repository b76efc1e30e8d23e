"""Columns of a frame as the statistics see them: numbers as floats, everything else countable as categories."""

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["categories", "kind", "numbers"]


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
