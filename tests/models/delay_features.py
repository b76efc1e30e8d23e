"""The features of the toy model: what a project's own module looks like."""

import polars as pl

CARRIERS = {"AA": 0.0, "UA": 1.0}


def prepare(flights: pl.DataFrame) -> pl.DataFrame:
    """Departure delay, distance in hundreds of miles, carrier as a number."""
    carrier = pl.col("carrier").replace_strict(CARRIERS, default=None, return_dtype=pl.Float64)
    return flights.select(pl.col("dep_delay").cast(pl.Float64), pl.col("distance") / 100, carrier)
