"""The toy models answer what they say, and are packages like any other."""

from pathlib import Path

import polars as pl
import pytest

from mainspring.models import packages
from mainspring.testing.models import constant_model, linear_model

pytest.importorskip("sklearn")
ROWS = pl.DataFrame({"x": [0.0, 1.0, 2.0], "y": [1.0, 1.0, -1.0], "not used": ["a", "b", "c"]})


def test_constant_model_answers_its_value() -> None:
    assert constant_model(7.5).predict(ROWS).tolist() == [7.5, 7.5, 7.5]


def test_linear_model_answers_the_weighted_sum() -> None:
    assert linear_model({"x": 2.0, "y": 10.0}, intercept=1.0).predict(ROWS).tolist() == [11.0, 13.0, -5.0]


def test_toy_model_is_written_and_loaded_as_a_package(tmp_path: Path) -> None:
    model = linear_model({"x": 2.0}, intercept=1.0)

    packages.write(model, tmp_path / "package")

    assert packages.load(tmp_path / "package").predict(ROWS).tolist() == model.predict(ROWS).tolist()
