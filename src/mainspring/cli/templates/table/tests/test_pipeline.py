"""The steps, called as the plain functions they are."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pipeline import INPUTS, prepare, train, validate

from features import features

DATA = Path(__file__).parents[1] / "data" / "houses.csv"


@pytest.fixture(scope="module")
def houses() -> pl.DataFrame:
    """The rows as a dataset gives them: with the id that each row has."""
    return pl.read_csv(DATA, try_parse_dates=True).with_row_index("_row_id").cast({"_row_id": pl.Int64})


def test_too_few_houses_are_refused(houses: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="too few"):
        validate(houses.head(10))


def test_free_house_is_refused(houses: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="sold for nothing"):
        validate(houses.with_columns(price=pl.lit(0.0)))


def test_held_out_days_are_the_last_ones(houses: pl.DataFrame) -> None:
    table = prepare(houses, holdout_days=30)
    held_out, rest = table.filter(split="holdout"), table.filter(split="train")

    assert held_out["sold_at"].min() > rest["sold_at"].max()
    assert held_out.height + rest.height == houses.height


def test_unknown_district_has_features_too(houses: pl.DataFrame) -> None:
    row = houses.head(1).with_columns(district=pl.lit("moon"))

    assert features(row).null_count().sum_horizontal().item() == 0


def test_larger_house_costs_more(houses: pl.DataFrame) -> None:
    model = train(prepare(houses), trees=50)
    house = houses.head(1).select(INPUTS)
    small, large = house.with_columns(area_m2=pl.lit(50.0)), house.with_columns(area_m2=pl.lit(150.0))

    assert np.all(model.predict(large) > model.predict(small))
