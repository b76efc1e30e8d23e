"""The transformation that the model carries: the same code in training and at the endpoint."""

import polars as pl

DISTRICTS = ("centre", "harbour", "hills", "north")


def features(houses: pl.DataFrame) -> pl.DataFrame:
    """What the model learns from, one row a house; a district it does not know is none of the four."""
    return houses.select(
        pl.col("area_m2", "rooms", "age_years", "distance_km").cast(pl.Float64),
        *(pl.col("district").eq_missing(name).cast(pl.Float64).alias(f"in_{name}") for name in DISTRICTS),
    )
