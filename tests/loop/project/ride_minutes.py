"""How long a ride takes, from its length; every third row is held out."""

import polars as pl
from sklearn.linear_model import LinearRegression

import mainspring as ms

DAY = pl.duration(days=1)


@ms.step
def extract(rides: ms.Dataset, *, days: int = 20) -> pl.DataFrame:
    table = rides.frame()
    return table.filter(pl.col("at") > table["at"].max() - days * DAY)


@ms.step
def train(table: pl.DataFrame) -> ms.Model:
    held_out = pl.col("_row_id") % 3 == 0
    rows = table.filter(~held_out)
    fitted = LinearRegression().fit(rows.select("km").to_numpy(), rows["minutes"].to_numpy())
    splits = {"train": rows["_row_id"], "holdout": table.filter(held_out)["_row_id"]}
    model = ms.Model(fitted, example=rows.select("km").head(5), splits=splits, dataset="rides")
    return ms.with_reference(model, table, label="minutes", at="at", held_out=held_out)


@ms.step
def evaluate(model: ms.Model, table: pl.DataFrame) -> ms.Evaluation:
    rows = table.filter(pl.col("_row_id") % 3 == 0)
    return ms.evaluate(model, rows, label="minutes", at="at", baseline=20.0)


@ms.pipeline
def ride_minutes(rides: ms.Dataset, *, days: int = 20):
    table = extract(rides, days=days)
    model = train(table)
    return {"model": model, "evaluation": evaluate(model, table)}
