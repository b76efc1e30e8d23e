"""Frames are built strictly by the signature, with errors that name column and row."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.domain.package import Field, Signature
from mainspring.models.errors import ColumnInvalid, ExampleInvalid, SplitInvalid
from mainspring.models.signature import build_column, build_frame, infer_fields
from mainspring.models.splits import build_split, row_ids

DOUBLE = Field(name="x", type="double", dtype="Float64")
LONG = Field(name="n", type="long", dtype="Int64", nullable=True)
TEXT = Field(name="carrier", type="string", dtype="Categorical")
TIME = Field(name="at", type="datetime", dtype="Datetime[us,UTC]")


def test_columns_come_out_in_the_exact_types_and_order() -> None:
    signature = Signature(inputs=(DOUBLE, LONG, TEXT), outputs=())

    frame = build_frame(signature, {"carrier": ["AA", "UA"], "n": [1, None], "x": [1, 2.5], "other": ["left", "out"]})

    assert frame.schema == {"x": pl.Float64(), "n": pl.Int64(), "carrier": pl.Categorical()}
    assert frame["n"].to_list() == [1, None]


def test_times_are_text_or_milliseconds() -> None:
    values = ["2013-01-01T05:00:00Z", "2013-01-01T00:00:00-05:00", 1_357_016_400_000, "2013-01-01T05:00:00"]

    column = build_column(TIME, values)

    assert column.to_list() == [datetime(2013, 1, 1, 5, tzinfo=UTC)] * 4


def test_whole_floats_are_integers_as_pandas_sends_them() -> None:
    assert build_column(LONG, [1.0, None, 3]).to_list() == [1, None, 3]


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        (DOUBLE, [1.0, None], r"input column 'x', row 1: null is not allowed"),
        (DOUBLE, [1.0, "2"], r"input column 'x', row 1: '2' is not a double"),
        (DOUBLE, [True], r"input column 'x', row 0: True is not a double"),
        (DOUBLE, [[1.0]], r"row 0: \[1.0\] is not a double"),
        (LONG, [1, 2.5], r"input column 'n', row 1: 2.5 is not a long"),
        (LONG, [2**70], r"input column 'n': a value does not fit Int64"),
        (TEXT, [1], r"input column 'carrier', row 0: 1 is not a string"),
        (TIME, ["noon"], r"input column 'at', row 0: 'noon' is not an ISO 8601 time"),
        (TIME, [2**62], r"input column 'at': a value does not fit"),
    ],
)
def test_a_value_of_another_type_is_named(field: Field, values: list[Any], message: str) -> None:
    with pytest.raises(ColumnInvalid, match=message):
        build_column(field, values)


def test_a_missing_or_short_column_is_named() -> None:
    signature = Signature(inputs=(DOUBLE, LONG), outputs=())

    with pytest.raises(ColumnInvalid, match="input column 'n': it is missing"):
        build_frame(signature, {"x": [1.0]})
    with pytest.raises(ColumnInvalid, match="input column 'n': it has 2 values, others have 1"):
        build_frame(signature, {"x": [1.0], "n": [1, 2]})


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False), st.none() | st.integers(-(2**63), 2**63 - 1), st.text()
        ),
        min_size=1,
    )
)
def test_what_is_sent_is_what_the_model_sees(rows: list[tuple[float, int | None, str]]) -> None:
    signature = Signature(inputs=(DOUBLE, LONG, TEXT), outputs=())

    frame = build_frame(
        signature, {"x": [r[0] for r in rows], "n": [r[1] for r in rows], "carrier": [r[2] for r in rows]}
    )

    assert frame.rows() == rows


def test_every_type_that_can_be_sent_is_inferred() -> None:
    example = pl.DataFrame(
        {
            "a": pl.Series([True]),
            "b": pl.Series([1], dtype=pl.Int16),
            "c": pl.Series([1], dtype=pl.UInt32),
            "d": pl.Series([1.0], dtype=pl.Float32),
            "e": pl.Series(["x"], dtype=pl.Categorical),
            "f": pl.Series([datetime(2013, 1, 1, tzinfo=UTC)]).dt.date(),
        }
    )

    fields = infer_fields(example, nullable={})

    assert [field.type for field in fields] == ["boolean", "integer", "long", "float", "string", "datetime"]
    columns = {name: values for name, values in example.to_dict(as_series=False).items() if name != "f"} | {
        "f": ["2013-01-01"]
    }
    assert build_frame(Signature(inputs=fields, outputs=()), columns).equals(example)


def test_a_column_beginning_with_an_underscore_is_reserved() -> None:
    with pytest.raises(ExampleInvalid, match="_row_id"):
        infer_fields(pl.DataFrame({"_row_id": [1]}), nullable={})


@given(st.sets(st.integers(0, 2000)))
def test_a_split_gives_back_its_row_ids(ids: set[int]) -> None:
    split = build_split("train", ids, dataset="flights@1")

    assert row_ids(split).tolist() == sorted(ids)
    assert split.rows == len(ids)
    assert all(before[1] < after[0] for before, after in zip(split.ranges, split.ranges[1:], strict=False))


@pytest.mark.parametrize("ids", [[1, 1], [-1], ["a"], [2**70]])
def test_what_is_no_set_of_row_ids_is_refused(ids: list[Any]) -> None:
    with pytest.raises(SplitInvalid, match="train"):
        build_split("train", ids, dataset="flights@1")
