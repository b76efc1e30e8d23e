"""The point-in-time join: each row gets the newest fact that was known when it happened, and nothing from its future."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from mainspring.features.errors import JoinInvalid

__all__ = ["join_asof"]

_ROW = "_asof_row"
_AT = "_asof_at"


def join_asof(
    rows: pl.DataFrame,
    facts: pl.DataFrame,
    *,
    by: str | Sequence[str],
    at: str,
    known_at: str,
    tolerance: timedelta | None = None,
) -> pl.DataFrame:
    """`rows`, unchanged in order and number, with the other columns of the newest fact known at `rows[at]`.

    A fact fits a row when all `by` columns are equal and `facts[known_at] <= rows[at]`, within `tolerance` (both ends
    included). Of facts known at the same moment the last one in `facts` is taken. Rows without a fact, with a null key
    or a null time get nulls; facts with a null key or time fit nobody. `known_at` itself is not joined; join a copy of it
    where it is wanted. Times of both sides are of one type. Raises JoinInvalid for a missing column, one that both sides
    have, or times of two types. O((n + m) log(n + m)).
    """
    keys = [by] if isinstance(by, str) else list(by)
    _check(rows, facts, keys=keys, at=at, known_at=known_at)
    complete = pl.all_horizontal(pl.col(*keys, known_at).is_not_null())
    known = facts.filter(complete).rename({known_at: _AT}).sort(_AT, maintain_order=True)
    numbered = rows.with_row_index(_ROW).with_columns(pl.col(at).alias(_AT))
    askable = pl.all_horizontal(pl.col(*keys, _AT).is_not_null())
    # Sorted on both sides by us, so polars need not check each group; `keys` may be strings of two categoricals.
    joined = (
        numbered.filter(askable)
        .sort(_AT, maintain_order=True)
        .join_asof(known, on=_AT, by=keys, strategy="backward", tolerance=tolerance, check_sortedness=False)
    )
    unasked = numbered.filter(~askable)
    out = pl.concat([joined, unasked], how="diagonal") if unasked.height else joined
    return out.sort(_ROW).drop(_ROW, _AT)


def _check(rows: pl.DataFrame, facts: pl.DataFrame, *, keys: list[str], at: str, known_at: str) -> None:
    for name, frame, what in [
        (at, rows, "rows"),
        (known_at, facts, "facts"),
        *((key, rows, "rows") for key in keys),
        *((key, facts, "facts") for key in keys),
    ]:
        if name not in frame.columns:
            raise JoinInvalid(reason=f"the {what} have no column '{name}'")
    if not keys:
        raise JoinInvalid(reason="it needs at least one column in `by`")
    if rows.schema[at] != facts.schema[known_at]:
        raise JoinInvalid(reason=f"'{at}' is {rows.schema[at]} and '{known_at}' is {facts.schema[known_at]}")
    for key in keys:
        if rows.schema[key] != facts.schema[key]:
            reason = f"'{key}' is {rows.schema[key]} in the rows and {facts.schema[key]} in the facts"
            raise JoinInvalid(reason=reason)
    twice = sorted((set(facts.columns) - {*keys, known_at}) & set(rows.columns))
    if twice:
        raise JoinInvalid(reason=f"both sides have the column '{twice[0]}'")
    reserved = {_ROW, _AT} & {*rows.columns, *facts.columns}
    if reserved:
        raise JoinInvalid(reason=f"the column name '{min(reserved)}' is reserved")
