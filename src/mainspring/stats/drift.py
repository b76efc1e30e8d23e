"""Drift: has what arrives, or what is predicted, changed against the reference by more than days change anyway.

Each statistic of a column is a mean over rows, so windows merge by addition. The level of a look is split over horizons,
columns and statistics, so the family of all of them keeps it. Source: docs/maths/drift.md.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mainspring.domain.reference import ColumnReference, Reference
from mainspring.domain.window import ColumnTally, Subject, Tally, Test
from mainspring.stats import bins, normal, shares, spread
from mainspring.stats.tally import merge

__all__ = ["look", "psi"]

_WEIGHTS = {
    "location": 6.0,
    "scale": 1.0,
    "skew": 1.0,
    "tails": 1.0,
    "shares": 6.0,
    "nulls": 1.0,
    "outside": 1.0,
    "unseen": 1.0,
}
_LEAST_EXPECTED = 5.0


def look(
    reference: Reference,
    windows: Sequence[Tally],
    *,
    subject: Subject,
    horizons: Sequence[int],
    level: float,
    least_effect: float = 0.05,
) -> list[Test]:
    """The strongest test of each column over the last 1 .. `horizons` windows, worst first; no test where there is no data.

    windows: consecutive ones, oldest first, the newest being the one looked at.
    level: the chance that this look raises any alarm when nothing has changed.
    A horizon longer than there are windows yet is left out, its share of the level with it.
    """
    made: list[Test] = []
    members = reference.columns if subject == "input" else (reference.prediction,)
    for days in horizons:
        if days > len(windows) or not members:
            continue
        recent = windows[-days:]
        whole = functools.reduce(merge, recent)
        for place, column in enumerate(members):
            counted = whole.columns[place] if subject == "input" else whole.prediction
            parts = [part.columns[place] if subject == "input" else part.prediction for part in recent]
            tests = _column(column, counted, parts, subject, level / len(horizons) / len(members), least_effect)
            if tests:
                made.append(max(tests, key=lambda test: test.score))
    return sorted(made, key=lambda test: (not test.alarm, -test.score))


def psi(reference: Sequence[float], current: Sequence[float], *, floor: float = 1e-4) -> float:
    """Population stability index of `current` against `reference`, in nats: the sum of (q - p) ln(q / p) over bins.

    reference, current: counts in the same bins, each with a sum > 0. Shares below `floor` are raised to it.
    Source: docs/maths/drift.md#psi. For display: it has no error rate of its own.
    """
    p = np.maximum(np.asarray(reference, dtype=np.float64) / sum(reference), floor)
    q = np.maximum(np.asarray(current, dtype=np.float64) / sum(current), floor)
    return float(((q - p) * np.log(q / p)).sum())


def _column(
    column: ColumnReference,
    counted: ColumnTally,
    parts: Sequence[ColumnTally],
    subject: Subject,
    level: float,
    least_effect: float,
) -> list[Test]:
    weight = sum(_WEIGHTS[name] for name in column.baselines)
    known = sum(counted.counts)
    known_rows = [sum(part.counts) for part in parts if any(part.counts)]
    all_rows = [sum(part.counts) + part.nulls for part in parts if any(part.counts) or part.nulls]
    tests = []
    for name in column.baselines:
        rows = all_rows if name == "nulls" else known_rows
        if not rows:
            continue
        limit = normal.quantile(level * _WEIGHTS[name] / weight / (1 if name == "shares" else 2))
        value, expected, effect, z = _statistic(column, counted, known, name, rows)
        alarm = abs(z) >= limit and abs(effect) >= least_effect and not (name == "shares" and z < 0)
        tests.append(
            Test(
                subject=subject,
                column=column.name,
                statistic=name,
                days=len(parts),
                value=value,
                expected=expected,
                effect=effect,
                z=max(z, 0.0) if name == "shares" else z,
                limit=limit,
                alarm=alarm,
            )
        )
    return tests


def _statistic(
    column: ColumnReference, counted: ColumnTally, known: int, name: str, rows: Sequence[int]
) -> tuple[float, float, float, float]:
    """Value, expected value, effect size (Cohen's d, h or w) and z of one statistic."""
    baseline = column.baselines[name]
    if name == "shares":
        return _categories(column, counted, rows)
    if name in bins.COMPONENTS:
        value = float(np.dot(counted.counts, _scores(column.counts)[name])) / known
        return value, baseline.mean, value - baseline.mean, spread.deviate(baseline, value, rows)
    match name:
        case "nulls":
            hits = counted.nulls
        case "unseen":
            hits = counted.counts[-1]
        case _:
            hits = sum(now for now, known_rows in zip(counted.counts, column.counts, strict=True) if not known_rows)
    at = shares.angle(hits, sum(rows))
    return hits / sum(rows), shares.share(baseline.mean), 2 * (at - baseline.mean), spread.deviate(baseline, at, rows)


@functools.lru_cache(maxsize=256)
def _scores(counts: tuple[int, ...]) -> dict[str, NDArray[np.float64]]:
    return bins.components(np.array(counts))


def _categories(
    column: ColumnReference, counted: ColumnTally, rows: Sequence[int]
) -> tuple[float, float, float, float]:
    """Rao and Scott's chi-squared of the categories as z: its variance is that of days, not of rows."""
    current, reference = np.array(counted.counts, dtype=np.float64), np.array(column.counts, dtype=np.float64)
    if not column.buckets:
        # Categories of which the reference has none come with a share of their own, which is tested as "unseen".
        current, reference = current[:-1], reference[:-1]
    if not current.sum():
        return 0.0, 0.0, 0.0, 0.0
    share = (current + reference) / (current.sum() + reference.sum())
    rare = share * min(current.sum(), reference.sum()) < _LEAST_EXPECTED
    current, reference, share = (np.append(part[~rare], part[rare].sum()) for part in (current, reference, share))
    used = share > 0
    degrees = int(used.sum()) - 1
    if degrees < 1:
        return 0.0, 0.0, 0.0, 0.0
    gap = current[used] / current.sum() - reference[used] / reference.sum()
    distance = float((gap**2 / share[used]).sum())
    deviation, error_df = spread.scale(column.baselines["shares"], rows)
    df = max(1.0, column.concentration * degrees)
    z = normal.from_f(distance / deviation**2 / degrees, df, error_df * df)
    effect = math.sqrt(max(0.0, distance - degrees * deviation**2))
    return math.sqrt(distance), math.sqrt(degrees) * deviation, effect, z
