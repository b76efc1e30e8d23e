"""Toy models: real packages of a few hundred bytes whose answers are known beforehand. They need the extra `ml`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mainspring.kernel.errors import need

if TYPE_CHECKING:
    from mainspring.models.model import Model

__all__ = ["constant_model", "linear_model"]


def constant_model(value: float, *, columns: Sequence[str] = ("x",)) -> "Model":
    """A regression model that answers `value` for every row of `columns`."""
    dummy = need("sklearn.dummy", extra="ml")
    weights = dict.fromkeys(columns, 0.0)
    estimator = dummy.DummyRegressor(strategy="constant", constant=value)
    return _model(estimator.fit([list(weights.values())], [value]), columns=list(columns))


def linear_model(weights: Mapping[str, float], *, intercept: float = 0.0) -> "Model":
    """A regression model that answers `intercept` plus the weighted sum of the columns that `weights` names."""
    linear = need("sklearn.linear_model", extra="ml")
    numpy = need("numpy", extra="ml")
    estimator = linear.LinearRegression()
    estimator.fit(numpy.zeros((2, len(weights))), numpy.zeros(2))
    estimator.coef_ = numpy.array(list(weights.values()), dtype=numpy.float64)
    estimator.intercept_ = float(intercept)
    return _model(estimator, columns=list(weights))


def _model(estimator: object, *, columns: list[str]) -> "Model":
    # Imported here: a test that needs only a workspace or a clock does not wait for polars and the registry.
    import polars as pl

    from mainspring.models.model import Model

    return Model(estimator, example=pl.DataFrame({column: [0.0, 1.0] for column in columns}))
