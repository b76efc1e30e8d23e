"""A small real model: a gradient-boosted regressor behind a transformation."""

import delay_features
import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingRegressor

from mainspring.serving.loading import Model


def flights(rows: int = 300) -> pl.DataFrame:
    """Flights with every kind of column an endpoint may be sent."""
    random = np.random.default_rng(5)
    at = pl.Series([1_356_998_400_000 + 60_000 * minute for minute in range(rows)]).cast(pl.Datetime("ms", "UTC"))
    return pl.DataFrame(
        {
            "_row_id": np.arange(rows),
            "dep_delay": random.normal(10, 20, rows),
            "distance": random.integers(100, 3000, rows),
            "carrier": random.choice(["AA", "UA"], rows),
            "departs_at": at,
        }
    )


def estimator(*, iterations: int = 20) -> HistGradientBoostingRegressor:
    """The fitted estimator alone."""
    frame = flights()
    label = frame["dep_delay"].to_numpy() + frame["distance"].to_numpy() / 500
    made = HistGradientBoostingRegressor(max_iter=iterations, categorical_features=[2], random_state=0)
    return made.fit(delay_features.prepare(frame).to_numpy(), label)


def model(*, iterations: int = 20) -> Model:
    """The model as a step would return it."""
    return Model(
        estimator(iterations=iterations),
        transform=delay_features.prepare,
        example=flights(5),
        splits={"train": range(200), "holdout": range(200, 300)},
        dataset="flights@1",
    )
