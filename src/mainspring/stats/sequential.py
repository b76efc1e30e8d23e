"""A test that may be looked at every day: a confidence sequence for the mean of daily paired differences.

The mixture t test: the mean divided by its standard deviation has a normal prior, the scale the right-invariant one, which
makes the likelihood ratio of the t statistic a martingale, so by Ville's inequality the sequence covers the mean at all
times together with probability 1 - error rate. Source: docs/maths/sequential.md.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mainspring.stats import spread
from mainspring.stats.paired import LAG_PRIOR, LAG_WEIGHT, Interval

__all__ = ["LEAST_BLOCKS", "confidence_sequence"]

LEAST_BLOCKS = 7
_PRIOR_VARIANCE = 1.0


def confidence_sequence(
    differences: NDArray[np.float64], *, error_rate: float = 0.05, least_blocks: int = LEAST_BLOCKS
) -> Interval:
    """The interval for the mean of all daily differences so far, shape (days,), in order of time.

    Valid at every look at once for independent normal days, and by simulation for days with a correlation up to 0.6 and
    heavy tails. Before `least_blocks` days, and where they say too little, there are no bounds.
    """
    days = len(differences)
    if not days:
        return Interval(mean=math.nan, low=None, high=None, blocks=0, rows=0)
    mean = float(differences.mean())
    nothing = Interval(mean=mean, low=None, high=None, blocks=days, rows=days)
    if days < max(least_blocks, 3):
        return nothing
    lag = spread.lag_one(differences, prior=LAG_PRIOR, weight=LAG_WEIGHT)
    wider = (1 + lag) / (1 - lag)
    gain = 1 + days / wider * _PRIOR_VARIANCE
    bound = (math.sqrt(gain) / error_rate) ** (2 / days)
    if bound >= gain:
        return nothing
    t = math.sqrt((days - 1) * (bound - 1) / (1 - bound / gain))
    half = t * float(differences.std(ddof=1)) * math.sqrt(wider / days)
    return Interval(mean=mean, low=mean - half, high=mean + half, blocks=days, rows=days)
