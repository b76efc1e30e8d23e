"""What a window holds: which rows belong to it, their counts, and their errors once the labels are there."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mainspring.domain.monitor import Monitor, Policy
from mainspring.domain.reference import Reference
from mainspring.domain.window import Tally, Test, Window
from mainspring.monitoring.tables import Stored
from mainspring.stats import drift, performance
from mainspring.stats.tally import tally, with_errors

__all__ = ["YEAR_MS", "close", "mature", "rows_of"]

YEAR_MS = 365 * 86_400_000
_TESTS_KEPT = 60


def rows_of(predictions: pl.DataFrame, version: int, *, start_ms: int, end_ms: int) -> pl.DataFrame:
    """What one version answered in a span, each prediction once: `prediction_id`, `prediction` and the inputs.

    Inputs are those of the row that was answered to the caller, whoever answered it; a version answers in shadow too.
    """
    inside = predictions.filter(pl.col("at_ms").is_between(start_ms, end_ms, closed="left"))
    answered = inside.filter(pl.col("version") == version).unique("prediction_id", keep="first", maintain_order=True)
    own = {"request_id", "row", "at_ms", "variant", "model", "version", "role", "prediction"}
    served = inside.sort(pl.col("role") != "live", maintain_order=True).unique(
        "prediction_id", keep="first", maintain_order=True
    )
    inputs = served.drop([name for name in served.columns if name in own])
    return answered.select("prediction_id", "prediction").join(inputs, on="prediction_id", maintain_order="left")


def close(
    monitor: Monitor, reference: Reference, earlier: Sequence[Tally], rows: pl.DataFrame, *, start_ms: int
) -> Stored:
    """The window that starts at `start_ms`, counted and tested for drift together with the `earlier` ones before it."""
    policy = monitor.policy
    counted = tally(reference, rows, rows["prediction"].to_numpy())
    recent = [*earlier, counted]
    level = _level(policy)
    tests: list[Test] = []
    if counted.rows:
        tests += drift.look(
            reference,
            recent,
            subject="prediction",
            horizons=policy.lasting_days,
            level=level,
            least_effect=policy.least_effect,
        )
        tests += drift.look(
            reference,
            recent,
            subject="input",
            horizons=policy.input_days,
            level=level,
            least_effect=policy.least_effect,
        )
    window = Window(
        monitor=monitor.name,
        start_ms=start_ms,
        end_ms=start_ms + policy.window_ms,
        version=monitor.version,
        state="closed",
        rows=counted.rows,
        tests=tuple(tests[:_TESTS_KEPT]),
    )
    return Stored(reference=monitor.reference, window=window, tally=counted)


def mature(
    policy: Policy,
    reference: Reference,
    earlier: Sequence[Tally],
    stored: Stored,
    rows: pl.DataFrame,
    feedback: pl.DataFrame,
) -> tuple[Stored, list[Test]]:
    """The window with the errors of its labelled rows, and the tests of them together with the `earlier` ones.

    Of several labels for a prediction the latest counts; labels of predictions that are not in the window are ignored.
    """
    labels = feedback.sort("at_ms", maintain_order=True).unique("prediction_id", keep="last", maintain_order=True)
    judged = rows.join(labels.select("prediction_id", "label"), on="prediction_id", maintain_order="left")
    errors = (judged["prediction"].cast(pl.Float64) - judged["label"].cast(pl.Float64)).to_numpy()
    counted = with_errors(stored.tally, errors.astype(np.float64))
    window = stored.window
    error = counted.error_sum / counted.labelled if counted.labelled else None
    expected = limit = None
    tests: list[Test] = []
    days = policy.lasting_days[0]
    if reference.error is not None:
        expected = reference.error.mean
        level = _level(policy)
        if counted.labelled:
            tests = performance.look(
                reference.error,
                [*earlier, counted],
                horizons=policy.lasting_days,
                level=level,
                least_effect=policy.least_effect,
            )
            limit = performance.limit(
                reference.error, [counted.labelled] * days, horizons=policy.lasting_days, level=level
            )
    matured = Window(
        monitor=window.monitor,
        start_ms=window.start_ms,
        end_ms=window.end_ms,
        version=window.version,
        state="matured",
        rows=window.rows,
        labelled=counted.labelled,
        error=error,
        expected=expected,
        limit=limit,
        limit_days=days if limit is not None else 0,
        tests=(*tests, *window.tests),
    )
    return Stored(reference=stored.reference, window=matured, tally=counted), tests


def _level(policy: Policy) -> float:
    return min(policy.false_alarms * policy.window_ms / YEAR_MS, 0.5)
