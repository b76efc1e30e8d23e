"""The whole circle on a small world: real pipeline, real endpoint, a change of the world, and what the loop makes of it."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest

from mainspring import data
from mainspring.domain.gate import Gate
from mainspring.domain.plan import Plan
from mainspring.domain.retraining import Retraining
from mainspring.governance import ops as governance
from mainspring.kernel.clock import PlayedClock
from mainspring.loop import controllers
from mainspring.loop import ops as loop
from mainspring.loop.admission import admit, champion_of
from mainspring.monitoring import ops as monitoring
from mainspring.serving import captured, stop
from mainspring.serving import ops as endpoints
from mainspring.workspace import Workspace

DAY_MS = 86_400_000
START_MS = 1_356_998_400_000
HISTORY_DAYS = 20
CHANGE_DAY = 4
ROWS_A_DAY = 60
MODEL = "ride-minutes"


class World:
    """Rides take three minutes a kilometre, and from the day of the change on eight minutes more."""

    def __init__(self, ws: Workspace, clock: PlayedClock) -> None:
        self.ws = ws
        self.clock = clock

    def rides(self, day: int) -> pl.DataFrame:
        source = np.random.default_rng(day + 1000)
        km = source.uniform(1, 10, ROWS_A_DAY)
        late = 8.0 if day >= CHANGE_DAY else 0.0
        at = START_MS + day * DAY_MS + np.arange(ROWS_A_DAY) * 600_000
        minutes = 3 * km + late + source.normal(0, 1, ROWS_A_DAY)
        return pl.DataFrame({"at": pl.Series(at).cast(pl.Datetime("ms")), "km": km, "minutes": minutes})

    def play(self, day: int) -> None:
        """A day: its requests, its outcomes twice and out of order, its rows into the dataset, and the controllers."""
        url = endpoints.show_endpoint(self.ws, MODEL).url
        rides = self.rides(day)
        for hour, part in enumerate(rides.iter_slices(20)):
            tensor = {"name": "km", "shape": [part.height], "datatype": "FP64", "data": part["km"].to_list()}
            body = {"id": f"{day}-{hour}", "parameters": {"at_ms": START_MS + day * DAY_MS + hour}, "inputs": [tensor]}
            httpx.post(f"{url}/v2/models/{MODEL}/infer", json=body).raise_for_status()
        at_ms = START_MS + (day + 1) * DAY_MS - 1
        told = [
            {"id": f"{day}-{i // 20}/{i % 20}", "label": label, "at_ms": at_ms}
            for i, label in enumerate(rides["minutes"])
        ]
        httpx.post(f"{url}/feedback", json={"feedback": told[::-1] + told[:7]}).raise_for_status()
        self.clock.advance_to(START_MS + (day + 1) * DAY_MS)
        data.add(self.ws, "rides", rides)
        done = controllers.tick(self.ws)
        assert (done.held, done.failures) == (True, ())


@pytest.fixture
def world(ws: Workspace, clock: PlayedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Version 1 is champion and answers; its history is twenty days long."""
    world = World(ws, clock)
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "project"))
    data.add(ws, "rides", pl.concat([world.rides(day - HISTORY_DAYS) for day in range(HISTORY_DAYS)]), event_time="at")
    loop.set_plan(ws, MODEL, plan=Plan(gate=Gate(least_blocks=3), share=0.5, params={"days": 3}))
    run = importlib.import_module("ride_minutes").ride_minutes.run(ws, rides="rides")
    assert admit(ws, MODEL, run=run.id).aliases == ("champion",)
    endpoints.deploy(ws, MODEL, model=f"{MODEL}@champion", clock="request")
    controllers.tick(ws)
    yield world
    stop(ws, MODEL)
    sys.modules.pop("ride_minutes", None)


@pytest.mark.slow
def test_a_change_of_the_world_is_found_and_one_retraining_ends_in_a_promotion(world: World) -> None:
    ws = world.ws
    for day in range(CHANGE_DAY + 14):
        world.play(day)

    alerts = [alert for alert in monitoring.list_alerts(ws) if alert.kind == "error"]
    retrainings = loop.list_retrainings(ws)
    rollouts = loop.list_rollouts(ws)
    assert len(alerts) == 1
    assert [(r.state, r.cause, r.version) for r in retrainings] == [("passed", f"alert:{alerts[0].id}", 2)]
    assert [(r.state, r.settled) for r in rollouts] == [("promoted", True)]
    assert champion_of(ws, MODEL) == 2
    assert [variant.version for variant in endpoints.show_endpoint(ws, MODEL).wanted.variants] == [2]

    # During the canary both versions answered every row, one of them live.
    during = captured(ws, MODEL, from_ms=rollouts[0].started_ms, to_ms=rollouts[0].decided_ms - DAY_MS)
    answered = during.group_by("prediction_id").agg(pl.col("version").n_unique(), live=(pl.col("role") == "live").sum())
    assert set(answered["version"]) == {2}
    assert set(answered["live"]) == {1}
    assert set(during.filter(pl.col("role") == "live")["version"]) == {1, 2}

    trace = governance.trace_prediction(ws, f"{CHANGE_DAY + 13}-0/0")
    assert trace.version == f"{MODEL}@2"
    assert trace.trigger == retrainings[0].id
    assert trace.code == ("mainspring.toml", "ride_minutes.py")
    assert {split.name: split.rows for split in trace.splits} == {"train": 120, "holdout": 60}
    assert loop.reproduce_version(ws, MODEL, 2).verdict == "identical"
    assert governance.verify_events(ws).valid


@pytest.mark.slow
def test_asking_twice_for_one_cause_retrains_once(world: World) -> None:
    ws = world.ws
    asked: list[Retraining] = [loop.request_retraining(ws, MODEL, cause="alert:a", by="alert") for _ in range(2)]
    assert asked[0] == asked[1]
    controllers.tick(ws)
    controllers.tick(ws)
    assert len(loop.list_retrainings(ws)) == 1
    assert loop.show_retraining(ws, asked[0].id).state in ("passed", "refused")
