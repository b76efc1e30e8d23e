"""The price of a house in thousands, when it is put up for sale: extract, validate, prepare, train, evaluate."""

import polars as pl
from sklearn.ensemble import GradientBoostingRegressor

import mainspring as ms
from features import features

INPUTS = ("area_m2", "rooms", "age_years", "distance_km", "district")
LABEL = "price"


@ms.step
def extract(houses: ms.Dataset) -> pl.DataFrame:
    """The rows of the dataset version that this run was given."""
    return houses.frame()


@ms.step
def validate(rows: pl.DataFrame, *, least_rows: int = 500) -> pl.DataFrame:
    """The rows unchanged; raises where training on them would make no sense."""
    if rows.height < least_rows:
        raise ValueError(f"{rows.height} houses are too few to train on: {least_rows} are needed")
    if (rows[LABEL] <= 0).any():
        raise ValueError("a house was sold for nothing: look at the smallest prices")
    return rows


@ms.step
def prepare(rows: pl.DataFrame, *, holdout_days: int = 90) -> pl.DataFrame:
    """The rows with the last `holdout_days` days marked as held out, and the usual price before them."""
    sold = rows.filter(pl.col(LABEL).is_not_null()).sort("sold_at", "_row_id")
    held_out = pl.col("sold_at") > pl.col("sold_at").max() - pl.duration(days=holdout_days)
    marked = sold.with_columns(split=pl.when(held_out).then(pl.lit("holdout")).otherwise(pl.lit("train")))
    usual = marked.filter(pl.col("split") == "train")[LABEL].mean()
    return marked.with_columns(usual_price=pl.lit(usual, dtype=pl.Float64))


@ms.step
def train(table: pl.DataFrame, *, trees: int = 150, learning_rate: float = 0.1) -> ms.Model:
    """Boosted trees on the rows that are not held out."""
    rows = table.filter(pl.col("split") == "train")
    estimator = GradientBoostingRegressor(
        n_estimators=trees, learning_rate=learning_rate, max_depth=3, subsample=0.8, random_state=7
    )
    estimator.fit(features(rows).to_numpy(), rows[LABEL].to_numpy())
    splits = {name: table.filter(pl.col("split") == name)["_row_id"] for name in ("train", "holdout")}
    return ms.Model(estimator, transform=features, example=rows.select(INPUTS).head(5), splits=splits, dataset="houses")


@ms.step
def evaluate(model: ms.Model, table: pl.DataFrame) -> ms.Evaluation:
    """The model beside a trivial one, every house costs the usual price, on the held-out days, by district."""
    held_out = table.filter(pl.col("split") == "holdout")
    return ms.evaluate(model, held_out, label=LABEL, at="sold_at", by="district", baseline="usual_price")


@ms.pipeline
def house_prices(houses: ms.Dataset, *, holdout_days: int = 90, trees: int = 150, learning_rate: float = 0.1):
    """Train a model of the price and judge it on days it has not seen."""
    table = prepare(validate(extract(houses)), holdout_days=holdout_days)
    model = train(table, trees=trees, learning_rate=learning_rate)
    return {"model": model, "evaluation": evaluate(model, table)}
