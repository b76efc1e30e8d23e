"""Paired intervals against a published sample, and their error rate on days that depend on each other."""

import math

import numpy as np
import pytest
from dependent_days import ar1

from mainspring.stats.paired import by_group, paired

DAY = 86_400_000
# Extra hours of sleep, second drug less first, of Student's ten patients (1908): 95 % interval 0.70 to 2.46.
SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])


def test_students_sleep_has_the_published_interval_but_for_the_allowance_for_days_in_a_row() -> None:
    found = paired(SLEEP, np.arange(10) * DAY, error_rate=0.025)
    assert found.mean == pytest.approx(1.58)
    assert found.low is not None
    assert found.high is not None
    allowance = (found.high - found.mean) / 0.88
    assert 1.0 < allowance < 1.8
    assert found.mean - found.low == pytest.approx(found.high - found.mean)
    assert (found.blocks, found.rows) == (10, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lag", "heavy", "most"), [(0.0, False, 0.05), (0.3, False, 0.065), (0.3, True, 0.065), (0.5, True, 0.085)]
)
def test_a_candidate_at_the_margin_seldom_passes(lag: float, heavy: bool, most: float) -> None:
    """Given 28 days whose differences are correlated, then the upper bound lies below the truth as seldom as stated."""
    rng = np.random.default_rng(8)
    runs, at = 1000, np.repeat(np.arange(28), 5) * DAY
    passed = 0
    for days in ar1(rng, runs=runs, days=28, lag=lag, heavy=heavy):
        high = paired(np.repeat(days, 5) + rng.normal(0, 0.5, size=140), at).high
        passed += high is not None and high < 0
    assert passed / runs <= most


def test_rows_of_one_day_count_as_one_observation() -> None:
    days = np.random.default_rng(9).normal(size=28)
    once, often = (paired(np.repeat(days, n), np.repeat(np.arange(28), n) * DAY) for n in (1, 100))
    assert often.high == pytest.approx(once.high)
    assert often.rows == 2800


def test_too_few_days_give_no_bounds_and_no_rows_no_mean() -> None:
    few = paired(np.array([1.0, 2.0, np.nan]), np.array([0, DAY, 2 * DAY]))
    assert (few.mean, few.low, few.high, few.rows) == (1.5, None, None, 2)
    nothing = paired(np.array([np.nan]), np.array([0]))
    assert (math.isnan(nothing.mean), nothing.blocks) == (True, 0)


def test_groups_share_the_error_rate() -> None:
    rng = np.random.default_rng(10)
    differences, at = rng.normal(size=600), np.repeat(np.arange(30), 20) * DAY
    groups = ["AA", "B6"] * 300
    found = by_group(differences, at, groups)
    alone = paired(differences[::2], at[::2])
    assert list(found) == ["AA", "B6"]
    assert found["AA"].mean == pytest.approx(alone.mean)
    assert found["AA"].high is not None
    assert alone.high is not None
    assert found["AA"].high > alone.high
