"""From a departing flight, its airports and the weather to the numbers the model reads; one code for training and serving."""

import polars as pl

__all__ = ["COLUMNS", "features"]

CARRIERS = ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")
ORIGINS = ("EWR", "JFK", "LGA")
COLUMNS = (
    "dep_delay",
    "block_minutes",
    "distance",
    "dest_lat",
    "dest_lon",
    "hour",
    "carrier",
    "origin",
    "wind_speed",
    "precip",
    "visib",
)
"""The features in the order the model takes them; the first is the one its straight line is drawn through."""


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """The features of departing flights; every gap is filled, a carrier or origin never seen becomes -1."""
    departure, arrival = _minutes("sched_dep_time"), _minutes("sched_arr_time")
    # Scheduled times are local; New York is at UTC-5, Puerto Rico and St Thomas (missing in the airports) at UTC-4.
    zone = (pl.col("dest_tz").fill_null(-4) + 5) * 60
    return rows.select(
        dep_delay=pl.col("dep_delay").cast(pl.Float64).fill_null(0.0),
        block_minutes=((arrival - departure - zone) % 1440).cast(pl.Float64).fill_null(150.0),
        distance=pl.col("distance").cast(pl.Float64).fill_null(900.0),
        dest_lat=pl.col("dest_lat").cast(pl.Float64).fill_null(18.4),
        dest_lon=pl.col("dest_lon").cast(pl.Float64).fill_null(-66.0),
        hour=(departure / 60).cast(pl.Float64).fill_null(12.0),
        carrier=_code("carrier", CARRIERS),
        origin=_code("origin", ORIGINS),
        wind_speed=pl.col("wind_speed").cast(pl.Float64).fill_null(10.0),
        precip=pl.col("precip").cast(pl.Float64).fill_null(0.0),
        visib=pl.col("visib").cast(pl.Float64).fill_null(10.0),
    )


def _minutes(column: str) -> pl.Expr:
    """Minutes since midnight of a clock time written as hhmm."""
    return pl.col(column) // 100 * 60 + pl.col(column) % 100


def _code(column: str, known: tuple[str, ...]) -> pl.Expr:
    codes = [float(place) for place in range(len(known))]
    return pl.col(column).replace_strict(list(known), codes, default=-1.0, return_dtype=pl.Float64).fill_null(-1.0)
