"""The point-in-time join against a brute-force search, and the edges where leaks would be."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.features import join_asof
from mainspring.features.errors import JoinInvalid

START = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
KEYS = st.one_of(st.none(), st.sampled_from(["EWR", "JFK", "LGA"]))
HOURS = st.one_of(st.none(), st.integers(0, 12).map(lambda hour: START + dt.timedelta(hours=hour)))
TIME = pl.Datetime("us", "UTC")


def frame(rows: list[tuple[str | None, dt.datetime | None]], *, time: str) -> pl.DataFrame:
    keys, times = [key for key, _ in rows], [at for _, at in rows]
    return pl.DataFrame({"origin": keys, time: times}, schema={"origin": pl.String, time: TIME})


def brute_force(rows: pl.DataFrame, facts: pl.DataFrame, tolerance: dt.timedelta | None) -> list[int | None]:
    """The number of the fact for each row, by looking at every fact."""
    found: list[int | None] = []
    for origin, at in rows.iter_rows():
        best: tuple[dt.datetime, int] | None = None
        for number, (key, known) in enumerate(facts.iter_rows()):
            if None in (origin, at, key, known) or key != origin or known > at:
                continue
            if tolerance is not None and at - known > tolerance:
                continue
            if best is None or known >= best[0]:
                best = (known, number)
        found.append(best[1] if best else None)
    return found


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(KEYS, HOURS), max_size=12),
    facts=st.lists(st.tuples(KEYS, HOURS), max_size=12),
    tolerance=st.one_of(st.none(), st.integers(0, 5).map(lambda hours: dt.timedelta(hours=hours))),
)
def test_each_row_gets_what_a_brute_force_search_finds(
    rows: list[tuple[str | None, dt.datetime | None]],
    facts: list[tuple[str | None, dt.datetime | None]],
    tolerance: dt.timedelta | None,
) -> None:
    left, right = frame(rows, time="departs"), frame(facts, time="measured")
    numbered = right.with_columns(fact=pl.int_range(right.height, dtype=pl.Int64))
    joined = join_asof(left, numbered, by="origin", at="departs", known_at="measured", tolerance=tolerance)
    assert joined["fact"].to_list() == brute_force(left, right, tolerance)
    assert joined.select(left.columns).equals(left)


def test_a_fact_from_the_future_is_never_joined_and_its_row_is_kept() -> None:
    rows = frame([("EWR", START)], time="departs")
    facts = frame([("EWR", START + dt.timedelta(seconds=1))], time="measured").with_columns(temp=pl.lit(39.0))
    joined = join_asof(rows, facts, by="origin", at="departs", known_at="measured")
    assert joined.to_dicts() == [{"origin": "EWR", "departs": START, "temp": None}]


def test_several_keys_must_all_be_equal() -> None:
    rows = pl.DataFrame({"origin": ["EWR", "EWR"], "runway": [1, 2], "at": [START, START]})
    facts = pl.DataFrame({"origin": ["EWR"], "runway": [2], "seen": [START], "wind": [7.5]})
    joined = join_asof(rows, facts, by=["origin", "runway"], at="at", known_at="seen")
    assert joined["wind"].to_list() == [None, 7.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temp": "flight"}, "both sides have the column 'flight'"),
        ({"measured": "known"}, "the facts have no column 'measured'"),
        ({"origin": "airport"}, "the facts have no column 'origin'"),
        ({"temp": "_asof_row"}, "reserved"),
    ],
)
def test_columns_that_do_not_fit_are_named(change: dict[str, str], message: str) -> None:
    rows = frame([("EWR", START)], time="departs").with_columns(flight=pl.lit(1))
    facts = frame([("EWR", START)], time="measured").with_columns(temp=pl.lit(39.0)).rename(change)
    with pytest.raises(JoinInvalid, match=message):
        join_asof(rows, facts, by="origin", at="departs", known_at="measured")


def test_times_and_keys_of_two_types_are_refused() -> None:
    rows = frame([("EWR", START)], time="departs")
    facts = frame([("EWR", START)], time="measured")
    with pytest.raises(JoinInvalid, match=r"'departs' is .* and 'measured' is Date"):
        join_asof(rows, facts.cast({"measured": pl.Date}), by="origin", at="departs", known_at="measured")
    with pytest.raises(JoinInvalid, match="'origin' is String in the rows and Int32"):
        join_asof(rows, facts.with_columns(origin=1), by="origin", at="departs", known_at="measured")
    with pytest.raises(JoinInvalid, match="at least one column"):
        join_asof(rows, facts, by=[], at="departs", known_at="measured")
