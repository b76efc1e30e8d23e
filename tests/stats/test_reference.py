"""References: exact counts, spread by day, and what cannot be one."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.domain.reference import Reference
from mainspring.kernel import canonical
from mainspring.stats import reference
from mainspring.stats.reference import ReferenceInvalid
from mainspring.stats.tally import merge, tally, with_errors

DAY = 86_400_000
FRAME = pl.DataFrame(
    {
        "temp": [1.0, 2.0, None, 4.0, float("nan"), 6.0],
        "carrier": ["AA", "AA", "B6", None, "AA", "UA"],
        "late": [True, False, True, True, False, None],
        "at": pl.Series([0, 1, 2, 3, 4, 5], dtype=pl.Datetime("ms")),
        "nothing": pl.Series([None] * 6, dtype=pl.Float64),
    }
)
AT = np.array([0, 0, DAY, DAY, 2 * DAY, 2 * DAY])


def build(errors: list[float] | None = None) -> Reference:
    return reference.build(FRAME, np.arange(6.0), AT, errors=None if errors is None else np.array(errors))


def test_counts_are_exact_and_times_are_left_out() -> None:
    made = build()
    assert [column.name for column in made.columns] == ["temp", "carrier", "late", "nothing"]
    temp, carrier, late, nothing = made.columns
    assert (temp.count, temp.nulls, temp.minimum, temp.maximum, temp.mean) == (4, 2, 1.0, 6.0, 3.25)
    assert (carrier.categories, carrier.counts) == (("AA", "B6", "UA"), (3, 1, 1, 0))
    assert (late.categories, late.counts, late.nulls) == (("false", "true"), (2, 3, 0), 1)
    assert (nothing.count, nothing.nulls, set(nothing.baselines)) == (0, 6, {"nulls"})
    assert (made.rows, made.blocks, made.from_ms, made.to_ms) == (6, 3, 0, 2 * DAY + 1)


def test_it_survives_being_stored() -> None:
    made = build([1.0, -2.0, float("nan"), 3.0, 1.0, 2.0])
    assert canonical.loads(canonical.dumps(made), type=Reference) == made


def test_format_1_is_read_for_ever() -> None:
    stored = canonical.loads((Path(__file__).parent / "formats/reference-1.json").read_bytes(), type=Reference)
    made = build([1.0, -2.0, float("nan"), 3.0, 1.0, 2.0])
    assert stored.format == made.format == 1
    assert [column.counts for column in stored.columns] == [column.counts for column in made.columns]
    assert stored.columns[0].edges == made.columns[0].edges
    assert stored.error is not None
    assert made.error is not None
    assert stored.error.mean == pytest.approx(made.error.mean)


def test_error_counts_held_out_rows_only() -> None:
    made = build([float("nan")] * 3 + [3.0, -1.0, 2.0])
    assert made.error is not None
    assert (made.error.rows, made.error.mean, made.error.baseline.blocks) == (3, 2.0, 2)
    assert build().error is None
    assert build([0.0] * 6).error is None
    assert build([float("nan")] * 6).error is None


def test_no_rows_or_differing_lengths_are_refused() -> None:
    with pytest.raises(ReferenceInvalid):
        reference.build(FRAME.clear(), np.array([]), np.array([], dtype=np.int64))
    with pytest.raises(ReferenceInvalid):
        reference.build(FRAME, np.arange(5.0), AT)


def test_categories_too_many_to_name_are_counted_in_buckets() -> None:
    names = [f"tail{i}" for i in range(3000)]
    frame = pl.DataFrame({"tail": names})
    made = reference.build(frame, np.zeros(3000), np.zeros(3000, dtype=np.int64))
    column = made.columns[0]
    assert (column.categories, column.buckets, sum(column.counts)) == ((), 256, 3000)
    assert tally(made, frame, np.zeros(3000)).columns[0].counts == column.counts


def test_a_day_outside_the_range_of_other_days_teaches_that_such_days_come() -> None:
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(30), 100)
    values = rng.normal(size=3000) + day * 5
    made = reference.build(pl.DataFrame({"temp": values}), values, day * DAY)
    alike = reference.build(pl.DataFrame({"temp": rng.permutation(values)}), values, day * DAY)
    assert made.columns[0].baselines["outside"].mean > 5 * alike.columns[0].baselines["outside"].mean
    assert made.columns[0].baselines["location"].between > 50 * alike.columns[0].baselines["location"].between


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40), st.integers(0, 40))
def test_tallies_merge_by_addition(drawn: list[float | None], cut: int) -> None:
    made = build()
    frame = pl.DataFrame({"temp": pl.Series(drawn, dtype=pl.Float64), "carrier": ["AA"] * len(drawn)})
    predictions = np.linspace(0, 5, len(drawn))
    whole = with_errors(tally(made, frame, predictions), predictions)
    parts = [
        with_errors(tally(made, frame[a:b], predictions[a:b]), predictions[a:b])
        for a, b in ((0, cut), (cut, len(drawn)))
    ]
    merged = merge(*parts)
    assert merged.columns == whole.columns
    assert merged.prediction == whole.prediction
    assert (merged.rows, merged.labelled) == (whole.rows, whole.labelled)
    assert merged.error_sum == pytest.approx(whole.error_sum)


def test_what_does_not_fit_the_reference_is_counted_and_never_raises() -> None:
    made = build()
    frame = pl.DataFrame({"temp": ["4.0", "warm"], "carrier": ["ZZ", "AA"], "late": [1, 0], "new": [1, 2]})
    found = tally(made, frame, np.array([np.nan, 2.0]))
    temp, carrier, late, nothing = found.columns
    assert (sum(temp.counts), temp.nulls) == (1, 1)
    assert carrier.counts == (1, 0, 0, 1)
    assert late.counts == (0, 0, 2)
    assert nothing.nulls == 2
    assert found.prediction.nulls == 1
