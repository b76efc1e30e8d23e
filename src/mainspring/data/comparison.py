"""What differs between two versions of a dataset: parts, columns, and what the values are like."""

from collections.abc import Iterator

from mainspring.domain.dataset import ColumnChange, DatasetDiff, DatasetVersion, SchemaChange
from mainspring.domain.profile import QUANTILES, ColumnProfile, Profile

__all__ = ["compare_versions"]

_NOTABLE_SHARE = 0.005
_NOTABLE_RELATIVE = 0.01


def compare_versions(base: DatasetVersion, other: DatasetVersion, *, before: Profile, after: Profile) -> DatasetDiff:
    """What `other` has that `base` has not, and the reverse; small changes of shares and values are left out.

    Shares of nulls and categories count from 0.5 percentage points on; means and quantiles from 1 % of the column's
    5 to 95 % range on.
    """
    ours = {part.digest: part.rows for part in base.parts}
    theirs = {part.digest: part.rows for part in other.parts}
    shared = ours.keys() & theirs.keys()
    names = [column.name for column in before.columns]
    changes = [
        change
        for name in names
        if (old := before.column(name)) and (new := after.column(name)) and old.type == new.type
        for change in _column_changes(old, new)
    ]
    return DatasetDiff(
        dataset=other.dataset,
        base=base.number,
        other=other.number,
        identical=base.digest == other.digest,
        rows_before=base.rows,
        rows_after=other.rows,
        rows_added=sum(rows for digest, rows in theirs.items() if digest not in shared),
        rows_removed=sum(rows for digest, rows in ours.items() if digest not in shared),
        parts_shared=len(shared),
        parts_added=len(theirs) - len(shared),
        parts_removed=len(ours) - len(shared),
        schema_changes=tuple(_schema_changes(before, after)),
        column_changes=tuple(changes),
    )


def _schema_changes(before: Profile, after: Profile) -> Iterator[SchemaChange]:
    for column in before.columns:
        new = after.column(column.name)
        if new is None:
            yield SchemaChange(column=column.name, before=column.type, after="")
        elif new.type != column.type:
            yield SchemaChange(column=column.name, before=column.type, after=new.type)
    for column in after.columns:
        if before.column(column.name) is None:
            yield SchemaChange(column=column.name, before="", after=column.type)


def _column_changes(old: ColumnProfile, new: ColumnProfile) -> Iterator[ColumnChange]:
    if abs(new.stats.null_share - old.stats.null_share) >= _NOTABLE_SHARE:
        yield ColumnChange(
            column=old.name, measure="null_share", before=old.stats.null_share, after=new.stats.null_share
        )
    yield from _moved(old, new)
    shares_before, shares_after = _shares(old), _shares(new)
    for value in {**shares_before, **shares_after}:
        # A value missing from one list may only have fallen out of its top, so it is compared where the list is complete.
        complete = len(shares_before) == old.distinct and len(shares_after) == new.distinct
        if not complete and not (value in shares_before and value in shares_after):
            continue
        share_before, share_after = shares_before.get(value, 0.0), shares_after.get(value, 0.0)
        if abs(share_after - share_before) >= _NOTABLE_SHARE:
            yield ColumnChange(column=old.name, measure=f"share of {value}", before=share_before, after=share_after)


def _moved(old: ColumnProfile, new: ColumnProfile) -> Iterator[ColumnChange]:
    if not old.quantiles or not new.quantiles:
        return
    notable = _NOTABLE_RELATIVE * (old.quantiles[7] - old.quantiles[1])
    pairs = [("mean", old.stats.mean, new.stats.mean)]
    pairs += [(f"q{round(q * 100):02d}", a, b) for q, a, b in zip(QUANTILES, old.quantiles, new.quantiles, strict=True)]
    for measure, a, b in pairs:
        if a is not None and b is not None and abs(b - a) > notable:
            yield ColumnChange(column=old.name, measure=measure, before=a, after=b)


def _shares(column: ColumnProfile) -> dict[str, float]:
    return {top.value: top.count / column.stats.count for top in column.top}
