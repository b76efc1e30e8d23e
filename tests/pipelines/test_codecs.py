"""Values as artifacts: read back equal, written to the same bytes, refused where they would not come back."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mainspring.domain.pipeline import Source
from mainspring.kernel.hashing import digest_file
from mainspring.pipelines import Metrics
from mainspring.pipelines.codecs import CODECS, is_instance, name_of

FRAME = pl.DataFrame(
    {"a": [1, 2, None], "s": ["x", None, "a text longer than twelve bytes"], "l": [[1.5], [], None]}
).with_columns(pl.date(2013, 1, 1).alias("d"), pl.col("s").cast(pl.Categorical).alias("c"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("json", {"b": [1, 2.5, None, True, "ü"], "a": {"deep": []}}),
        ("json", 0.1),
        ("bytes", b"\0\1"),
        ("metrics", Metrics(mae=1.5)),
        ("record", Source(node="a", output="b")),
    ],
)
def test_a_value_is_read_back_equal(kind: str, value: Any, tmp_path: Path) -> None:
    CODECS[kind].write(value, tmp_path / "value")
    found = CODECS[kind].read(tmp_path / "value", type(value))
    assert found == value
    assert type(found) is type(value)


def test_a_dict_keeps_its_order(tmp_path: Path) -> None:
    CODECS["json"].write({"b": 1, "a": 2}, tmp_path / "value")
    assert list(CODECS["json"].read(tmp_path / "value")) == ["b", "a"]


def test_what_is_not_finite_is_read_back(tmp_path: Path) -> None:
    CODECS["json"].write([math.inf, math.nan], tmp_path / "value")
    infinite, nan = CODECS["json"].read(tmp_path / "value")
    assert infinite == math.inf
    assert math.isnan(nan)


def test_a_frame_is_read_back_with_its_types_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    for number in range(2):
        CODECS["frame"].write(FRAME.clone(), tmp_path / str(number))
    found = CODECS["frame"].read(tmp_path / "0")
    assert found.equals(FRAME)
    assert found.schema == FRAME.schema
    assert digest_file(tmp_path / "0") == digest_file(tmp_path / "1")
    pieces = pl.concat([FRAME["d"][:1], FRAME["d"][1:]], rechunk=False).to_frame()
    for number, frame in enumerate((FRAME.select("d"), pieces)):
        CODECS["frame"].write(frame, tmp_path / str(number))
    assert digest_file(tmp_path / "0") == digest_file(tmp_path / "1")


def test_an_array_is_read_back_mapped_and_read_only(tmp_path: Path) -> None:
    CODECS["array"].write(np.arange(6, dtype=np.int16).reshape(2, 3), tmp_path / "value")
    found = CODECS["array"].read(tmp_path / "value")
    assert found.dtype == np.int16
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not found.flags.writeable


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("json", {1: "a"}, "the result has the key 1; JSON keys are text"),
        ("json", {"a": [1, (2,)]}, r"the result\['a'\]\[1\] is tuple"),
        ("json", [np.float32(1)], r"the result\[0\] is float32"),
        ("array", np.array([object()]), "allow_pickle"),
    ],
)
def test_what_would_not_come_back_is_refused(kind: str, value: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError), match=reason):
        CODECS[kind].write(value, tmp_path / "value")


@pytest.mark.parametrize(
    ("value", "hint", "fits"),
    [
        (1, float, True),
        (True, float, False),
        (True, int, False),
        (True, bool, True),
        (None, None, True),
        (None, int | None, True),
        ("a", int | None, False),
        ([1], list[int], True),
        (Metrics(), dict[str, float], True),
        ({}, Metrics, False),
    ],
)
def test_results_are_checked_against_the_outer_type(value: Any, hint: Any, fits: bool) -> None:
    assert is_instance(value, hint) is fits


def test_metrics_are_numbers() -> None:
    assert Metrics({"a": 1}, b=np.float64(2.5)) == {"a": 1.0, "b": 2.5}
    assert Metrics(loss=math.nan, mae=1.0).finite() == {"loss": None, "mae": 1.0}
    with pytest.raises(TypeError, match="metric 'mae' is str, not a number"):
        Metrics({"mae": "low"})  # type: ignore[dict-item]


def test_types_are_named_as_they_are_written() -> None:
    assert [name_of(hint) for hint in (int, dict[str, float], int | None)] == ["int", "dict[str, float]", "int | None"]
