"""What `diff` tells."""

import polars as pl

from mainspring import data
from mainspring.domain.dataset import ColumnChange
from mainspring.workspace import Workspace


def test_an_append_shares_its_parts_and_shows_what_moved(ws: Workspace) -> None:
    first = pl.DataFrame({"x": [float(i) for i in range(100)], "c": ["a", "b"] * 50})
    data.add(ws, "t", first)
    data.add(ws, "t", first.with_columns(pl.col("x") + 50.5, c=pl.lit("a")))
    diff = data.diff(ws, "t", base=1, other=2)
    assert (diff.rows_before, diff.rows_added, diff.rows_removed, diff.rows_after) == (100, 100, 0, 200)
    assert (diff.parts_shared, diff.parts_added, diff.parts_removed, diff.identical) == (1, 1, 0, False)
    changes = {(change.column, change.measure): change for change in diff.column_changes}
    assert changes["x", "mean"] == ColumnChange(column="x", measure="mean", before=49.5, after=74.75)
    assert changes["c", "share of a"].after == 0.75
    assert diff.schema_changes == ()


def test_a_version_is_identical_to_itself_and_a_replacement_removes_parts(ws: Workspace) -> None:
    data.add(ws, "t", pl.DataFrame({"x": [1, 2, None]}))
    assert data.diff(ws, "t").identical
    data.add(ws, "t", pl.DataFrame({"x": [1, 2, 3]}), mode="replace")
    diff = data.diff(ws, "t")
    assert (diff.base, diff.other, diff.parts_removed, diff.rows_removed, diff.rows_added) == (1, 2, 1, 3, 3)
    assert [change.measure for change in diff.column_changes if change.measure == "null_share"] == ["null_share"]
