"""The detector of matured error: its stated rate of false alarms, and that it finds a rise."""

import math

import numpy as np
import pytest
from dependent_days import ar1
from numpy.typing import NDArray

from mainspring.domain.reference import ErrorReference
from mainspring.domain.window import ColumnTally, Tally
from mainspring.stats import performance, spread

ROWS = 900
NOTHING = ColumnTally(counts=(), nulls=0)
LEVEL = 1 / 365


def window(mean: float, labelled: int = ROWS) -> Tally:
    return Tally(rows=ROWS, columns=(), prediction=NOTHING, labelled=labelled, error_sum=mean * labelled)


def reference(means: NDArray[np.float64]) -> ErrorReference:
    baseline = spread.baseline(np.log(means), np.full(len(means), float(ROWS)), within=0.6)
    return ErrorReference(rows=ROWS * len(means), mean=float(means.mean()), baseline=baseline)


def alarms(means: NDArray[np.float64], made: ErrorReference) -> int:
    """Alarms of a year, those in a row being one."""
    raised, last = 0, -99
    windows = [window(float(mean)) for mean in means]
    for day in range(len(windows)):
        tests = performance.look(made, windows[max(0, day - 27) : day + 1], horizons=(7, 28), level=LEVEL)
        if any(test.alarm for test in tests):
            raised += day - last > 7
            last = day
    return raised


@pytest.mark.slow
@pytest.mark.parametrize("lag", [0.0, 0.3, 0.5])
def test_years_without_change_raise_about_one_alarm_each_at_most(lag: float) -> None:
    """Given 31 held-out days and days that differ by a fifth, then 100 years raise about one alarm each at most."""
    rng = np.random.default_rng(4)
    raised = 0
    for year in ar1(rng, runs=100, days=31 + 365, lag=lag):
        errors = 12 * np.exp(0.2 * year)
        raised += alarms(errors[31:], reference(errors[:31]))
    # Alarms of a year come together, since all its days meet one reference: so the count spreads more than a Poisson one.
    assert raised <= 120


def test_a_lasting_rise_by_a_quarter_is_found_within_a_month() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for days in ar1(rng, runs=20, days=31 + 30, lag=0.3):
        errors = 12 * np.exp(0.15 * days)
        errors[31:] *= 1.25
        found += alarms(errors[31:], reference(errors[:31])) > 0
    assert found >= 17


def test_one_bad_day_is_no_alarm_and_lower_errors_never_are() -> None:
    made = reference(12 * np.exp(0.15 * np.random.default_rng(6).normal(size=31)))
    calm = [window(12.0)] * 27
    assert not any(test.alarm for test in performance.look(made, [*calm, window(24.0)], horizons=(7, 28), level=LEVEL))
    assert not any(test.alarm for test in performance.look(made, [window(1.0)] * 28, horizons=(7, 28), level=LEVEL))


def test_windows_without_labels_are_no_data() -> None:
    made = reference(np.array([11.0, 12.0, 13.0, 12.5]))
    assert performance.look(made, [window(0.0, labelled=0)] * 7, horizons=(7,), level=LEVEL) == []
    some = performance.look(made, [*[window(0.0, labelled=0)] * 6, window(12.0)], horizons=(7,), level=LEVEL)
    assert some[0].value == 12.0


def test_the_limit_is_where_the_alarm_begins() -> None:
    made = reference(12 * np.exp(0.15 * np.random.default_rng(7).normal(size=31)))
    bound = performance.limit(made, [ROWS] * 7, horizons=(7, 28), level=LEVEL)
    for factor, alarm in ((1.001, True), (0.999, False)):
        tests = performance.look(made, [window(bound * factor)] * 7, horizons=(7, 28), level=LEVEL)
        assert tests[0].alarm is alarm
    assert math.isfinite(bound)
