"""Wanted endpoints become processes: started, recognised, replaced, stopped, and never somebody else's."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import endpoint_toys as toys
import httpx
import pytest

from mainspring import serving
from mainspring.domain.endpoint import EndpointProcess, Variant
from mainspring.domain.verdict import Check, Verdict
from mainspring.kernel import canonical
from mainspring.models import ops as models
from mainspring.models import trees
from mainspring.models.errors import AliasUnknown, ModelUnknown
from mainspring.serving import ops
from mainspring.serving.actual import endpoint_folder, find_process
from mainspring.serving.errors import EndpointMoved, EndpointUnknown, EndpointUnready, RouteInvalid
from mainspring.serving.proc import start_ticks, stop
from mainspring.workspace import Workspace


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Packages of versions 1 and 2: twice and three times the distance."""
    folder = tmp_path_factory.mktemp("packages")
    return [toys.write_package(folder / str(slope), slope=slope) for slope in (2.0, 3.0)]


def register(ws: Workspace, folders: list[Path]) -> None:
    """Versions 1 and 2 of `ride`; the champion is version 1."""
    for folder in folders:
        version = models.register_version(ws, "ride", package=trees.store(ws.objects, folder))
        check = Check(name="error", value=0.0, passed=True, message="fine")
        verdict = Verdict(gate="g", candidate="c", baseline="b", checks=(check,), passed=True)
        models.record_verdict(ws, "ride", version.version, verdict=verdict)
    models.set_alias(ws, "ride", alias="champion", version=1)


@pytest.fixture
def rides(ws: Workspace, folders: list[Path]) -> Iterator[Workspace]:
    """A workspace with two versions, whose endpoint is stopped in the end."""
    register(ws, folders)
    yield ws
    serving.stop(ws, "rides")


def shares(version_1: float, version_2: float) -> list[Variant]:
    return [
        Variant(name="champion", model="ride", version=1, weight=version_1),
        Variant(name="candidate", model="ride", version=2, weight=version_2),
    ]


def ask(ws: Workspace, *, distance: float = 1.0, request_id: str = "") -> httpx.Response:
    url = ops.show_endpoint(ws, "rides").url
    body = toys.infer_body([distance]) | ({"id": request_id} if request_id else {})
    return httpx.post(f"{url}/v2/models/rides/infer", json=body, timeout=30, trust_env=False)


def test_deploying_wants_the_champion(any_ws: Workspace, folders: list[Path]) -> None:
    register(any_ws, folders)

    wanted = ops.deploy(any_ws, "rides", model="ride", reason="first")
    again = ops.deploy(any_ws, "rides", model="ride@champion")

    assert [(variant.name, variant.version) for variant in wanted.variants] == [("champion", 1)]
    assert wanted.variants[0].package == models.show_version(any_ws, "ride", 1).package
    assert again == wanted
    assert ops.show_endpoint(any_ws, "rides").state == "stopped"
    assert [status.wanted.name for status in ops.list_endpoints(any_ws)] == ["rides"]
    assert ops.list_endpoints(any_ws.in_project("elsewhere")) == []


def test_a_number_is_deployed_as_it_is_named(any_ws: Workspace, folders: list[Path]) -> None:
    register(any_ws, folders)

    wanted = ops.deploy(any_ws, "rides", model="ride@2")

    assert [(variant.name, variant.version) for variant in wanted.variants] == [("v2", 2)]


def test_what_does_not_exist_is_not_deployed(any_ws: Workspace, folders: list[Path]) -> None:
    register(any_ws, folders)

    with pytest.raises(ModelUnknown):
        ops.deploy(any_ws, "rides", model="rides")
    with pytest.raises(AliasUnknown):
        ops.deploy(any_ws, "rides", model="ride@production")
    with pytest.raises(RouteInvalid, match="port"):
        ops.deploy(any_ws, "rides", model="ride", port=70_000)
    with pytest.raises(EndpointUnknown):
        ops.set_route(any_ws, "rides", variants=shares(0.5, 0.5))
    with pytest.raises(EndpointUnknown):
        ops.undeploy(any_ws, "rides")
    assert ops.list_endpoints(any_ws) == []


def test_a_route_keeps_its_salt_while_the_same_versions_compare(any_ws: Workspace, folders: list[Path]) -> None:
    register(any_ws, folders)
    deployed = ops.deploy(any_ws, "rides", model="ride")

    canary = ops.set_route(any_ws, "rides", variants=shares(0.9, 0.1), expected=1, reason="canary")
    more = ops.set_route(any_ws, "rides", variants=shares(0.5, 0.5), expected=2)

    assert deployed.salt != canary.salt == more.salt
    assert [wanted.number for wanted in (deployed, canary, more)] == [1, 2, 3]
    with pytest.raises(EndpointMoved, match="at change 3, not 1"):
        ops.set_route(any_ws, "rides", variants=shares(0.9, 0.1), expected=1)


@pytest.mark.parametrize(
    ("variants", "reason"),
    [
        ([], "none of them is live"),
        (shares(0.5, 0.4), "add up to 0.9"),
        (shares(1.5, -0.5), "negative"),
        (shares(float("nan"), 1.0), "not a number"),
        (shares(0.5, 0.5)[:1] * 2, "same name"),
        ([Variant(name="s", model="ride", version=1, role="shadow")], "none of them is live"),
    ],
)
def test_variants_that_cannot_share_traffic_are_refused(
    ws: Workspace, folders: list[Path], variants: list[Variant], reason: str
) -> None:
    register(ws, folders)
    ops.deploy(ws, "rides", model="ride")

    with pytest.raises(RouteInvalid, match=reason):
        ops.set_route(ws, "rides", variants=variants)


@pytest.mark.slow
def test_the_life_of_an_endpoint(rides: Workspace) -> None:
    ops.deploy(rides, "rides", model="ride")
    assert [endpoint.name for endpoint in serving.reconcile(rides)] == ["rides"]
    assert serving.reconcile(rides) == [], "what is as wanted is left alone"
    first = ops.show_endpoint(rides, "rides")
    assert first.state == "ready"
    assert first.process is not None
    assert ask(rides, request_id="a").json()["outputs"][0]["data"] == [2.0]

    ops.set_route(rides, "rides", variants=shares(0.0, 1.0))
    assert ops.show_endpoint(rides, "rides").state == "stale"
    serving.reconcile(rides)
    routed = ops.show_endpoint(rides, "rides")
    assert routed.process is not None
    assert (routed.state, routed.process.pid) == ("ready", first.process.pid)
    assert ask(rides, request_id="b").json()["outputs"][0]["data"] == [3.0]

    serving.ingest(rides, "rides")
    counts = {(count.variant, count.rows) for count in ops.show_endpoint(rides, "rides").counts}
    assert counts == {("champion", 1), ("candidate", 1)}

    ops.undeploy(rides, "rides", reason="over")
    serving.reconcile(rides)
    assert start_ticks(first.process.pid) == 0
    assert not endpoint_folder(rides, "default", "rides").exists()
    assert ops.show_prediction(rides, "b/0").version == 2


@pytest.mark.slow
def test_a_process_that_died_is_replaced_and_nothing_it_answered_is_lost(rides: Workspace) -> None:
    ops.deploy(rides, "rides", model="ride")
    serving.reconcile(rides)
    before = ops.show_endpoint(rides, "rides")
    assert before.process is not None
    ask(rides, request_id="a")
    os.kill(before.process.pid, signal.SIGKILL)
    _wait_for_end(before.process)
    assert ops.show_endpoint(rides, "rides").state == "stopped"

    serving.reconcile(rides)
    after = ops.show_endpoint(rides, "rides")
    ask(rides, request_id="b")
    serving.ingest(rides, "rides")

    assert after.url == before.url, "its address stays"
    found = serving.captured(rides, "rides", from_ms=0, to_ms=1 << 60)
    assert found["request_id"].to_list() == ["a", "b"]


RECONCILE = """
import sys
from pathlib import Path
from mainspring import serving
from mainspring.workspace import open_workspace
serving.reconcile(open_workspace(Path(sys.argv[1])))
"""


@pytest.mark.slow
def test_an_endpoint_outlives_its_controller_and_is_recognised_by_the_next(rides: Workspace) -> None:
    ops.deploy(rides, "rides", model="ride")
    subprocess.run([sys.executable, "-c", RECONCILE, str(rides.folder)], check=True)
    first = ops.show_endpoint(rides, "rides")

    assert ask(rides).status_code == 200
    assert serving.reconcile(rides) == []
    assert ops.show_endpoint(rides, "rides").process == first.process


@pytest.mark.slow
def test_a_process_that_cannot_start_says_why(rides: Workspace) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ops.deploy(rides, "rides", model="ride", port=taken.getsockname()[1])

        with pytest.raises(EndpointUnready, match="Address already in use"):
            serving.reconcile(rides)
    assert ops.show_endpoint(rides, "rides").state == "stopped"


@pytest.mark.slow
def test_an_endpoint_that_cannot_be_brought_about_holds_up_no_other(rides: Workspace, folders: list[Path]) -> None:
    ops.deploy(rides, "broken", model="ride@2")
    ops.deploy(rides, "rides", model="ride")
    rides.objects.path(trees.digest_folder(folders[1])).unlink()

    with pytest.raises(EndpointUnready, match="'broken' did not become ready: there is no object"):
        serving.reconcile(rides)

    assert ask(rides).status_code == 200


@pytest.mark.slow
def test_an_endpoint_that_cannot_be_removed_holds_up_no_other(rides: Workspace) -> None:
    ops.deploy(rides, "rides", model="ride")
    (endpoint_folder(rides, "default", "gone") / "spool" / "x.segment").mkdir(parents=True)
    (endpoint_folder(rides, "default", "zone") / "spool").mkdir(parents=True)

    with pytest.raises(EndpointUnready, match="'gone' did not become ready: .*Is a directory"):
        serving.reconcile(rides)

    assert ask(rides).status_code == 200
    assert not endpoint_folder(rides, "default", "zone").exists()


@pytest.mark.slow
def test_a_process_is_given_no_credentials(rides: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAINSPRING_TOKEN", "MAINSPRING_DATABASE", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a-secret")
    ops.deploy(rides, "rides", model="ride")
    serving.reconcile(rides)

    process = find_process(rides, "default", "rides")
    assert process is not None
    given = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"a-secret" not in given
    assert b"OMP_NUM_THREADS=1" in given


@pytest.mark.slow
def test_a_moved_port_replaces_the_process(rides: Workspace) -> None:
    ops.deploy(rides, "rides", model="ride")
    serving.reconcile(rides)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    ops.deploy(rides, "rides", model="ride", port=port)
    serving.reconcile(rides)

    assert ops.show_endpoint(rides, "rides").url == f"http://127.0.0.1:{port}"
    assert ask(rides).status_code == 200


def test_a_pid_that_belongs_to_somebody_else_is_left_alone(ws: Workspace, folders: list[Path]) -> None:
    register(ws, folders)
    ops.deploy(ws, "rides", model="ride")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    folder = endpoint_folder(ws, "default", "rides")
    folder.mkdir(parents=True)
    for ticks in (start_ticks(stranger.pid), 1):
        said = EndpointProcess(pid=stranger.pid, start_ticks=ticks, port=1, number=1)
        (folder / "process.json").write_bytes(canonical.dumps(said))

        assert find_process(ws, "default", "rides") is None
        assert not serving.stop(ws, "rides")
        assert not stop(stranger.pid, ticks, argument=str(folder / "route.json"), timeout_s=1)
    assert stranger.poll() is None

    stranger.kill()
    stranger.wait(10)


def test_a_process_that_does_not_listen_to_reason_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()

        assert stop(child.pid, start_ticks(child.pid), argument=str(tmp_path), timeout_s=0.2)
        assert child.wait(10) == -signal.SIGKILL


def _wait_for_end(process: EndpointProcess) -> None:
    until = time.monotonic() + 10
    while start_ticks(process.pid) and time.monotonic() < until:
        time.sleep(0.01)
