"""A batch against a schema: every rule of every column, all violations, with counts and example rows."""

import math
from collections.abc import Iterator

import polars as pl

from mainspring.data.alignment import align
from mainspring.data.columns import column_type, to_value
from mainspring.data.inference import scale_quantiles
from mainspring.domain.schema import ColumnSchema, Example, Rule, Schema, Violation

__all__ = ["validate_frame"]

_EXAMPLES = 5
_SHOWN = 5
_TEXT = 80


def validate_frame(
    frame: pl.DataFrame, schema: Schema, *, earlier: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, tuple[Violation, ...]]:
    """The canonical `frame` with the schema's columns, order and types, and what it breaks.

    `earlier` has the key columns of the rows that the batch joins. Violations come in the order of the schema's columns,
    then the batch's; without any, the frame is ready to be stored.
    """
    batch = _Batch(frame, schema)
    violations: list[Violation] = []
    aligned: list[pl.Series] = []
    for column in schema.columns:
        if column.name not in frame.columns:
            violations.append(batch.missing(column))
            continue
        values, wrong = align(frame[column.name], column.type)
        aligned.append(values)
        violations += batch.check_column(column, values, wrong)
    violations += batch.unexpected()
    out = pl.DataFrame(aligned)
    if schema.key and set(schema.key) <= set(out.columns):
        violations += batch.check_key(out, earlier)
    return out, tuple(violations)


class _Batch:
    def __init__(self, frame: pl.DataFrame, schema: Schema) -> None:
        self.frame = frame
        self.schema = schema
        self.t = schema.thresholds
        shown = [*schema.key, schema.event_time] if schema.event_time else [*schema.key]
        self.shown = [name for name in shown if name in frame.columns]

    def missing(self, column: ColumnSchema) -> Violation:
        return Violation(
            column=column.name,
            rule="missing",
            count=self.frame.height,
            share=1.0,
            message=f"the column '{column.name}' is missing",
        )

    def unexpected(self) -> Iterator[Violation]:
        promised = {column.name for column in self.schema.columns}
        for name in self.frame.columns:
            if name not in promised:
                message = f"the schema has no column '{name}'"
                yield self._violation(name, "unexpected", pl.repeat(True, self.frame.height, eager=True), message)

    def check_column(self, column: ColumnSchema, values: pl.Series, wrong: pl.Series) -> Iterator[Violation]:
        if wrong.any():
            found = column_type(self.frame[column.name].dtype)
            what = f"values that are not {column.type}" if found != column.type else "values of another type"
            yield self._violation(column.name, "type", wrong, f"{self._count(wrong)} are {what}")
        yield from self._check_nulls(column, values, wrong)
        if column.categories is not None:
            yield from self._check_domain(column, values)
        if values.dtype in (pl.Int64, pl.Float64):
            yield from self._check_numbers(column, values)

    def _check_nulls(self, column: ColumnSchema, values: pl.Series, wrong: pl.Series) -> Iterator[Violation]:
        nulls = values.is_null() & ~wrong
        required = column.name == self.schema.event_time or column.name in self.schema.key
        limit = 0.0 if required else column.null_limit
        if not self._beyond(nulls, limit):
            return
        rule: Rule = "event_time" if column.name == self.schema.event_time else "null"
        yield self._violation(column.name, rule, nulls, f"{self._count(nulls)} are null, {_allowed(limit)}")

    def _check_domain(self, column: ColumnSchema, values: pl.Series) -> Iterator[Violation]:
        unknown = (~values.is_in(list(column.categories or ()))).fill_null(value=False)
        if self._beyond(unknown, column.new_limit, of=len(values) - values.null_count()):
            found = values.filter(unknown).unique(maintain_order=True).to_list()
            shown = ", ".join(repr(text[:_TEXT]) for text in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            message = f"{self._count(unknown)} are unknown categories ({shown}{more}), {_allowed(column.new_limit)}"
            yield self._violation(column.name, "category", unknown, message)

    def _check_numbers(self, column: ColumnSchema, values: pl.Series) -> Iterator[Violation]:
        infinite = values.is_infinite().fill_null(value=False)
        if infinite.any():
            yield self._violation(column.name, "infinite", infinite, f"{self._count(infinite)} are infinite")
        low = -math.inf if column.minimum is None else column.minimum
        high = math.inf if column.maximum is None else column.maximum
        outside = ((values < low) | (values > high)).fill_null(value=False) & ~infinite
        if self._beyond(outside, column.outside_limit, of=len(values) - values.null_count()):
            worst = values.filter(outside)
            message = (
                f"{self._count(outside)} lie {_outside(low, high)} "
                f"(from {worst.min()!r} to {worst.max()!r}), {_allowed(column.outside_limit)}"
            )
            yield self._violation(column.name, "range", outside, message)
        if column.scale is not None:
            yield from self._check_unit(column, values, infinite)

    def _check_unit(self, column: ColumnSchema, values: pl.Series, infinite: pl.Series) -> Iterator[Violation]:
        """A change of unit multiplies every quantile by one factor; honest change does not (see ScaleRule)."""
        numbers = values.filter(~infinite).drop_nulls()
        if column.scale is None or len(numbers) < self.t.unit_rows:
            return
        found = scale_quantiles(numbers)
        pairs = [(a, b) for a, b in zip(column.scale.quantiles, found, strict=True) if a > 0 and b > 0]
        if len(pairs) < 3:
            return
        factor, unlike = _common([math.log(b / a) for a, b in pairs])
        _, unlike_sum = _common([b - a for a, b in pairs])
        # A warmer month adds the same everywhere, a unit multiplies by the same: it must be the factor that fits.
        if unlike < min(column.scale.spread, unlike_sum / 2) and abs(factor) > math.log(max(column.scale.factor, 1.0)):
            message = (
                f"values are {_times(math.exp(factor))} what they were at every quantile "
                f"(median size {found[2]:g} against {column.scale.quantiles[2]:g}): another unit?"
            )
            yield self._violation(column.name, "unit", values.is_not_null(), message)

    def check_key(self, aligned: pl.DataFrame, earlier: pl.DataFrame | None) -> Iterator[Violation]:
        keys = aligned.select(self.schema.key)
        twice = keys.is_duplicated()
        if earlier is not None:
            known = earlier.select(self.schema.key).unique().with_columns(_known=True)
            if all(known.schema[name] == keys.schema[name] for name in self.schema.key):
                joined = keys.join(known, on=self.schema.key, how="left", maintain_order="left")
                twice = twice | joined["_known"].is_not_null()
        if twice.any():
            name = ", ".join(self.schema.key)
            yield self._violation(name, "key", twice, f"{self._count(twice)} have a key that another row has")

    def _beyond(self, rows: pl.Series, limit: float, *, of: int | None = None) -> bool:
        """Whether more rows are marked than the limit and chance allow; a limit of 0 allows none."""
        count, n = int(rows.sum()), len(rows) if of is None else of
        limit = min(max(limit, 0.0), 1.0)
        chance = self.t.sigmas * math.sqrt(n * limit * (1 - limit)) + 1
        return count > 0 if limit == 0 else count > n * limit + chance

    def _count(self, rows: pl.Series) -> str:
        count = int(rows.sum())
        return f"{count:,} of {len(rows):,} values ({count / len(rows):.1%})"

    def _violation(self, name: str, rule: Rule, rows: pl.Series, message: str) -> Violation:
        count = int(rows.sum())
        columns = [column for column in name.split(", ") if column in self.frame.columns] if rule == "key" else [name]
        picked = self.frame.select(list(dict.fromkeys([*columns, *self.shown]))).with_row_index("_row", offset=1)
        examples = tuple(
            Example(row=row["_row"], values={k: _short(to_value(v)) for k, v in row.items() if k != "_row"})
            for row in picked.filter(rows).head(_EXAMPLES).iter_rows(named=True)
        )
        return Violation(
            column=name, rule=rule, count=count, share=count / len(rows), message=message, examples=examples
        )


def _common(changes: list[float]) -> tuple[float, float]:
    """The mean of the changes, and their range in units of it: 0 where all are alike."""
    mean = sum(changes) / len(changes)
    return mean, (max(changes) - min(changes)) / abs(mean) if mean else math.inf


def _short(value: bool | int | float | str | None) -> bool | int | float | str | None:
    return value[:_TEXT] if isinstance(value, str) else value


def _allowed(limit: float) -> str:
    return "none is allowed" if limit == 0 else f"about {limit:.2%} are allowed"


def _outside(low: float, high: float) -> str:
    if math.isinf(low):
        return f"above {high:g}"
    return f"below {low:g}" if math.isinf(high) else f"outside of {low:g} to {high:g}"


def _times(factor: float) -> str:
    return f"{factor:.3g} times" if factor >= 1 else f"1/{1 / factor:.3g} of"
