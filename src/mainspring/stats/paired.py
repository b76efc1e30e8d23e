"""Paired comparisons of two models on the same rows, with intervals that treat a day, not a row, as one observation.

Source: docs/maths/paired.md.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from mainspring.stats import normal, spread

__all__ = ["Interval", "by_group", "paired"]

DAY_MS = 86_400_000
LAG_PRIOR, LAG_WEIGHT = 0.5, 8.0
"""Daily differences of two models are correlated; what few of them say about it is mixed with 0.5, worth eight days."""


class Interval(msgspec.Struct, frozen=True):
    """A mean difference with bounds, each wrong with at most the error rate asked for; None where blocks are too few."""

    mean: float
    low: float | None
    high: float | None
    blocks: int
    rows: int


def paired(
    differences: NDArray[np.float64], at_ms: NDArray[np.int64], *, error_rate: float = 0.05, block_ms: int = DAY_MS
) -> Interval:
    """The mean of row-wise differences of error (candidate minus champion), each bound one-sided at `error_rate`.

    differences, at_ms: shape (rows,), rows > 0; rows with a difference that is not finite are left out. The mean is that
    of rows; its variance comes from the totals of blocks, widened for their correlation. Fewer than three blocks give no bounds.
    """
    known = np.isfinite(differences)
    values, at = differences[known], np.asarray(at_ms)[known] // block_ms
    if not len(values):
        return Interval(mean=math.nan, low=None, high=None, blocks=0, rows=0)
    _, block = np.unique(at, return_inverse=True)
    rows = np.bincount(block).astype(np.float64)
    totals = np.bincount(block, weights=values)
    mean = float(totals.sum() / rows.sum())
    blocks = len(rows)
    if blocks < 3:
        return Interval(mean=mean, low=None, high=None, blocks=blocks, rows=len(values))
    residuals = totals - mean * rows
    lag = spread.lag_one(residuals, prior=LAG_PRIOR, weight=LAG_WEIGHT)
    wider = spread.inflation(lag, blocks)
    # Correlated blocks also lie closer to their own mean than they should.
    wider *= (blocks - 1) / max(blocks - wider, 1.0)
    variance = float((residuals**2).sum()) * blocks / (blocks - 1) / float(rows.sum()) ** 2 * wider
    half = normal.to_t(normal.quantile(error_rate), blocks - 1) * math.sqrt(variance)
    return Interval(mean=mean, low=mean - half, high=mean + half, blocks=blocks, rows=len(values))


def by_group(
    differences: NDArray[np.float64],
    at_ms: NDArray[np.int64],
    groups: Sequence[str],
    *,
    error_rate: float = 0.05,
    block_ms: int = DAY_MS,
) -> dict[str, Interval]:
    """`paired` for the rows of each group, by name; bounds hold for all groups together (Bonferroni)."""
    labels = np.asarray(groups)
    names = sorted(set(groups))
    return {
        name: paired(
            differences[labels == name],
            np.asarray(at_ms)[labels == name],
            error_rate=error_rate / len(names),
            block_ms=block_ms,
        )
        for name in names
    }
