"""How a statistic spreads between blocks of rows (days) when nothing changes, and what a new value of it is worth.

Rows of one day have much in common, so their number alone says little: a day's mean varies by `between + within / n`.
`between` is estimated from past blocks and moderated towards independence while they are few. Source: docs/maths/drift.md#spread.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mainspring.domain.reference import Baseline
from mainspring.stats import normal

__all__ = ["baseline", "deviate", "inflation", "lag_one", "scale", "value_at"]

_PRIOR_DF = 2.0


def baseline(means: NDArray[np.float64], rows: NDArray[np.float64], *, within: float) -> Baseline:
    """The baseline of a statistic from its means over consecutive blocks.

    means, rows: shape (k,), rows > 0, k >= 1. within: the variance of one row.
    `between` is DerSimonian and Laird's moment estimate, shrunk as if two more degrees of freedom had shown none.
    """
    total = float(rows.sum())
    mean = float((means * rows).sum() / total)
    blocks = len(means)
    if blocks < 2:
        return Baseline(mean=mean, within=within, mean_variance=within / total)
    size = (total - float((rows**2).sum()) / total) / (blocks - 1)
    scatter = float((rows * (means - mean) ** 2).sum()) / (blocks - 1)
    between = max(0.0, scatter - within) / size * (blocks - 1) / (blocks - 1 + _PRIOR_DF)
    residuals = (
        (means - mean) / np.sqrt(max(0.0, scatter - within) / size + within / rows) if scatter > 0 else means * 0
    )
    lag = lag_one(means)
    share = float((rows**2).sum()) / total**2
    variance = between * inflation(lag, blocks) * share + within / total
    return Baseline(
        mean=mean,
        within=within,
        between=between,
        lag=lag,
        blocks=blocks,
        block_rows=size,
        mean_variance=variance,
        excess=_excess(residuals),
    )


def lag_one(values: NDArray[np.float64], *, prior: float = 0.0, weight: float = _PRIOR_DF) -> float:
    """The correlation of a value with the next, 0 to 0.9: corrected for its bias and shrunk to `prior`, worth `weight` values.

    values: shape (n,), or (n, k) for vectors, whose inner products take the place of products. Source: Kendall 1954 for the bias (1 + 3 rho) / n; docs/maths/drift.md#days-in-a-row.
    """
    count = len(values)
    if count < 3:
        return prior
    residuals = values - values.mean(axis=0)
    squares = float((residuals**2).sum())
    raw = float((residuals[1:] * residuals[:-1]).sum()) / squares if squares > 0 else 0.0
    corrected = raw + (1 + 3 * raw) / count
    return float(np.clip((corrected * (count - 1) + prior * weight) / (count - 1 + weight), 0.0, 0.9))


def inflation(lag: float, count: int) -> float:
    """How many times wider than for independent values the variance of the mean of `count` values in a row is, AR(1)."""
    steps = np.arange(1, count)
    return float(1 + 2 * ((1 - steps / count) * lag**steps).sum())


def deviate(expected: Baseline, value: float, rows: Sequence[int]) -> float:
    """`value`, the mean over windows of `rows` rows each, as a normal deviate from its baseline."""
    deviation, df = scale(expected, rows)
    difference = value - expected.mean
    if deviation == 0:
        return 0.0 if difference == 0 else normal.from_t(math.copysign(math.inf, difference), math.inf)
    return normal.from_t(difference / deviation, df)


def value_at(expected: Baseline, z: float, rows: Sequence[int]) -> float:
    """The mean over windows of `rows` rows each whose deviate from the baseline is `z`: the inverse of `deviate`."""
    deviation, df = scale(expected, rows)
    return expected.mean + normal.to_t(z, df) * deviation


def scale(expected: Baseline, rows: Sequence[int]) -> tuple[float, float]:
    """What to divide the difference between a mean over such windows and the baseline by, and the t distribution it then has.

    Source: docs/maths/drift.md#tails.
    """
    total = sum(rows)
    share = sum(n * n for n in rows) / total**2
    variance = expected.between * inflation(expected.lag, len(rows)) * share + expected.within / total
    deviation = math.sqrt(variance + expected.mean_variance)
    if expected.blocks < 2:
        return deviation, math.inf
    # Satterthwaite: what rests on the rows' own variance is known much better than what rests on few blocks.
    of_block = expected.between + expected.within / expected.block_rows
    of_window = expected.between + expected.within * len(rows) / total
    df = expected.blocks - 1 + _PRIOR_DF
    df = df * (of_window / of_block) ** 2 if of_block > 0 else df
    # Days with storms: the t distribution that has the kurtosis of the blocks, less of it in means of several.
    tail = 4 + 6 * len(rows) / expected.excess if expected.excess > 0 else math.inf
    return (deviation, df) if df <= tail else (deviation * math.sqrt((tail - 2) / tail), tail)


def _excess(residuals: NDArray[np.float64]) -> float:
    """The excess kurtosis, 0 where there is none to be seen."""
    squares = residuals**2
    middle = float(squares.mean())
    return max(0.0, float((squares**2).mean()) / middle**2 - 3) if middle > 0 else 0.0
