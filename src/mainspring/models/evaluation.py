"""A model judged on rows it was not trained on, beside an opponent on the same rows; public as `ms.evaluate`."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mainspring.domain.gate import Evaluation
from mainspring.domain.verdict import Check
from mainspring.models.errors import RowsUnusable
from mainspring.models.model import Model
from mainspring.stats import reference
from mainspring.stats.paired import Interval, by_group, paired

__all__ = ["compare_predictions", "evaluate", "with_reference"]

METRIC = "mae"


def evaluate(
    model: Model,
    rows: pl.DataFrame,
    *,
    label: str,
    at: str,
    baseline: str | float,
    by: str = "",
    error_rate: float = 0.05,
) -> Evaluation:
    """The model's absolute error on held-out rows beside a trivial baseline's, paired, by day of `at` and by group.

    baseline: a column that is taken as the prediction, or one number for all rows, such as the mean of the training rows.
    Rows without a label are left out. Each bound is one-sided at `error_rate`; those of all groups hold together.
    Raises RowsUnusable for a missing column or no row with a label.
    """
    needed = [label, at, *([by] if by else []), *([baseline] if isinstance(baseline, str) else [])]
    judged = _labelled(rows, label=label, needed=needed)
    if isinstance(baseline, str):
        opponent, name = judged[baseline].cast(pl.Float64).fill_null(0.0).to_numpy(), f"the column {baseline}"
    else:
        opponent, name = np.full(judged.height, float(baseline)), f"the constant {baseline:.6g}"
    return compare_predictions(
        judged,
        model=model.predict(judged),
        opponent=opponent,
        opponent_name=name,
        label=label,
        at=at,
        by=by,
        error_rate=error_rate,
    )


def compare_predictions(
    rows: pl.DataFrame,
    *,
    model: NDArray[np.float64],
    opponent: NDArray[np.float64],
    opponent_name: str,
    label: str,
    at: str,
    by: str = "",
    error_rate: float = 0.05,
) -> Evaluation:
    """Two sets of predictions for the same labelled rows, compared; `model` and `opponent` have shape (rows,)."""
    outcome = rows[label].cast(pl.Float64).to_numpy()
    at_ms = _times(rows[at])
    for name, predictions in (("the model", model), (opponent_name, opponent)):
        if not np.isfinite(predictions).all():
            raise RowsUnusable(
                reason=f"{name} answers {int((~np.isfinite(predictions)).sum())} of them with no finite number"
            )
    error, other = np.abs(model - outcome), np.abs(opponent - outcome)
    difference = error - other
    overall = paired(difference, at_ms, error_rate=error_rate)
    checks = [_check("", overall)]
    if by:
        groups = rows[by].cast(pl.String).fill_null("(missing)").to_list()
        checks += [
            _check(group, found) for group, found in by_group(difference, at_ms, groups, error_rate=error_rate).items()
        ]
    return Evaluation(
        metric=METRIC,
        label=label,
        at=at,
        opponent=opponent_name,
        rows=rows.height,
        blocks=overall.blocks,
        model_error=float(error.mean()),
        opponent_error=float(other.mean()),
        by=by,
        checks=tuple(checks),
        error_rate=error_rate,
    )


def with_reference(model: Model, rows: pl.DataFrame, *, label: str, at: str, held_out: pl.Expr) -> Model:
    """The model, carrying what `rows` were like: inputs, predictions, and its error where `held_out` says so.

    It is what a monitor measures drift against; `at` gives the days whose spread scales every test.
    """
    _labelled(rows, label=label, needed=[label, at])
    predictions = model.predict(rows)
    counted = rows.select(known=held_out & pl.col(label).is_not_null())["known"].fill_null(value=False).to_numpy()
    outcome = rows[label].cast(pl.Float64).to_numpy()
    errors = np.where(counted, predictions - outcome, np.nan)
    inputs = rows.select(model.example.columns)
    model.reference = reference.build(inputs, predictions, _times(rows[at]), errors=errors)
    return model


def _labelled(rows: pl.DataFrame, *, label: str, needed: list[str]) -> pl.DataFrame:
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        raise RowsUnusable(reason=f"they have no column '{missing[0]}'")
    judged = rows.filter(pl.col(label).is_not_null())
    if judged.is_empty():
        raise RowsUnusable(reason=f"none has a value in '{label}'")
    return judged


def _times(column: pl.Series) -> NDArray[np.int64]:
    if not column.dtype.is_temporal():
        raise RowsUnusable(reason=f"'{column.name}' holds no times but {column.dtype}")
    return column.cast(pl.Datetime("ms")).dt.epoch("ms").to_numpy()


def _check(group: str, found: Interval) -> Check:
    return Check(
        name=f"{METRIC} difference",
        group=group,
        value=found.mean,
        low=found.low,
        high=found.high,
        n=found.rows,
        passed=True,
        message="",
    )
