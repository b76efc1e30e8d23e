"""The schema inferred from January to March 2013: every later honest batch passes, each kind of broken one is refused."""

import polars as pl
import pytest

from mainspring.data.inference import infer_schema
from mainspring.data.validation import validate_frame
from mainspring.domain.schema import Schema, Violation


@pytest.fixture(scope="module")
def promised(flights: pl.DataFrame) -> Schema:
    return infer_schema(flights.filter(pl.col("month") <= 3), event_time="time_hour")


@pytest.fixture(scope="module")
def april(flights: pl.DataFrame) -> pl.DataFrame:
    return flights.filter(pl.col("month") == 4)


def refused(frame: pl.DataFrame, schema: Schema, *, by: list[str]) -> dict[str, list[Violation]]:
    """The violations of each batch that has any; batches are the groups of the columns `by`."""
    batches = frame.partition_by(by, as_dict=True, maintain_order=True)
    found = {str(key): list(validate_frame(batch, schema)[1]) for key, batch in batches.items()}
    return {key: violations for key, violations in found.items() if violations}


def test_every_later_month_passes(flights: pl.DataFrame, promised: Schema) -> None:
    assert refused(flights.filter(pl.col("month") > 3), promised, by=["month"]) == {}


@pytest.mark.slow
def test_every_later_day_passes(flights: pl.DataFrame, promised: Schema) -> None:
    assert refused(flights.filter(pl.col("month") > 3), promised, by=["month", "day"]) == {}


def test_every_later_month_of_weather_passes_though_summer_comes(weather: pl.DataFrame) -> None:
    schema = infer_schema(weather.filter(pl.col("month") <= 3), event_time="time_hour")
    assert refused(weather.filter(pl.col("month") > 3), schema, by=["month"]) == {}


def test_columns_that_move_with_time_get_no_range_and_open_ones_no_domain(promised: Schema) -> None:
    by_name = {column.name: column for column in promised.columns}
    assert by_name["month"].maximum is None
    assert by_name["day"].scale is None
    assert by_name["year"].maximum is None
    assert by_name["tailnum"].categories is None
    assert by_name["origin"].categories == ("EWR", "JFK", "LGA")
    assert by_name["carrier"].new_limit == 0.005
    assert by_name["dest"].new_limit == 0.02
    assert by_name["time_hour"].null_limit == 0.0
    assert (by_name["distance"].minimum, by_name["air_time"].minimum) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (pl.lit(None, dtype=pl.Int64).alias("arr_delay"), [("arr_delay", "null")]),
        ((pl.col("distance") * 1.609).round().cast(pl.Int64), [("distance", "unit")]),
        (pl.col("dep_delay") * 60, [("dep_delay", "range"), ("dep_delay", "unit")]),
        (pl.col("arr_delay") * 60, [("arr_delay", "range"), ("arr_delay", "unit")]),
        (pl.col("air_time") / 60, [("air_time", "type"), ("air_time", "unit")]),
        (
            pl.when(pl.col("flight") % 20 == 0).then(pl.lit("ZZ")).otherwise("carrier").alias("carrier"),
            [("carrier", "category")],
        ),
        (pl.lit("???").alias("origin"), [("origin", "category")]),
        (pl.col("distance").cast(pl.String), []),
        (pl.col("time_hour").shift(1), [("time_hour", "event_time")]),
    ],
)
def test_a_broken_column_is_refused_and_named(
    april: pl.DataFrame, promised: Schema, change: pl.Expr, expected: list[tuple[str, str]]
) -> None:
    _, violations = validate_frame(april.with_columns(change), promised)
    assert [(violation.column, violation.rule) for violation in violations] == expected


def test_kilometres_are_seen_in_every_month(flights: pl.DataFrame, promised: Schema) -> None:
    wrong = flights.with_columns((pl.col("distance") * 1.609).round().cast(pl.Int64))
    found = refused(wrong, promised, by=["month"])
    assert {rule for violations in found.values() for rule in [v.rule for v in violations]} == {"unit"}
    assert len(found) == 12


def test_a_report_names_rule_count_share_and_rows(april: pl.DataFrame, promised: Schema) -> None:
    broken = april.with_columns(
        pl.when(pl.int_range(pl.len()) % 20 == 3).then(pl.lit("ZZ")).otherwise("carrier").alias("carrier")
    )
    _, (violation,) = validate_frame(broken, promised)
    assert (violation.column, violation.rule, violation.count) == ("carrier", "category", 1417)
    assert violation.share == pytest.approx(0.05, abs=1e-3)
    assert "1,417 of 28,330 values (5.0%) are unknown categories ('ZZ'), about 0.50% are allowed" in violation.message
    first, second, *_ = violation.examples
    assert (first.row, second.row) == (4, 24)
    assert first.values == {"carrier": "ZZ", "time_hour": "2013-04-01T09:00:00Z"}
