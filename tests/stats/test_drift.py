"""Drift: the stated rate of false alarms, power, and rows that must not decide anything."""

import math

import numpy as np
import polars as pl
import pytest

from mainspring.domain.reference import Reference
from mainspring.domain.window import Tally, Test
from mainspring.stats import drift, reference
from mainspring.stats.tally import tally

DAY = 86_400_000
ROWS = 1000


def columns(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Twelve columns of many shapes."""
    made: dict[str, object] = {}
    for place in range(2):
        made |= {
            f"normal{place}": rng.normal(size=rows),
            f"lognormal{place}": rng.lognormal(size=rows),
            f"poisson{place}": rng.poisson(3, size=rows),
            f"rare{place}": rng.random(rows) < 0.01,
            f"few{place}": rng.choice(["a", "b", "c"], size=rows, p=[0.7, 0.25, 0.05]),
            f"many{place}": rng.integers(0, 500, size=rows).astype(str),
        }
    return pl.DataFrame(made)


def independent(frame: pl.DataFrame) -> Reference:
    return reference.build(frame, np.zeros(frame.height), np.zeros(frame.height, dtype=np.int64))


def counted(made: Reference, frame: pl.DataFrame) -> Tally:
    return tally(made, frame, np.zeros(frame.height))


def look(made: Reference, *frames: pl.DataFrame, level: float = 0.05, horizons: tuple[int, ...] = (1,)) -> list[Test]:
    windows = [counted(made, frame) for frame in frames]
    return drift.look(made, windows, subject="input", horizons=horizons, level=level, least_effect=0.0)


@pytest.mark.slow
def test_a_look_without_drift_alarms_at_its_level_at_most() -> None:
    rng = np.random.default_rng(11)
    alarms = sum(look(independent(columns(rng, 2000)), columns(rng, ROWS))[0].alarm for _ in range(200))
    assert alarms <= 19  # 5 % of 200 and three standard deviations


@pytest.mark.slow
def test_a_tenth_of_a_standard_deviation_in_one_column_of_twelve_is_found_at_5000_rows() -> None:
    rng = np.random.default_rng(12)
    found = 0
    for _ in range(25):
        made = independent(columns(rng, 5000))
        moved = columns(rng, 5000).with_columns(pl.col("normal1") + 0.1)
        tests = look(made, moved)
        found += tests[0].alarm and tests[0].column == "normal1" and tests[0].statistic == "location"
    assert found >= 23


@pytest.mark.parametrize("statistic", ["scale", "nulls", "outside", "shares", "unseen"])
def test_each_kind_of_change_is_named(statistic: str) -> None:
    rng = np.random.default_rng(13)
    made = independent(columns(rng, 5000))
    now = columns(rng, 3000)
    changes = {
        "scale": pl.col("normal0") * 1.4,
        "nulls": pl.when(pl.int_range(pl.len()) % 20 == 0).then(None).otherwise(pl.col("normal0")).alias("normal0"),
        "outside": pl.when(pl.int_range(pl.len()) % 50 == 0).then(1e9).otherwise(pl.col("normal0")).alias("normal0"),
        "shares": pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("c")).otherwise(pl.col("few0")).alias("few0"),
        "unseen": pl.when(pl.int_range(pl.len()) % 50 == 0).then(pl.lit("new")).otherwise(pl.col("few0")).alias("few0"),
    }
    worst = look(made, now.with_columns(changes[statistic]))[0]
    assert worst.alarm
    assert (worst.column, worst.statistic) == ("few0" if statistic in ("shares", "unseen") else "normal0", statistic)


def test_one_stray_value_or_one_new_category_changes_no_verdict() -> None:
    rng = np.random.default_rng(14)
    made = independent(columns(rng, 5000))
    now = columns(rng, 500)
    stray = now.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(1e300).otherwise(pl.col("normal0")).alias("normal0"),
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("never seen")).otherwise(pl.col("few0")).alias("few0"),
    )
    assert not any(test.alarm for test in look(made, now, level=1 / 365))
    assert not any(test.alarm for test in look(made, stray, level=1 / 365))


def test_no_rows_and_all_null_columns_are_no_data() -> None:
    rng = np.random.default_rng(15)
    made = independent(columns(rng, 2000))
    assert look(made, columns(rng, 0)) == []
    empty = columns(rng, 300).with_columns(pl.lit(None, dtype=pl.Float64).alias("normal0"))
    of_column = [test for test in look(made, empty) if test.column == "normal0"]
    assert [test.statistic for test in of_column] == ["nulls"]
    assert of_column[0].alarm
    assert look(made) == []


def test_a_constant_that_moves_is_found() -> None:
    made = independent(pl.DataFrame({"transfer": np.full(2000, 0.4)}))
    assert look(made, pl.DataFrame({"transfer": np.full(48, 0.4)}))[0].alarm is False
    moved = look(made, pl.DataFrame({"transfer": np.full(48, 0.41)}), level=1 / 365)[0]
    assert (moved.statistic, moved.alarm) == ("outside", True)


def test_a_horizon_needs_its_windows() -> None:
    rng = np.random.default_rng(16)
    made = independent(columns(rng, 2000))
    week = [columns(rng, 100) for _ in range(7)]
    assert {test.days for test in look(made, *week[:6], horizons=(1, 7))} == {1}
    assert {test.days for test in look(made, *week, horizons=(1, 7))} == {1, 7}


def test_days_that_always_differ_are_no_drift() -> None:
    """Given rows of a day that share its weather, then tests of independent rows would alarm daily, and these do not."""
    rng = np.random.default_rng(17)

    def days(count: int) -> pl.DataFrame:
        level = np.repeat(rng.normal(0, 1, size=count), 200)
        kind = np.repeat(rng.choice([0.2, 0.5, 0.8], size=count), 200)
        return pl.DataFrame(
            {
                "temp": level + rng.normal(0, 0.5, size=count * 200),
                "sky": np.where(rng.random(count * 200) < kind, "clear", "cloud"),
                "day": np.repeat(np.arange(count), 200),
            }
        )

    known = days(60)
    made = reference.build(known.drop("day"), np.zeros(known.height), known["day"].to_numpy() * DAY)
    dependent_rows = independent(known.drop("day"))
    new = days(200)
    frames = [part.drop("day") for part in new.partition_by("day")]
    alarms = sum(look(made, frame, level=0.05)[0].alarm for frame in frames)
    naive = sum(look(dependent_rows, frame, level=0.05)[0].alarm for frame in frames)
    assert alarms <= 24
    assert naive > 150


def test_psi_is_the_symmetric_divergence() -> None:
    assert drift.psi([50, 50], [25, 75]) == pytest.approx(0.25 * math.log(3), rel=1e-9)
    assert drift.psi([10, 20, 30], [10, 20, 30]) == 0.0
    assert math.isfinite(drift.psi([10, 0], [0, 10]))
