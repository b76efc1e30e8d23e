"""Performance: has the error on matured windows risen above that on held-out rows by more than days differ anyway.

The logarithm of a window's mean absolute error is what is compared, since errors of good and bad days differ by factors.
Source: docs/maths/performance.md.
"""

import math
from collections.abc import Sequence

from mainspring.domain.reference import ErrorReference
from mainspring.domain.window import Tally, Test
from mainspring.stats import normal, spread

__all__ = ["limit", "look"]


def look(
    reference: ErrorReference,
    windows: Sequence[Tally],
    *,
    horizons: Sequence[int],
    level: float,
    least_effect: float = 0.05,
) -> list[Test]:
    """A test of the error for each of the last 1 .. `horizons` matured windows, worst first; none where nothing is labelled.

    windows: consecutive matured ones, oldest first. level: the chance that this look raises an alarm when nothing has
    changed. One-sided: only a rise is an alarm, of at least `least_effect` of the error.
    """
    made = []
    for days in horizons:
        recent = [window for window in windows[-days:] if window.labelled]
        if days > len(windows) or not recent:
            continue
        rows = [window.labelled for window in recent]
        mean = sum(window.error_sum for window in recent) / sum(rows)
        value = math.log(max(mean, reference.mean / 100))
        z = spread.deviate(reference.baseline, value, rows)
        bound = normal.quantile(level / len(horizons))
        rise = value - reference.baseline.mean
        test = Test(
            subject="error",
            column="",
            statistic="mean absolute error",
            days=days,
            value=mean,
            expected=math.exp(reference.baseline.mean),
            effect=rise,
            z=z,
            limit=bound,
            alarm=z >= bound and rise >= least_effect,
        )
        made.append(test)
    return sorted(made, key=lambda test: (not test.alarm, -test.z))


def limit(reference: ErrorReference, rows: Sequence[int], *, horizons: Sequence[int], level: float) -> float:
    """The mean error over windows of `rows` labelled rows each from which on `look` raises an alarm."""
    return math.exp(spread.value_at(reference.baseline, normal.quantile(level / len(horizons)), rows))
