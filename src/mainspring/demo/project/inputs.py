"""What is known when a flight departs: the flight, its destination, and the weather as of that hour."""

from datetime import timedelta

import polars as pl

import mainspring as ms

__all__ = ["INPUTS", "depart"]

INPUTS = (
    "carrier",
    "origin",
    "dest",
    "sched_dep_time",
    "sched_arr_time",
    "dep_delay",
    "distance",
    "dest_lat",
    "dest_lon",
    "dest_tz",
    "temp",
    "wind_speed",
    "precip",
    "visib",
)
"""The columns of a prediction request."""


def depart(flights: pl.DataFrame, weather: pl.DataFrame, airports: pl.DataFrame) -> pl.DataFrame:
    """The flights that departed, with `departed_at` (UTC), their destination and the weather known at that hour.

    Weather is joined point in time: the newest observation of the origin that was known at the departure hour, at most
    three hours old. An observation stamped with an hour may have been made at its end, so it counts as known an hour
    later. Order and number of the departed flights are kept.
    """
    departed = flights.filter(pl.col("dep_time").is_not_null()).with_columns(
        departed_at=pl.col("time_hour") + pl.duration(minutes=pl.col("minute") + pl.col("dep_delay")),
    )
    departed = departed.with_columns(departed_hour=pl.col("departed_at").dt.truncate("1h"))
    places = airports.select(dest="faa", dest_lat="lat", dest_lon="lon", dest_tz="tz")
    departed = departed.join(places, on="dest", how="left", maintain_order="left")
    observed = weather.select(
        "origin",
        "temp",
        "wind_speed",
        "precip",
        "visib",
        observed_at="time_hour",
        known_at=pl.col("time_hour") + pl.duration(hours=1),
    )
    return ms.join_asof(
        departed, observed, by="origin", at="departed_hour", known_at="known_at", tolerance=timedelta(hours=3)
    )
