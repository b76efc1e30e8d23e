"""Runs: created, logged into, ended, listed, compared; on each database."""

import math

import pytest

from mainspring import tracking
from mainspring.kernel.op import with_idempotency_key
from mainspring.storage import events
from mainspring.storage.objects import ObjectUnknown
from mainspring.tracking.errors import (
    ComparisonInvalid,
    LimitInvalid,
    LogInvalid,
    ParamConflict,
    RunAmbiguous,
    RunEnded,
    RunUnknown,
)
from mainspring.workspace import Workspace


def test_a_run_is_read_back_with_everything_it_logged(any_ws: Workspace) -> None:
    run = tracking.create_run(any_ws, name="fit", params={"depth": 3}, tags={"team": "ops"})
    tracking.log_params(any_ws, run.id, params={"rate": 0.1})
    tracking.log_metrics(any_ws, run.id, metrics={"mae": 20.0}, step=1, at_ms=5)
    tracking.log_metrics(any_ws, run.id, metrics={"mae": 10.5}, step=2, at_ms=4)
    digest = any_ws.objects.put_bytes(b"notes")
    artifact = tracking.log_artifact(any_ws, run.id, name="notes.txt", digest=digest)
    tracking.finish_run(any_ws, run.id)

    found = tracking.show_run(any_ws, run.id)

    assert found.status == "succeeded"
    assert found.params == {"depth": 3, "rate": 0.1}
    assert found.metrics == {"mae": 10.5}
    assert found.artifacts == (artifact,)
    assert artifact.size_bytes == 5
    assert found.tags == {"team": "ops"}
    assert [point.value for point in tracking.list_metrics(any_ws, run.id, name="mae")] == [20.0, 10.5]


def test_ending_twice_changes_nothing_and_ending_otherwise_is_refused(ws: Workspace) -> None:
    run = tracking.create_run(ws, name="fit")
    tracking.finish_run(ws, run.id, status="failed", message="no data")
    tracking.finish_run(ws, run.id, status="failed")
    with pytest.raises(RunEnded):
        tracking.finish_run(ws, run.id, status="succeeded")
    with pytest.raises(RunEnded):
        tracking.log_metrics(ws, run.id, metrics={"mae": 1.0})
    found = tracking.show_run(ws, run.id)
    assert found.failure is not None
    assert found.failure.message == "no data"
    with ws.read() as connection:
        kinds = [event.kind for event in events.list_events(connection, "default", after=0, limit=10)]
    assert kinds == ["run.started", "run.finished"]


def test_a_parameter_keeps_its_first_value(any_ws: Workspace) -> None:
    run = tracking.create_run(any_ws, name="fit", params={"rate": 0.1})
    tracking.log_params(any_ws, run.id, params={"rate": 0.1})
    with pytest.raises(ParamConflict, match=r"is 0\.1 already, not 0\.2"):
        tracking.log_params(any_ws, run.id, params={"rate": 0.2, "depth": 1})
    assert tracking.show_run(any_ws, run.id).params == {"rate": 0.1}


def test_the_same_point_again_changes_nothing(any_ws: Workspace) -> None:
    run = tracking.create_run(any_ws, name="fit")
    for _ in range(2):
        tracking.log_metrics(any_ws, run.id, metrics={"loss": 1.0}, step=1, at_ms=7)
    assert len(tracking.list_metrics(any_ws, run.id, name="loss")) == 1


def test_a_metric_that_is_not_a_number_is_kept_as_none(any_ws: Workspace) -> None:
    run = tracking.create_run(any_ws, name="fit")
    tracking.log_metrics(any_ws, run.id, metrics={"loss": math.nan, "top": math.inf})
    assert tracking.show_run(any_ws, run.id).metrics == {"loss": None, "top": None}


def test_the_same_request_makes_one_run(ws: Workspace) -> None:
    with with_idempotency_key("k1"):
        first = tracking.create_run(ws, name="fit")
        again = tracking.create_run(ws, name="fit")
    assert first == again
    assert len(tracking.list_runs(ws)) == 1


def test_runs_are_listed_newest_first_and_page_by_page(any_ws: Workspace) -> None:
    made = [tracking.create_run(any_ws, name=f"fit-{number}").id for number in range(5)]
    first = tracking.list_runs(any_ws, limit=2)
    rest = tracking.list_runs(any_ws, limit=10, after=first[-1].id)
    assert [run.id for run in first + rest] == made[::-1]
    assert tracking.list_runs(any_ws, status="failed") == []


def test_runs_are_filtered_by_parent(ws: Workspace) -> None:
    outer = tracking.create_run(ws, name="outer")
    inner = tracking.create_run(ws, name="inner", parent=outer.id)
    assert [run.id for run in tracking.list_runs(ws, parent=outer.id)] == [inner.id]
    assert [run.id for run in tracking.list_runs(ws, parent="none")] == [outer.id]


def test_a_run_is_found_by_the_end_of_its_id(ws: Workspace) -> None:
    first, _ = (tracking.create_run(ws, name="fit") for _ in range(2))
    assert tracking.show_run(ws, first.id[-6:]).id == first.id
    with pytest.raises(RunAmbiguous):
        tracking.show_run(ws, first.id[:8])
    with pytest.raises(RunUnknown, match="does not exist in project 'default'"):
        tracking.show_run(ws, "ffffffff")


def test_a_run_of_another_project_is_not_seen(ws: Workspace) -> None:
    run = tracking.create_run(ws, name="fit")
    with pytest.raises(RunUnknown):
        tracking.show_run(ws.in_project("other"), run.id)


def test_a_comparison_shows_what_differs_and_every_metric(ws: Workspace) -> None:
    one = tracking.create_run(ws, name="fit", params={"rate": 0.1, "depth": 3})
    two = tracking.create_run(ws, name="fit", params={"rate": 0.2, "depth": 3})
    tracking.log_metrics(ws, one.id, metrics={"mae": 10.0})
    found = tracking.compare_runs(ws, runs=f"{one.id},{two.id}")
    assert found.params == {"rate": (0.1, 0.2)}
    assert found.metrics == {"mae": (10.0, None)}
    assert found.facts == {}
    with pytest.raises(ComparisonInvalid):
        tracking.compare_runs(ws, runs=one.id)


def test_what_cannot_be_logged_is_refused(ws: Workspace) -> None:
    run = tracking.create_run(ws, name="fit")
    with pytest.raises(LogInvalid):
        tracking.log_params(ws, run.id, params={"text": "x" * 7000})
    with pytest.raises(ObjectUnknown):
        tracking.log_artifact(ws, run.id, name="a", digest="0" * 64)
    with pytest.raises(LimitInvalid):
        tracking.list_runs(ws, limit=0)
