"""Building a reference: what a version's inputs, predictions and held-out errors were like, and how they spread by day."""

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mainspring.domain.reference import Baseline, ColumnReference, ErrorReference, Reference
from mainspring.kernel.errors import Invalid
from mainspring.stats import bins, columns, shares, spread

__all__ = ["ReferenceInvalid", "build"]

DAY_MS = 86_400_000
MAX_CATEGORIES = 1024
BUCKETS = 256
_LEAST_EXPECTED = 5.0


class ReferenceInvalid(Invalid):
    code = "drift.reference"
    template = "no reference can be made of these rows: {reason}"
    hint = "give as many predictions and times as there are rows of inputs, and at least one row"


def build(
    inputs: pl.DataFrame,
    predictions: NDArray[np.float64],
    at_ms: NDArray[np.int64],
    *,
    errors: NDArray[np.float64] | None = None,
    block_ms: int = DAY_MS,
) -> Reference:
    """The reference of a version, from rows like those it will answer.

    inputs: raw columns as they will arrive at the endpoint; columns of times are left out.
    predictions, at_ms: shape (rows,); `at_ms // block_ms` are the blocks, whose spread scales every test. All at one
    time means that rows are taken as independent.
    errors: prediction minus label, NaN on rows that the version was trained on or that have no label.
    Raises ReferenceInvalid. Cost: one sort of each number column.
    """
    rows = inputs.height
    if not rows or len(predictions) != rows or len(at_ms) != rows or (errors is not None and len(errors) != rows):
        raise ReferenceInvalid(reason=f"{rows} rows, {len(predictions)} predictions, {len(at_ms)} times")
    starts, block = np.unique(np.asarray(at_ms, dtype=np.int64) // block_ms, return_inverse=True)
    made = [_column(series, block, len(starts)) for series in inputs.get_columns() if columns.kind(series) is not None]
    predicted = np.asarray(predictions, dtype=np.float64).ravel()
    return Reference(
        rows=rows,
        blocks=len(starts),
        block_ms=block_ms,
        from_ms=int(np.min(at_ms)),
        to_ms=int(np.max(at_ms)) + 1,
        columns=tuple(made),
        prediction=_number("prediction", predicted, block, len(starts)),
        error=None if errors is None else _error(np.asarray(errors, dtype=np.float64), block, len(starts)),
    )


def _column(series: pl.Series, block: NDArray[np.int64], blocks: int) -> ColumnReference:
    if columns.kind(series) == "number":
        return _number(series.name, columns.numbers(series), block, blocks)
    return _category(series.name, columns.categories(series), block, blocks)


def _number(name: str, values: NDArray[np.float64], block: NDArray[np.int64], blocks: int) -> ColumnReference:
    known = ~np.isnan(values)
    baselines = {"nulls": _share(block[~known], np.bincount(block, minlength=blocks))}
    seen, at = values[known], block[known]
    if not len(seen):
        return ColumnReference(name=name, kind="number", count=0, nulls=len(values), counts=(), baselines=baselines)
    edges = bins.edges(seen)
    place = np.searchsorted(edges, seen, side="right")
    table = np.bincount(at * (len(edges) + 1) + place, minlength=blocks * (len(edges) + 1)).reshape(blocks, -1)
    counts, by_block = table.sum(axis=0), table.sum(axis=1)
    used = by_block > 0
    for statistic, score in bins.components(counts).items():
        means = (table[used] @ score) / by_block[used]
        baselines[statistic] = spread.baseline(means, by_block[used].astype(np.float64), within=1.0)
    # In a column of few values, one that a single block has is as new to the others as one out of range.
    few = bins.has_atoms(edges)
    baselines["outside"] = _unseen(table, at, place) if few else _outside(seen, at, by_block)
    finite = seen[np.isfinite(seen)]
    return ColumnReference(
        name=name,
        kind="number",
        count=len(seen),
        nulls=int((~known).sum()),
        counts=tuple(counts.tolist()),
        baselines=baselines,
        edges=tuple(edges.tolist()),
        mean=float(finite.mean()) if len(finite) else None,
        std=float(finite.std()) if len(finite) else None,
        minimum=float(finite.min()) if len(finite) else None,
        maximum=float(finite.max()) if len(finite) else None,
    )


def _outside(values: NDArray[np.float64], at: NDArray[np.int64], by_block: NDArray[np.int64]) -> Baseline:
    """The share of values outside the range of all other blocks: so many values of a new block will be outside.

    With one block only, as many as its own two extremes are, with Esty's variance for them.
    """
    blocks = len(by_block)
    if blocks == 1:
        found = _share(np.zeros(min(2, len(values)), dtype=np.int64), by_block)
        return msgspec.structs.replace(found, mean_variance=3 * shares.WITHIN / len(values))
    low, high = np.full(blocks, np.inf), np.full(blocks, -np.inf)
    np.minimum.at(low, at, values)
    np.maximum.at(high, at, values)
    lows, highs = np.sort(low), np.sort(high)[::-1]
    other_low = np.where(low == lows[0], lows[1], lows[0])
    other_high = np.where(high == highs[0], highs[1], highs[0])
    return _share(at[(values < other_low[at]) | (values > other_high[at])], by_block)


def _category(name: str, values: pl.Series, block: NDArray[np.int64], blocks: int) -> ColumnReference:
    known = values.is_not_null().to_numpy()
    baselines = {"nulls": _share(block[~known], np.bincount(block, minlength=blocks))}
    # By name, not by count: the largest of many chance counts would be smaller in the next sample.
    named = sorted(columns.names(values))
    buckets = 0 if len(named) <= MAX_CATEGORIES else BUCKETS
    places = [columns.bucket(one, buckets) for one in named] if buckets else list(range(len(named)))
    width = (buckets or len(named)) + 1
    codes = values.drop_nulls().replace_strict(named, places, return_dtype=pl.Int64).to_numpy()
    at = block[known]
    table = np.bincount(at * width + codes, minlength=blocks * width).reshape(blocks, width)
    concentration = 1.0
    if len(at):
        if not buckets:
            baselines["unseen"] = _unseen(table, at, codes)
        baselines["shares"], concentration = _shares(table[table.sum(axis=1) > 0])
    return ColumnReference(
        name=name,
        kind="category",
        count=len(at),
        nulls=int((~known).sum()),
        counts=tuple(table.sum(axis=0).tolist()),
        baselines=baselines,
        categories=() if buckets else tuple(named),
        buckets=buckets,
        concentration=concentration,
    )


def _unseen(table: NDArray[np.int64], at: NDArray[np.int64], codes: NDArray[np.int64]) -> Baseline:
    """The share of rows whose category (or value) no other block has: so many rows of a new block will be new.

    With one block only it is the share of rows that are the only one of their category (Good and Turing), whose own
    variance is Esty's.
    """
    counts = table.sum(axis=0)
    alone = (table > 0).sum(axis=0) == 1 if len(table) > 1 else counts == 1
    found = _share(at[alone[codes]], table.sum(axis=1))
    once, twice, rows = int((counts == 1).sum()), int((counts == 2).sum()), int(counts.sum())
    variance = (once + 2 * twice) / (4 * rows * max(once, 1))
    return msgspec.structs.replace(found, mean_variance=max(found.mean_variance, variance))


def _share(hits: NDArray[np.int64], by_block: NDArray[np.int64]) -> Baseline:
    """The baseline of a share of rows: `hits` holds the block of each row that counts, `by_block` the rows of each block."""
    used = by_block > 0
    rows = by_block[used].astype(np.float64)
    counted = np.bincount(hits, minlength=len(by_block))[used].astype(np.float64)
    found = spread.baseline(shares.angles(counted, rows), rows, within=shares.WITHIN)
    # The mean of angles of small blocks lies above the angle of all rows.
    mean = shares.angle(float(counted.sum()), float(rows.sum()))
    return msgspec.structs.replace(found, mean=mean)


def _shares(table: NDArray[np.int64]) -> tuple[Baseline, float]:
    """The baseline of the distance between a block's categories and all, and the concentration of that distance."""
    total = table.sum()
    rows = table.sum(axis=1).astype(np.float64)
    rare = table.sum(axis=0) * np.median(rows) / total < _LEAST_EXPECTED
    pooled = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    share = pooled.sum(axis=0) / total
    blocks, width = pooled.shape
    if blocks < 2 or width < 2:
        return Baseline(mean=0.0, within=1.0, mean_variance=1.0 / float(total)), 1.0
    residuals = (pooled / rows[:, None] - share) / np.sqrt(share)
    # A block is part of the whole it is compared with, which takes its own share from the distance.
    distances = (residuals**2).sum(axis=1) * rows / (1 - rows / total) / (width - 1)
    found = spread.baseline(np.zeros(blocks), rows, within=1.0)
    effect = (float(distances.mean()) * (blocks - 1) + 2.0) / (blocks + 1)
    between = max(0.0, effect - 1.0) / found.block_rows
    lag = spread.lag_one(residuals)
    share_of_rows = float((rows**2).sum()) / float(total) ** 2
    variance = between * spread.inflation(lag, blocks) * share_of_rows + 1.0 / float(total)
    fitted = 2 * float(distances.mean()) ** 2 / max(float(distances.var(ddof=1)), 1e-12) / (width - 1)
    concentration = float(np.clip((fitted * (blocks - 1) + 2.0) / (blocks + 1), 1 / (width - 1), 1.0))
    made = Baseline(
        mean=0.0,
        within=1.0,
        between=between,
        lag=lag,
        blocks=blocks,
        block_rows=found.block_rows,
        mean_variance=variance,
    )
    return made, concentration


def _error(errors: NDArray[np.float64], block: NDArray[np.int64], blocks: int) -> ErrorReference | None:
    """The reference of held-out errors; None where there are none, or where all are zero."""
    known = np.isfinite(errors)
    size = np.abs(errors[known])
    if not len(size) or not size.any():
        return None
    mean = float(size.mean())
    rows = np.bincount(block[known], minlength=blocks).astype(np.float64)
    used = rows > 0
    means = np.bincount(block[known], weights=size, minlength=blocks)[used] / rows[used]
    logs = np.log(np.maximum(means, mean / 100))
    found = spread.baseline(logs, rows[used], within=float(size.var()) / mean**2)
    return ErrorReference(rows=len(size), mean=mean, baseline=found)
