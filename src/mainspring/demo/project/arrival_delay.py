"""Arrival delay of a flight in minutes, predicted when it departs: extract, validate, prepare, train, evaluate."""

import polars as pl
from inputs import INPUTS, depart
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import mainspring as ms
from features import features

LABEL = "arr_delay"


@ms.step
def extract(flights: ms.Dataset, weather: ms.Dataset, airports: ms.Dataset, *, window_days: int = 90) -> pl.DataFrame:
    """The flights of the last `window_days` days, with what was known when each departed."""
    table = flights.frame()
    start = table["time_hour"].max() - pl.duration(days=window_days)
    return depart(table.filter(pl.col("time_hour") > start), weather.frame(), airports.frame())


@ms.step
def validate(table: pl.DataFrame, *, least_rows: int = 1000) -> pl.DataFrame:
    """The table unchanged; raises where training on it would make no sense."""
    if table.height < least_rows:
        raise ValueError(f"{table.height} departed flights are too few to train on: {least_rows} are needed")
    if table["_row_id"].n_unique() != table.height:
        raise ValueError("the same flight is in the table twice: a join has multiplied rows")
    late = table.filter(pl.col("observed_at") >= pl.col("departed_hour"))
    if late.height:
        raise ValueError(f"{late.height} flights know weather of the hour they departed in, or later")
    return table


@ms.step
def prepare(table: pl.DataFrame, *, holdout_days: int = 31) -> pl.DataFrame:
    """The flights that landed, the last `holdout_days` days marked as held out."""
    landed = table.filter(pl.col(LABEL).is_not_null()).sort("departed_at", "_row_id")
    cut = landed["time_hour"].max() - pl.duration(days=holdout_days)
    split = pl.when(pl.col("time_hour") > cut).then(pl.lit("holdout")).otherwise(pl.lit("train"))
    return landed.select("_row_id", "departed_at", LABEL, *INPUTS, split=split)


@ms.step
def train(table: pl.DataFrame, *, trees: int = 100, learning_rate: float = 0.1) -> ms.Model:
    """Boosted trees on what a straight line through the departure delay leaves over."""
    rows = table.filter(pl.col("split") == "train")
    line = make_pipeline(ColumnTransformer([("departure delay", "passthrough", [0])]), LinearRegression())
    estimator = GradientBoostingRegressor(
        loss="absolute_error",
        init=line,
        n_estimators=trees,
        learning_rate=learning_rate,
        max_depth=5,
        subsample=0.2,
        max_features=0.5,
        min_samples_leaf=20,
        random_state=7,
    )
    estimator.fit(features(rows).to_numpy(), rows[LABEL].to_numpy())
    splits = {name: table.filter(pl.col("split") == name)["_row_id"] for name in ("train", "holdout")}
    model = ms.Model(
        estimator, transform=features, example=rows.select(INPUTS).head(5), splits=splits, dataset="flights"
    )
    return ms.with_reference(model, table, label=LABEL, at="departed_at", held_out=pl.col("split") == "holdout")


@ms.step
def evaluate(model: ms.Model, table: pl.DataFrame) -> ms.Evaluation:
    """The model beside a trivial one, a flight arrives as late as it departed, on the held-out days, by carrier."""
    held_out = table.filter(pl.col("split") == "holdout")
    return ms.evaluate(model, held_out, label=LABEL, at="departed_at", by="carrier", baseline="dep_delay")


@ms.pipeline
def arrival_delay(
    flights: ms.Dataset,
    weather: ms.Dataset,
    airports: ms.Dataset,
    *,
    window_days: int = 90,
    holdout_days: int = 31,
    trees: int = 100,
    learning_rate: float = 0.1,
):
    """Train a model of the arrival delay and judge it on days it has not seen."""
    table = prepare(validate(extract(flights, weather, airports, window_days=window_days)), holdout_days=holdout_days)
    model = train(table, trees=trees, learning_rate=learning_rate)
    return {"model": model, "evaluation": evaluate(model, table)}
