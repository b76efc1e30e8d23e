"""References: what inputs, predictions and errors of a model version were like when it was made, for drift to be measured against."""

from typing import Literal

import msgspec

__all__ = ["Baseline", "ColumnReference", "ErrorReference", "Reference"]


class Baseline(msgspec.Struct, frozen=True):
    """How one statistic of a block of rows (a day) behaves when nothing changes.

    The variance of the mean over one block of n rows is `between + within / n`; `lag` is the correlation of a block with
    the next. `blocks` is how many it was estimated from (0: rows are taken as independent), `block_rows` how many rows
    such a block had, `mean_variance` the variance of `mean` itself, `excess` the excess kurtosis of the blocks, 0 or more.
    """

    mean: float
    within: float
    between: float = 0.0
    lag: float = 0.0
    blocks: int = 0
    block_rows: float = 0.0
    mean_variance: float = 0.0
    excess: float = 0.0


class ColumnReference(msgspec.Struct, frozen=True):
    """One column: exact counts on its own bins or categories, moments, and the baselines of its statistics by name.

    Numbers: bin 0 is below the smallest value seen, then `edges[i] <= x < edges[i + 1]`, the last bin is above the largest.
    Bins that count 0 hold values unknown to the reference.
    Categories: `counts` follows `categories`, its last entry counts every other category. Where there are too many to
    name, `buckets` is not 0, and `counts` follows the CRC-32 of the category, modulo `buckets`.
    """

    name: str
    kind: Literal["number", "category"]
    count: int
    nulls: int
    counts: tuple[int, ...]
    baselines: dict[str, Baseline]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    buckets: int = 0
    mean: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    concentration: float = 1.0
    """How far the spread of the categories between blocks lies in few directions: its degrees of freedom by their number, 0 to 1."""


class ErrorReference(msgspec.Struct, frozen=True):
    """The absolute error on rows held out from training: its mean, and the baseline of the logarithm of a block's mean."""

    rows: int
    mean: float
    baseline: Baseline


class Reference(msgspec.Struct, frozen=True):
    """What a model version was made from: inputs by column, its predictions, its error on held-out rows where known.

    `format` is the version of this layout; `columns` are in the order of the frame.
    """

    rows: int
    blocks: int
    block_ms: int
    from_ms: int
    to_ms: int
    columns: tuple[ColumnReference, ...]
    prediction: ColumnReference
    error: ErrorReference | None = None
    format: int = 1
