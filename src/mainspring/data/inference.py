"""A schema from a first batch: wide enough for honest later batches, narrow enough for a broken one to stand out.

How honest batches differ is learned from the reference itself: it is cut into blocks in order of event time, and the
limits are set beyond what the blocks do among themselves. The thresholds are fields of `Schema.thresholds`.
"""

import math
from itertools import pairwise

import msgspec
import polars as pl

from mainspring.data.columns import column_type
from mainspring.domain.schema import ColumnSchema, ScaleRule, Schema, Thresholds

__all__ = ["SCALE_QUANTILES", "infer_schema", "scale_quantiles"]

SCALE_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def infer_schema(
    frame: pl.DataFrame, *, event_time: str = "", key: tuple[str, ...] = (), thresholds: Thresholds | None = None
) -> Schema:
    """The schema of a canonical frame; `thresholds` are the defaults where None."""
    t = thresholds or Thresholds()
    ordered = frame.sort(event_time, maintain_order=True, nulls_last=True) if event_time else frame
    count = min(t.blocks, frame.height // t.block_rows)
    # A small table is cut in three to see whether a column moves with time; that is too little to learn a spread from.
    edges = [i * frame.height // max(count, 3) for i in range(max(count, 3) + 1)]
    columns = tuple(
        _infer_column(column, edges, t=t, required=column.name in (event_time, *key), spread=count >= 3)
        for column in ordered.iter_columns()
    )
    return Schema(columns=columns, event_time=event_time, key=key, thresholds=t)


def scale_quantiles(values: pl.Series) -> tuple[float, ...]:
    """Quantiles of |x| at SCALE_QUANTILES of numbers without nulls, at least one."""
    size = values.abs().cast(pl.Float64).sort()
    return tuple(float(size[round(q * (len(size) - 1))]) for q in SCALE_QUANTILES)


def _infer_column(column: pl.Series, edges: list[int], *, t: Thresholds, required: bool, spread: bool) -> ColumnSchema:
    kind = column_type(column.dtype)
    blocks = [column.slice(start, end - start) for start, end in pairwise(edges)]
    limit = 0.0 if required else _null_limit(column, blocks if spread else [column], t=t)
    base = ColumnSchema(name=column.name, type=kind, null_limit=limit)
    values = column.drop_nulls()
    if values.is_empty():
        return base
    if kind == "string":
        return _with_domain(base, values, t=t)
    if kind in ("int", "float"):
        return _with_range(base, values.filter(values.is_finite()), blocks, t=t, spread=spread)
    return base


def _null_limit(column: pl.Series, blocks: list[pl.Series], *, t: Thresholds) -> float:
    if column.null_count() == 0:
        return min(1.0, max(t.null_never, 3 / len(column)))
    worst = max(block.null_count() / len(block) for block in blocks)
    if worst == 1.0:
        return 1.0
    odds = t.null_odds * worst / (1 - worst)
    return max(t.null_floor, odds / (1 + odds), 3 / len(column) if len(column) > 3 else 1.0)


def _with_domain(base: ColumnSchema, values: pl.Series, *, t: Thresholds) -> ColumnSchema:
    distinct = values.unique()
    if len(distinct) > t.categories or len(values) < 5 * len(distinct):
        return base
    half = len(values) // 2
    known = values.head(half).unique()
    openness = float((~values.slice(half).is_in(known.to_list())).mean() or 0.0)  # type: ignore[arg-type]  # a share
    if openness > t.openness:
        return base
    floor = t.new_category_open_floor if openness else t.new_category_floor
    limit = min(1.0, max(floor, t.new_category_odds * openness, 3 / len(values)))
    return _replace(base, categories=tuple(sorted(distinct.to_list())), new_limit=limit)


def _with_range(
    base: ColumnSchema, values: pl.Series, blocks: list[pl.Series], *, t: Thresholds, spread: bool
) -> ColumnSchema:
    distinct = values.n_unique()
    finite = [block.drop_nulls() for block in blocks]
    finite = [block.filter(block.is_finite()) for block in finite]
    if distinct < 2 or len(values) < t.range_rows or _trend(values, finite) > t.trend_share:
        return base
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]  # not empty, so numbers
    margin = t.range_margin * (high - low)
    ranged = _replace(
        base,
        minimum=max(0.0, low - margin) if low >= 0 else low - margin,
        maximum=min(0.0, high + margin) if high <= 0 else high + margin,
        outside_limit=min(1.0, max(t.outside_limit, 3 / len(values))),
    )
    if distinct < t.unit_distinct or not spread:
        return ranged
    medians = [math.log(m) for block in finite if not block.is_empty() and (m := scale_quantiles(block)[2]) > 0]
    if len(medians) < 3:
        return ranged
    between = float(pl.Series(medians).std() or 0.0)  # type: ignore[arg-type]  # of numbers
    least = t.unit_factor_signed if low < 0 < high else t.unit_factor
    factor = max(least, math.exp(t.unit_sigmas * between))
    return _replace(ranged, scale=ScaleRule(quantiles=scale_quantiles(values), factor=factor, spread=t.unit_spread))


def _trend(values: pl.Series, blocks: list[pl.Series]) -> float:
    """The share of the variance that lies between blocks (eta squared); 0 without blocks."""
    numbers = values.cast(pl.Float64)
    mean = float(numbers.mean())  # type: ignore[arg-type]  # not empty, so a number
    total = float(((numbers - mean) ** 2).sum())
    means = [(len(block), float(block.cast(pl.Float64).mean())) for block in blocks if not block.is_empty()]  # type: ignore[arg-type]
    between = sum(size * (of_block - mean) ** 2 for size, of_block in means)
    return between / total if total > 0 else 0.0


def _replace(base: ColumnSchema, **changes: object) -> ColumnSchema:
    return msgspec.structs.replace(base, **changes)
