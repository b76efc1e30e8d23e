"""Profiles: merged parts equal the whole, and the numbers of one published example."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.data.profiling import extend_profile, merge_stats, profile_frame, stats_of
from mainspring.domain.profile import Histogram, Stats, TopValue

INTS = st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), max_size=30)
FLOATS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=30)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=30)


def same(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-3))


@settings(max_examples=150, deadline=None)
@given(a=INTS, b=INTS)
def test_stats_of_two_parts_merge_to_those_of_both(a: list[int | None], b: list[int | None]) -> None:
    left, right = pl.Series("x", a, dtype=pl.Int64), pl.Series("x", b, dtype=pl.Int64)
    merged, whole = merge_stats(stats_of(left), stats_of(right)), stats_of(pl.concat([left, right]))
    assert (merged.count, merged.nulls, merged.minimum, merged.maximum) == (
        whole.count,
        whole.nulls,
        whole.minimum,
        whole.maximum,
    )
    assert same(merged.mean, whole.mean)
    assert same(merged.squares, whole.squares)


@settings(max_examples=100, deadline=None)
@given(a=FLOATS, b=FLOATS, texts=TEXTS)
def test_an_extended_profile_is_that_of_all_rows(
    a: list[float | None], b: list[float | None], texts: list[str | None]
) -> None:
    before = pl.DataFrame({"x": a, "t": (texts * 30)[: len(a)] if texts else [None] * len(a)}, schema=SCHEMA)
    batch = pl.DataFrame({"x": b, "t": (texts * 30)[: len(b)] if texts else [None] * len(b)}, schema=SCHEMA)
    rows = pl.concat([before, batch])
    extended, whole = extend_profile(profile_frame(before), batch, rows.iter_columns()), profile_frame(rows)
    assert extended.rows == whole.rows
    for found, expected in zip(extended.columns, whole.columns, strict=True):
        assert (found.distinct, found.quantiles, found.histogram, found.top) == (
            expected.distinct,
            expected.quantiles,
            expected.histogram,
            expected.top,
        )
        assert same(found.stats.std, expected.stats.std)


SCHEMA = {"x": pl.Float64, "t": pl.String}


def test_moments_of_the_nist_example_with_a_large_mean() -> None:
    # NIST Statistical Reference Datasets, NumAcc3: 1,000,000.2, then 1,000,000.1 and .3 in turn; std 0.1 exactly.
    # https://www.itl.nist.gov/div898/strd/univ/numacc3.html
    values = pl.Series("x", [1_000_000.2] + [1_000_000.1, 1_000_000.3] * 500)
    halves = merge_stats(stats_of(values[:300]), stats_of(values[300:]))
    assert halves.mean == pytest.approx(1_000_000.2, rel=1e-15)
    assert halves.std == pytest.approx(0.1, rel=1e-8)


def test_a_profile_tells_what_is_in_each_type_of_column() -> None:
    frame = pl.DataFrame(
        {
            "n": [1, 2, None, 2],
            "x": [0.0, 30.0, float("inf"), None],
            "s": ["b", "a", "b", None],
            "b": [True, False, True, True],
            "t": pl.Series(["2013-01-01T05:00:00", None, None, None]).str.to_datetime(time_zone="UTC"),
            "d": pl.Series(["2013-01-01", "2013-02-01", None, None]).str.to_date(),
        }
    )
    profile = profile_frame(frame)
    by_name = {column.name: column for column in profile.columns}
    assert profile.rows == 4
    assert by_name["n"].stats == Stats(count=3, nulls=1, minimum=1, maximum=2, mean=5 / 3, squares=2 / 3)
    assert by_name["n"].quantiles[4] == 2.0
    assert by_name["x"].stats.mean == 15.0
    assert by_name["x"].stats.maximum == "inf"
    assert by_name["x"].histogram == Histogram(edges=tuple(float(i) for i in range(31)), counts=(1, *[0] * 28, 1))
    assert by_name["s"].top == (TopValue("b", 2), TopValue("a", 1))
    assert by_name["b"].top == (TopValue("true", 3), TopValue("false", 1))
    assert by_name["t"].stats.minimum == "2013-01-01T05:00:00Z"
    assert by_name["d"].stats.maximum == "2013-02-01"
    assert by_name["s"].stats.null_share == 0.25


def test_a_constant_column_has_one_bin_and_an_empty_one_none() -> None:
    profile = profile_frame(pl.DataFrame({"c": [7, 7], "e": [None, None]}, schema={"c": pl.Int64, "e": pl.Float64}))
    constant, empty = profile.columns
    assert constant.histogram == Histogram(edges=(7.0, 7.0), counts=(2,))
    assert (empty.histogram, empty.quantiles, empty.stats.mean, empty.stats.std) == (None, (), None, None)
    assert Stats(count=0, nulls=0).null_share == 0.0
