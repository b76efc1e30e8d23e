"""Each rule of a schema by itself, on small tables."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.data.columns import DTYPES
from mainspring.data.inference import infer_schema
from mainspring.data.validation import validate_frame
from mainspring.domain.schema import ColumnSchema, ColumnType, Example, Schema, Thresholds


def one(column: ColumnSchema, **roles: object) -> Schema:
    return Schema(columns=(column,), **roles)  # type: ignore[arg-type]  # event_time and key


def found(frame: pl.DataFrame, schema: Schema) -> list[tuple[str, str, int]]:
    return [(v.column, v.rule, v.count) for v in validate_frame(frame, schema)[1]]


def test_missing_and_unexpected_columns_are_named() -> None:
    schema = one(ColumnSchema(name="a", type="int"))
    assert found(pl.DataFrame({"b": [1, 2]}), schema) == [("a", "missing", 2), ("b", "unexpected", 2)]


@pytest.mark.parametrize(
    ("values", "kind", "expected", "wrong"),
    [
        (["1", "2"], "int", [1, 2], 0),
        (["1", "x"], "int", [1, None], 1),
        (["1", "2.5", "x"], "int", [1.0, 2.5, None], 2),
        (["1", "2.5"], "float", [1.0, 2.5], 0),
        ([1.0, 2.0], "int", [1, 2], 0),
        ([1.0, 2.5], "int", [1.0, 2.5], 1),
        ([1, 2], "float", [1.0, 2.0], 0),
        ([1, 2], "string", [None, None], 2),
        ([True, None], "int", [None, None], 1),
        (["yes", "true"], "bool", [None, True], 1),
        ([None, None], "datetime", [None, None], 0),
    ],
)
def test_values_become_the_promised_type_only_where_nothing_is_lost(
    values: list[object], kind: ColumnType, expected: list[object], wrong: int
) -> None:
    column = pl.Series("a", values)
    frame = pl.DataFrame([column.cast(pl.String) if column.dtype == pl.Null else column])
    aligned, violations = validate_frame(frame, one(ColumnSchema(name="a", type=kind)))
    assert aligned["a"].to_list() == expected
    assert sum(v.count for v in violations if v.rule == "type") == wrong


def test_a_date_becomes_its_midnight() -> None:
    frame = pl.DataFrame({"a": ["2013-01-01"]}).with_columns(pl.col("a").str.to_date())
    aligned, violations = validate_frame(frame, one(ColumnSchema(name="a", type="datetime")))
    assert violations == ()
    assert str(aligned["a"][0]) == "2013-01-01 00:00:00+00:00"


def test_hard_limits_allow_nothing_and_soft_ones_their_share_and_chance() -> None:
    frame = pl.DataFrame({"a": [0.0] * 99 + [101.0]})
    hard = ColumnSchema(name="a", type="float", maximum=100.0)
    soft = ColumnSchema(name="a", type="float", maximum=100.0, outside_limit=0.001)
    assert found(frame, one(hard)) == [("a", "range", 1)]
    assert found(frame, one(soft)) == []
    assert found(pl.DataFrame({"a": [0.0] * 90 + [-1.0] * 10}), one(soft)) == []
    assert found(pl.DataFrame({"a": [200.0] * 3 + [1.0]}), one(soft)) == [("a", "range", 3)]


def test_a_limit_on_one_side_is_said_so() -> None:
    frame = pl.DataFrame({"a": [0.0, 5.0]})
    _, (above,) = validate_frame(frame, one(ColumnSchema(name="a", type="float", maximum=4.0)))
    _, (below,) = validate_frame(frame, one(ColumnSchema(name="a", type="float", minimum=1.0)))
    assert "lie above 4 (from 5.0" in above.message
    assert "lie below 1 (from 0.0" in below.message


def test_infinite_values_are_always_refused() -> None:
    frame = pl.DataFrame({"a": [1.0, float("inf"), float("-inf")]})
    assert found(frame, infer_schema(frame)) == [("a", "infinite", 2)]


def test_event_time_and_key_are_never_null_and_keys_never_twice() -> None:
    schema = Schema(
        columns=(ColumnSchema(name="id", type="int"), ColumnSchema(name="at", type="date")),
        event_time="at",
        key=("id",),
    )
    at = pl.Series("at", ["2013-01-01", None, "2013-01-02", "2013-01-03"]).str.to_date()
    frame = pl.DataFrame([pl.Series("id", [1, 2, 2, None]), at])
    assert found(frame, schema) == [("id", "null", 1), ("at", "event_time", 1), ("id", "key", 2)]
    earlier = pl.DataFrame({"id": [7, 1]})
    _, violations = validate_frame(pl.DataFrame([pl.Series("id", [1, 3]), at[2:]]), schema, earlier=earlier)
    assert violations[0].message == "1 of 2 values (50.0%) have a key that another row has"
    assert violations[0].examples == (Example(row=1, values={"id": 1, "at": "2013-01-02"}),)


def test_a_small_reference_grants_what_it_cannot_know() -> None:
    reference = pl.DataFrame({"age": [20, 40, 60], "city": ["Rome", "Oslo", "Rome"]})
    schema = infer_schema(reference)
    assert found(pl.DataFrame({"age": [25, 70, None], "city": ["Bonn", "Rome", "Oslo"]}), schema) == []
    assert found(pl.DataFrame({"age": [-5] * 9, "city": ["Rome"] * 9}), schema) == []


def test_thresholds_can_be_set() -> None:
    reference = pl.DataFrame({"x": list(range(1000))}).sample(fraction=1.0, shuffle=True, seed=1)
    narrow = infer_schema(reference, thresholds=Thresholds(range_margin=0.0))
    assert (narrow.columns[0].minimum, narrow.columns[0].maximum) == (0.0, 999.0)
    assert infer_schema(reference).columns[0].maximum == 1998.0


CELLS: dict[ColumnType, st.SearchStrategy[object]] = {
    "int": st.integers(-(2**40), 2**40),
    "float": st.floats(-1e9, 1e9),
    "string": st.text(alphabet="ab", max_size=2),
    "bool": st.booleans(),
}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(CELLS)), size=st.integers(1, 200))
def test_a_batch_passes_the_schema_that_was_inferred_from_it(data: st.DataObject, kind: ColumnType, size: int) -> None:
    cells = data.draw(st.lists(st.one_of(st.none(), CELLS[kind]), min_size=size, max_size=size))
    frame = pl.DataFrame({"x": cells}, schema={"x": DTYPES[kind]})
    aligned, violations = validate_frame(frame, infer_schema(frame))
    assert violations == ()
    assert aligned.equals(frame)


def test_limits_beyond_their_meaning_do_no_harm() -> None:
    odd = ColumnSchema(name="a", type="int", null_limit=7.0, maximum=1.0, outside_limit=-2.0)
    assert found(pl.DataFrame({"a": [None, 2]}), one(odd)) == [("a", "range", 1)]
