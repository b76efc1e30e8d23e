"""Controllers: one object's trouble is not the others', and a person's word ends a rollout."""

import time
from pathlib import Path

import msgspec
import pytest

from loop import settling
from mainspring.domain.endpoint import Variant
from mainspring.domain.rollout import Rollout
from mainspring.governance import ops as governance
from mainspring.kernel.clock import PlayedClock, SystemClock
from mainspring.loop import ops as loop
from mainspring.loop import rollouts, tables
from mainspring.loop.admission import champion_of
from mainspring.loop.controllers import tick
from mainspring.models import ops as models
from mainspring.serving import ops as endpoints
from mainspring.storage.leases import Leases
from mainspring.workspace import Workspace, create_workspace, open_workspace


@pytest.fixture
def canary(tmp_path: Path) -> Workspace:
    """A workspace whose endpoint has a candidate in canary; no process runs."""
    folder = tmp_path / "prepared" / "ws"
    folder.parent.mkdir()
    settling.prepare(folder)
    ws = open_workspace(folder, clock=PlayedClock(settling.NOW_MS))
    with ws.change() as tx:
        found = tables.list_rollouts(tx.conn)[0]
        tables.update_rollout(tx.conn, _running(found))
    return ws


def _running(rollout: Rollout) -> Rollout:
    return msgspec.structs.replace(rollout, state="canary", reason="", decided_ms=0, started_ms=settling.NOW_MS)


def _advance(ws: Workspace) -> Rollout:
    return rollouts.advance(ws, loop.list_rollouts(ws)[0])


def test_an_endpoint_that_is_gone_ends_its_rollout(canary: Workspace) -> None:
    endpoints.undeploy(canary, "ride")
    ended = _advance(canary)
    assert (ended.state, ended.settled, ended.reason) == ("superseded", True, "endpoint 'ride' is gone")
    assert champion_of(canary, "ride") == 1


def test_a_route_set_by_a_person_ends_the_rollout_and_stays(canary: Workspace) -> None:
    mine = [Variant(name="mine", model="ride", version=1)]
    endpoints.set_route(canary, "ride", variants=mine, reason="enough")
    assert _advance(canary).state == "superseded"
    assert [variant.name for variant in endpoints.show_endpoint(canary, "ride").wanted.variants] == ["mine"]


def test_an_alias_moved_by_a_person_ends_the_rollout_and_is_served(canary: Workspace) -> None:
    models.set_alias(canary, "ride", alias="champion", version=2, reason="I know it is better")
    ended = _advance(canary)
    assert (ended.state, ended.reason) == ("superseded", "version 2 became champion meanwhile")
    assert [variant.version for variant in endpoints.show_endpoint(canary, "ride").wanted.variants] == [2]
    assert governance.verify_events(canary).valid


def test_what_fails_for_one_leaves_the_others_alone(canary: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    loop.request_retraining(canary, "ride", reason="new data")
    monkeypatch.setattr("mainspring.serving.controller._READY_TIMEOUT_S", 0.0)
    endpoints.undeploy(canary, "ride")
    done = tick(canary)
    assert done.held
    assert loop.list_rollouts(canary)[0].state == "superseded"
    # Its version was registered by hand, so there is no run to train it again from.
    assert loop.list_retrainings(canary)[0].state == "failed"
    assert "registered without a run" in loop.list_retrainings(canary)[0].message


def test_a_lease_is_renewed_while_its_block_lasts(tmp_path: Path) -> None:
    ws = create_workspace(tmp_path / "ws", clock=SystemClock())
    leases = Leases(ws.db, ws.clock)
    with leases.held("work", owner="a", ttl_ms=300) as lease:
        assert lease is not None
        time.sleep(0.6)
        assert leases.acquire("work", owner="b", ttl_ms=300) is None
        with ws.change(lease=lease):
            pass
    with leases.held("work", owner="a", ttl_ms=300) as again:
        assert again is not None
    ws.close()


def test_only_one_of_two_owners_does_the_work(ws: Workspace) -> None:
    assert ws.leases.acquire("controllers", owner="elsewhere", ttl_ms=60_000) is not None
    assert not tick(ws).held
