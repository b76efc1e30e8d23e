"""Profiles of frames: exact counts and moments that merge, quantiles, histograms and frequent values for people."""

import math
from collections.abc import Iterable

import polars as pl

from mainspring.data.columns import column_type, to_value
from mainspring.domain.profile import QUANTILES, ColumnProfile, Histogram, Profile, Stats, TopValue
from mainspring.domain.schema import Value

__all__ = ["extend_profile", "merge_stats", "profile_frame", "stats_of"]

_BINS = 30
_TOP = 20
_TOP_TEXT = 200


def profile_frame(frame: pl.DataFrame) -> Profile:
    """The profile of a canonical frame."""
    columns = tuple(_profile_column(column, stats_of(column)) for column in frame.iter_columns())
    return Profile(rows=frame.height, columns=columns)


def extend_profile(before: Profile, batch: pl.DataFrame, columns: Iterable[pl.Series]) -> Profile:
    """The profile of a version that `batch` was appended to: `columns` are those of all its rows, one after another.

    Counts and moments merge; quantiles, histograms and frequent values are made anew, in time proportional to all rows.
    """
    parts = []
    for column in columns:
        known = before.column(column.name)
        stats = merge_stats(known.stats, stats_of(batch[column.name])) if known else stats_of(column)
        parts.append(_profile_column(column, stats))
    return Profile(rows=before.rows + batch.height, columns=tuple(parts))


def stats_of(column: pl.Series) -> Stats:
    """Counts and moments of a canonical column; moments of finite values only."""
    nulls = column.null_count()
    count = len(column) - nulls
    mean, squares = _moments(column) if count and column.dtype in (pl.Boolean, pl.Int64, pl.Float64) else (None, None)
    return Stats(
        count=count,
        nulls=nulls,
        minimum=to_value(column.min()),
        maximum=to_value(column.max()),
        mean=mean,
        squares=squares,
    )


def merge_stats(a: Stats, b: Stats) -> Stats:
    """The stats of the values of both: exact but for rounding.

    Source: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
    Stanford STAN-CS-79-773, 1979, equations 2.1.
    """
    mean, squares = a.mean, a.squares
    if a.mean is None or a.squares is None:
        mean, squares = b.mean, b.squares
    elif b.mean is not None and b.squares is not None:
        count = a.count + b.count
        shift = b.mean - a.mean
        mean = a.mean + shift * b.count / count
        squares = a.squares + b.squares + shift * shift * a.count * b.count / count
    return Stats(
        count=a.count + b.count,
        nulls=a.nulls + b.nulls,
        minimum=_extreme(a.minimum, b.minimum, largest=False),
        maximum=_extreme(a.maximum, b.maximum, largest=True),
        mean=mean,
        squares=squares,
    )


def _extreme(a: Value, b: Value, *, largest: bool) -> Value:
    if a is None or b is None:
        return b if a is None else a
    # Both are of one column, so of one type; mypy sees the union.
    first = a > b if largest else a < b  # type: ignore[operator]
    return a if first else b


def _moments(column: pl.Series) -> tuple[float | None, float | None]:
    values = column.drop_nulls().cast(pl.Float64)
    if column.dtype == pl.Float64:
        values = values.filter(values.is_finite())
    mean = values.mean()
    if not isinstance(mean, float):
        return None, None
    squares = float(((values - mean) ** 2).sum())
    return (mean, squares) if math.isfinite(squares) and math.isfinite(mean) else (None, None)


def _profile_column(column: pl.Series, stats: Stats) -> ColumnProfile:
    kind = column_type(column.dtype)
    numeric = kind in ("int", "float")
    values = column.drop_nulls()
    finite = values.filter(values.is_finite()) if kind == "float" else values
    return ColumnProfile(
        name=column.name,
        type=kind,
        stats=stats,
        distinct=values.n_unique(),
        quantiles=_quantiles(finite) if numeric else (),
        histogram=_histogram(finite) if numeric else None,
        top=_top(values) if kind in ("string", "bool") else (),
    )


def _quantiles(values: pl.Series) -> tuple[float, ...]:
    if values.is_empty():
        return ()
    ordered = values.sort()
    return tuple(float(ordered[round(q * (len(ordered) - 1))]) for q in QUANTILES)


def _histogram(values: pl.Series) -> Histogram | None:
    if values.is_empty():
        return None
    numbers = values.cast(pl.Float64)
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]  # not empty, so a number
    if low == high or not math.isfinite(high - low):
        return Histogram(edges=(low, high), counts=(len(values),))
    width = (high - low) / _BINS
    edges = (*(low + i * width for i in range(_BINS)), high)
    bins = ((numbers - low) / width).floor().cast(pl.Int64).clip(0, _BINS - 1)
    counted = dict(bins.value_counts().iter_rows())
    return Histogram(edges=edges, counts=tuple(counted.get(i, 0) for i in range(_BINS)))


def _top(values: pl.Series) -> tuple[TopValue, ...]:
    counts = values.cast(pl.String).rename("value").value_counts(name="n")
    rows = counts.sort("n", "value", descending=[True, False]).head(_TOP).iter_rows()
    return tuple(TopValue(value=value[:_TOP_TEXT], count=n) for value, n in rows)
