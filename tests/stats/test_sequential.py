"""The confidence sequence: the mixture it claims to be, and its error rates when it is looked at every day."""

import math

import numpy as np
import pytest
from dependent_days import ar1
from scipy import stats

from mainspring.stats.paired import LAG_PRIOR, LAG_WEIGHT
from mainspring.stats.sequential import confidence_sequence
from mainspring.stats.spread import lag_one


def test_bounds_are_where_the_mixture_of_noncentral_t_reaches_one_over_alpha() -> None:
    """The likelihood ratio summed numerically, for as many independent days as the allowance for correlation leaves."""
    days = np.random.default_rng(1).normal(size=40)
    found = confidence_sequence(days)
    assert found.high is not None
    lag = lag_one(days, prior=LAG_PRIOR, weight=LAG_WEIGHT)
    effective = len(days) * (1 - lag) / (1 + lag)
    t = (found.high - found.mean) / (days.std(ddof=1) / math.sqrt(effective))
    effects = np.linspace(-4, 4, 4001)
    likelihood = stats.nct.pdf(t, len(days) - 1, effects * math.sqrt(effective))
    mixture = np.trapezoid(likelihood * stats.norm.pdf(effects), effects) / stats.t.pdf(t, len(days) - 1)
    assert mixture == pytest.approx(1 / 0.05, rel=0.001)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lag", "heavy", "most"), [(0.0, False, 0.02), (0.3, False, 0.04), (0.3, True, 0.04), (0.6, True, 0.075)]
)
def test_looking_every_day_seldom_decides_wrongly(lag: float, heavy: bool, most: float) -> None:
    """Given a difference of nothing, then either bound crosses it within 28 days as seldom as stated."""
    runs = 2000
    high, low = 0, 0
    for days in ar1(np.random.default_rng(2), runs=runs, days=28, lag=lag, heavy=heavy):
        looks = [confidence_sequence(days[:day]) for day in range(7, 29)]
        high += any(look.high is not None and look.high < 0 for look in looks)
        low += any(look.low is not None and look.low > 0 for look in looks)
    assert high / runs <= most
    assert low / runs <= most


@pytest.mark.slow
def test_a_clear_gain_is_decided_in_two_weeks() -> None:
    """Given a gain of one and a half standard deviations of a day, then half of the rollouts end within 14 days."""
    decided = 0
    for days in ar1(np.random.default_rng(3), runs=200, days=14, lag=0.3):
        looks = [confidence_sequence(days[:day] - 1.5) for day in range(7, 15)]
        decided += any(look.high is not None and look.high < 0 for look in looks)
    assert decided > 100


def test_too_few_days_give_no_bounds() -> None:
    assert confidence_sequence(np.array([])).blocks == 0
    six = confidence_sequence(np.arange(6.0))
    assert (six.mean, six.low, six.high, six.blocks) == (2.5, None, None, 6)
    assert confidence_sequence(np.random.default_rng(5).normal(size=12)).high is not None


def test_the_interval_narrows_with_days() -> None:
    days = np.random.default_rng(4).normal(size=60)
    widths = [
        found.high - found.mean for n in (10, 20, 60) if (found := confidence_sequence(days[:n])).high is not None
    ]
    assert widths == sorted(widths, reverse=True)
