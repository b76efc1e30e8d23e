"""Tallies: exact counts of a window on the bins of its reference, which merge by addition."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mainspring.domain.reference import ColumnReference, Reference
from mainspring.domain.window import ColumnTally, Tally
from mainspring.stats import bins, columns

__all__ = ["merge", "tally", "with_errors"]


def tally(reference: Reference, inputs: pl.DataFrame, predictions: NDArray[np.float64]) -> Tally:
    """The counts of one window. A column that the frame lacks counts as all null; one it has in excess is ignored.

    inputs, predictions: the same rows, none at all included. Unseen categories are counted as other; text in a column of
    numbers is a null.
    """
    counted = [
        _counts(column, inputs.get_column(column.name) if column.name in inputs.columns else None, inputs.height)
        for column in reference.columns
    ]
    predicted = pl.Series("prediction", np.asarray(predictions, dtype=np.float64).ravel())
    return Tally(
        rows=inputs.height,
        columns=tuple(counted),
        prediction=_counts(reference.prediction, predicted, inputs.height),
    )


def with_errors(tallied: Tally, errors: NDArray[np.float64]) -> Tally:
    """The same window with its matured errors (prediction minus label, one for each labelled row)."""
    size = np.abs(errors[np.isfinite(errors)])
    return Tally(
        rows=tallied.rows,
        columns=tallied.columns,
        prediction=tallied.prediction,
        labelled=len(size),
        error_sum=float(size.sum()),
        error_squares=float((size**2).sum()),
    )


def merge(a: Tally, b: Tally) -> Tally:
    """The tally of both windows together; both were made with the same reference."""
    return Tally(
        rows=a.rows + b.rows,
        columns=tuple(_add(x, y) for x, y in zip(a.columns, b.columns, strict=True)),
        prediction=_add(a.prediction, b.prediction),
        labelled=a.labelled + b.labelled,
        error_sum=a.error_sum + b.error_sum,
        error_squares=a.error_squares + b.error_squares,
    )


def _add(a: ColumnTally, b: ColumnTally) -> ColumnTally:
    return ColumnTally(counts=tuple(x + y for x, y in zip(a.counts, b.counts, strict=True)), nulls=a.nulls + b.nulls)


def _counts(column: ColumnReference, series: pl.Series | None, rows: int) -> ColumnTally:
    if series is None or not column.counts:
        nulls = rows if series is None else series.null_count()
        return ColumnTally(counts=(0,) * len(column.counts), nulls=nulls)
    if column.kind == "number":
        values = columns.numbers(series)
        known = values[~np.isnan(values)]
        found = bins.count(known, np.array(column.edges))
        return ColumnTally(counts=tuple(found.tolist()), nulls=rows - len(known))
    texts = columns.categories(series)
    by_name = dict(columns.names(texts))
    if column.buckets:
        hashed = [0] * len(column.counts)
        for name, found_rows in by_name.items():
            hashed[columns.bucket(name, column.buckets)] += found_rows
        return ColumnTally(counts=tuple(hashed), nulls=texts.null_count())
    known_counts = [by_name.pop(name, 0) for name in column.categories]
    return ColumnTally(counts=(*known_counts, sum(by_name.values())), nulls=texts.null_count())
