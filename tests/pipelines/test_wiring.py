"""Steps and pipelines as they are declared and put together: what is refused, and how it is said."""

from typing import Any

import numpy as np
import polars as pl
import pytest

import mainspring as ms
from mainspring.api.client import RemoteWorkspace
from mainspring.domain.pipeline import Source
from mainspring.pipelines import Metrics
from mainspring.pipelines.codecs import kind_of
from mainspring.pipelines.errors import (
    EarlyUse,
    InputInvalid,
    PipelineInvalid,
    PipelineRemote,
    StepInvalid,
    WiringInvalid,
)
from mainspring.tracking.errors import NotConnected

# Steps of this module; the functions below them put pipelines together.


@ms.step
def make(*, rows: int = 3) -> pl.DataFrame:
    return pl.DataFrame({"x": range(rows)})


@ms.step
def halve(table: pl.DataFrame, *, share: float = 0.5) -> tuple[pl.DataFrame, pl.DataFrame]:
    cut = int(table.height * share)
    return table[:cut], table[cut:]


@ms.step
def count(table: pl.DataFrame) -> int:
    return table.height


@ms.step
def weigh(number: float, values: np.ndarray) -> ms.Metrics:
    return Metrics(weight=number * values.sum())


@ms.pipeline
def sizes(*, rows: int = 3, share: float = 0.5) -> Any:
    left, right = halve(make(rows=rows), share=share)
    return {"left": count(left), "right": count(right)}


@ms.pipeline
def wrong_type() -> Any:
    return count(weigh(count(make()), make()))  # type: ignore[arg-type]


@ms.pipeline
def plain_value() -> Any:
    return count(3)  # type: ignore[arg-type]


@ms.pipeline
def missing() -> Any:
    return count()  # type: ignore[call-arg]


@ms.pipeline
def late_parameter() -> Any:
    return make(rows=count(make()))


@ms.pipeline
def bad_parameter() -> Any:
    return make(rows="many")  # type: ignore[arg-type]


@ms.pipeline
def early() -> Any:
    return make() if count(make()) > 3 else None


@ms.pipeline
def empty() -> Any:
    return None


@ms.pipeline
def made_of_nothing() -> Any:
    make()
    return 3


def test_a_step_outside_a_pipeline_is_its_function() -> None:
    assert make(rows=2).height == 2
    assert sizes(rows=4, share=0.25) == {"left": 1, "right": 3}


def test_the_graph_has_every_step_with_its_sources() -> None:
    graph = sizes.graph({"rows": 9})
    assert [node.name for node in graph.nodes] == ["make", "halve", "count", "count-2"]
    assert graph.params == {"rows": 9, "share": 0.5}
    assert graph.nodes[3].inputs == {"table": Source(node="halve", output="1")}
    assert graph.outputs["left"] == Source(node="count", output="output")
    assert graph.nodes[0].function == "pipelines.test_wiring:make"


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (wrong_type, "step 'weigh', argument 'values': expected ndarray, given DataFrame from step 'make-2'"),
        (plain_value, "step 'count', argument 'table': expected DataFrame from a step or input, given the plain int 3"),
        (missing, "step 'count', argument '*': expected (table), given missing a required argument: 'table'"),
        (late_parameter, "step 'make', argument 'rows': expected a plain int, given the result of another step"),
        (bad_parameter, "step 'make', argument 'rows': expected int, given str 'many'"),
    ],
)
def test_wiring_errors_name_step_argument_and_types(pipeline: Any, message: str) -> None:
    with pytest.raises(WiringInvalid) as caught:
        pipeline.graph()
    assert caught.value.message == message


def test_a_result_cannot_be_looked_at_while_wiring() -> None:
    with pytest.raises(EarlyUse, match="the result of step 'count' is not known"):
        early.graph()


@pytest.mark.parametrize(
    ("pipeline", "reason"), [(empty, "it calls no step"), (made_of_nothing, "it returns int, which no step made")]
)
def test_a_pipeline_returns_what_steps_made(pipeline: Any, reason: str) -> None:
    with pytest.raises(PipelineInvalid, match=reason):
        pipeline.graph()


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"row": 1}, "argument 'row': there is no such argument; there are: rows, share"),
        ({"rows": "x"}, "argument 'rows': expected int, given str 'x'"),
        ({"share": [1]}, r"argument 'share': expected float, given list \[1\]"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputInvalid, match=reason):
        sizes.graph(params)


def test_running_needs_a_workspace() -> None:
    with pytest.raises(NotConnected):
        sizes.run()


def test_running_needs_a_folder_and_says_so_before_anything_happens() -> None:
    with pytest.raises(PipelineRemote, match="'sizes' cannot run on http://127.0.0.1:9") as caught:
        sizes.run(RemoteWorkspace("http://127.0.0.1:9"), nothing=1)  # type: ignore[arg-type]
    assert "on the server's machine" in str(caught.value)


def _decorate(source: str) -> Any:
    scope: dict[str, Any] = {"ms": ms, "pl": pl}
    exec(source, scope)
    return scope["declared"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("declared = ms.step(lambda: 1)", "it is a lambda"),
        (
            "def outer(k):\n @ms.step\n def f(x: int) -> int:\n  return x + k\n return f\ndeclared = outer(1)",
            "it uses k of the function around it",
        ),
        ("class A:\n @ms.step\n def f(self, x: int) -> int: ...\ndeclared = A.f", "defined inside another"),
        ("@ms.step\ndef declared(x) -> int: ...", "argument 'x' has no type"),
        ("@ms.step\ndef declared(*x: int) -> int: ...", "it takes '\\*x'"),
        ("@ms.step\ndef declared(x: int = 1) -> int: ...", "input 'x' has a default"),
        ("@ms.step\nasync def declared(x: int) -> int: ...", "coroutine"),
        ("declared = ms.step(len)", "not a plain function"),
        ("@ms.step\ndef declared(x: int): ...\ndeclared.signature", "does not say what it returns"),
        ("@ms.step\ndef declared(x: set) -> int: ...\ndeclared.signature", "input 'x' is of type set"),
        ("@ms.step\ndef declared() -> ms.Dataset: ...\ndeclared.signature", "returns a Dataset"),
        ("@ms.step\ndef declared() -> tuple[int, ...]: ...\ndeclared.signature", "no fixed length"),
        ("@ms.step\ndef declared(x: 'Nothing') -> int: ...\ndeclared.signature", "cannot be resolved"),
    ],
)
def test_what_cannot_be_a_step_is_refused(source: str, reason: str) -> None:
    with pytest.raises(StepInvalid, match=reason):
        _decorate(source)


def test_kinds_are_chosen_by_annotation() -> None:
    from mainspring.domain.gate import Evaluation

    kinds = {
        pl.DataFrame: "frame",
        np.ndarray: "array",
        ms.Model: "model",
        ms.Metrics: "metrics",
        ms.Dataset: "dataset",
        Evaluation: "evaluation",
        Source: "record",
        dict[str, float]: "json",
        bytes: "bytes",
        int | None: "json",
    }
    assert {hint: kind_of(hint) for hint in kinds} == kinds
