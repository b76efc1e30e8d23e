"""Bodies become columns: what neither process nor signature is needed to see."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.domain.package import Field, Signature
from mainspring.models.errors import ColumnInvalid
from mainspring.models.signature import build_frame
from mainspring.serving.decoder import decode_infer, decode_invocation
from mainspring.serving.errors import RequestInvalid
from mainspring.serving.variants import position

NUMBERS = Signature(
    inputs=(
        Field(name="x", type="double", dtype="Float64"),
        Field(name="n", type="long", dtype="Int64", nullable=True),
    ),
    outputs=(),
)


def infer(*tensors: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"inputs": list(tensors)} | fields).encode()


def test_one_matrix_stands_for_all_columns_of_numbers() -> None:
    flat = {"name": "input-0", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]}
    nested = flat | {"data": [[1, 2], [3, 4]]}

    for tensor in (flat, nested):
        asked = decode_infer(infer(tensor), NUMBERS, max_rows=10)
        assert (asked.columns, asked.rows) == ({"x": [1, 3], "n": [2, 4]}, 2)


def test_a_column_may_be_written_as_rows_of_one() -> None:
    x = {"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [[1.0], [2.0]]}
    n = {"name": "n", "shape": [2, 1], "datatype": "INT64", "data": [1, None]}

    asked = decode_infer(infer(x, n, id="a", parameters={"at_ms": 7, "other": "x"}), NUMBERS, max_rows=10)

    assert asked.columns == {"x": [1.0, 2.0], "n": [1, None]}
    assert (asked.id, asked.at_ms) == ("a", 7)


@pytest.mark.parametrize(
    "tensor",
    [
        {"name": "x", "shape": [-1], "datatype": "FP64", "data": [1.0]},
        {"name": "x", "shape": [10**30], "datatype": "FP64", "data": [1.0]},
        {"name": "x", "shape": [], "datatype": "FP64", "data": [1.0]},
        {"name": "x", "shape": [1, 1], "datatype": "FP64", "data": [[1.0, 2.0]]},
        {"name": "input-0", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]},
        {"name": "input-0", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3]},
    ],
)
def test_a_shape_that_does_not_fit_is_refused(tensor: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        decode_infer(infer(tensor), NUMBERS, max_rows=10)


def test_a_tensor_named_twice_is_refused() -> None:
    x = {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}

    with pytest.raises(RequestInvalid, match="comes twice"):
        decode_infer(infer(x, x), NUMBERS, max_rows=10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["x", "n", "name", "data"]), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["inputs", "instances", "dataframe_split", "dataframe_records", "params", "id", "parameters"])


@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_any_json_is_answered_or_refused_and_nothing_else(body: dict[str, Any]) -> None:
    for decode in (decode_infer, decode_invocation):
        with contextlib.suppress(ColumnInvalid, RequestInvalid):
            asked = decode(json.dumps(body).encode(), NUMBERS, max_rows=10)
            assert build_frame(NUMBERS, asked.columns).height == asked.rows


@settings(max_examples=10, deadline=None)
@given(st.lists(st.uuids().map(str), min_size=1000, max_size=1000, unique=True), st.text(max_size=8))
def test_requests_lie_uniformly_between_0_and_1(ids: list[str], salt: str) -> None:
    at = sorted(position(salt, request) for request in ids)

    gaps = [abs(place - rank / 1000) for rank, place in enumerate(at)]
    # Kolmogorov-Smirnov at a false alarm in ten million: 2.83 / sqrt(1000).
    assert max(gaps) < 0.0895
