"""What a rollout decides, and from which rows."""

import polars as pl
import pytest

from mainspring.domain.rollout import Look, Rollout
from mainspring.loop.rollouts import DAY_MS, daily_differences, decide

ROLLOUT = Rollout(
    id="r",
    project="default",
    endpoint="e",
    model="m",
    champion=1,
    candidate=2,
    share=0.2,
    margin=0.02,
    error_rate=0.05,
    state="canary",
    started_ms=0,
    longest_ms=28 * DAY_MS,
)


def _look(low: float, high: float, *, day: int = 10) -> Look:
    return Look(at_ms=day * DAY_MS, blocks=day, rows=1000, difference=(low + high) / 2, low=low, high=high, most=0.2)


@pytest.mark.parametrize(
    ("look", "state"),
    [
        (_look(-1.0, 0.1), "promoted"),
        (_look(0.1, 1.0), "rolled_back"),
        (_look(-1.0, 1.0), "canary"),
        (_look(-1.0, 1.0, day=28), "rolled_back"),
        (_look(-1.0, 0.1, day=28), "promoted"),
    ],
)
def test_a_look_decides_once_the_interval_does(look: Look, state: str) -> None:
    assert decide(ROLLOUT, look)[0] == state


def test_only_matured_rows_that_both_answered_and_whose_outcome_is_known_count() -> None:
    rows = [
        ("a/0", 1, 10.0, 0, "live"),
        ("a/0", 2, 12.0, 0, "shadow"),
        ("a/0", 2, 12.0, 0, "live"),
        ("a/1", 1, 10.0, 0, "live"),
        ("b/0", 1, 10.0, DAY_MS, "shadow"),
        ("b/0", 2, 9.0, DAY_MS, "live"),
        ("b/1", 1, 10.0, DAY_MS, "live"),
        ("b/1", 2, 9.0, DAY_MS, "shadow"),
        ("c/0", 1, 10.0, 2 * DAY_MS, "live"),
        ("c/0", 2, 0.0, 2 * DAY_MS, "shadow"),
    ]
    predictions = pl.DataFrame(rows, schema=["prediction_id", "version", "prediction", "at_ms", "role"], orient="row")
    labels = [("a/0", 10.0, 5), ("a/1", 10.0, 5), ("b/0", 0.0, 5), ("b/0", 9.0, 6), ("c/0", 0.0, 7)]
    feedback = pl.DataFrame(labels, schema=["prediction_id", "label", "at_ms"], orient="row")
    days = daily_differences(predictions, feedback, ROLLOUT, matured_ms=2 * DAY_MS)
    assert days.rows() == [(0, 2.0, 0.0, 1), (1, -1.0, 1.0, 1)]
