"""Killed anywhere, interrupted, or left alone by a dead owner: what is finished counts once, the rest is run again."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring import tracking
from mainspring.kernel.clock import PlayedClock
from mainspring.storage import events
from mainspring.tracking.lost import lease_name
from mainspring.workspace import Workspace, create_workspace
from pipelines.conftest import Project

psutil = pytest.importorskip("psutil")

POINTS = [
    "step.commit.before_objects",
    "step.commit.after_objects",
    "step.commit.before_database",
    "step.commit.after_database",
    "artifact.commit.before_rename",
    "change.commit.before_commit",
]

FLOW = """
    import os, sys, time
    from pathlib import Path
    import mainspring as ms

    @ms.step
    def first() -> int:
        return 1

    @ms.step
    def second(x: int, *, wait_s: float = 0.0) -> int:
        if wait_s:
            print("waiting", flush=True)
            time.sleep(wait_s)
        return x + 1

    @ms.step
    def third(x: int) -> int:
        return x + 1

    @ms.pipeline
    def flow(*, wait_s: float = 0.0):
        return third(second(first(), wait_s=wait_s))
"""

RUN = """
    import sys
    from pathlib import Path
    from mainspring.workspace import create_workspace
    from flow import flow

    ws = create_workspace(Path(sys.argv[1]))
    flow.run(ws, wait_s=float(sys.argv[2]))
"""


@pytest.fixture
def folder(tmp_path: Path, project: Project) -> Path:
    project.write("flow.py", FLOW)
    project.write("go.py", RUN)
    return tmp_path / "workspace"


@pytest.fixture
def started(folder: Path, project: Project) -> Iterator["subprocess.Popen[bytes]"]:
    """A run in another process whose second step is under way and takes a minute."""
    process = subprocess.Popen([sys.executable, "go.py", str(folder), "60"], cwd=project.root)
    _wait_for_second(folder)
    yield process
    process.kill()
    process.wait()


def _wait_for_second(folder: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and not any(f.stat().st_size for f in folder.glob("scratch/*/staging/*.log")):
        time.sleep(0.05)


def _go(folder: Path, project: Project, **variables: str) -> int:
    command = [sys.executable, "go.py", str(folder), "0"]
    return subprocess.run(command, cwd=project.root, env={**os.environ, **variables}).returncode


def _statuses(ws: Workspace) -> list[tuple[str, str]]:
    return [(run.name, run.status) for run in reversed(tracking.list_runs(ws))]


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on_where_it_was(tmp_path: Path, project: Project) -> None:
    project.write("flow.py", FLOW)
    project.write("go.py", RUN)
    left, ended = {}, {}
    for point in POINTS:
        folder = tmp_path / point
        # Passes of a point before the second step's own: the snapshot's objects and the first step.
        nth = {"artifact.commit.before_rename": 5, "change.commit.before_commit": 3}.get(point, 2)
        assert _go(folder, project, MAINSPRING_FAULT=f"{point}:{nth}") == -signal.SIGKILL
        assert _go(folder, project) == 0
        ws = create_workspace(folder)
        first, again = reversed(tracking.list_runs(ws, kind="pipeline"))
        ended[point] = (first.status, again.status)
        finished = {step.name for step in tracking.list_runs(ws, parent=first.id, status="succeeded")}
        left[point] = finished
        steps = tracking.list_runs(ws, parent=again.id)
        assert {step.name for step in steps if step.cached_from} == finished
        assert not list((folder / "scratch").iterdir())
        with ws.read() as connection:
            assert events.verify(connection, "default").valid
        ws.close()
    assert set(ended.values()) == {("lost", "succeeded")}
    assert left["step.commit.after_database"] >= {"first"}
    assert all("third" not in finished for finished in left.values())


def test_when_its_owner_is_killed_no_process_stays(started: "subprocess.Popen[bytes]", folder: Path) -> None:
    children = psutil.Process(started.pid).children(recursive=True)
    assert len(children) >= 2
    started.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    ws = create_workspace(folder)
    lost = tracking.mark_lost(ws)
    assert len(lost) == 2
    assert _statuses(ws) == [("flow", "lost"), ("first", "succeeded"), ("second", "lost")]
    assert tracking.mark_lost(ws) == []
    ws.close()


def test_an_interrupt_cancels_the_run_and_ends_its_steps(started: "subprocess.Popen[bytes]", folder: Path) -> None:
    children = psutil.Process(started.pid).children(recursive=True)
    started.send_signal(signal.SIGINT)
    assert started.wait(20) != 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    ws = create_workspace(folder)
    assert _statuses(ws) == [("flow", "cancelled"), ("first", "succeeded"), ("second", "cancelled")]
    assert not list((folder / "scratch").iterdir())
    ws.close()


@pytest.mark.slow
def test_a_step_in_a_process_of_its_own_is_ended_by_an_interrupt_too(folder: Path, project: Project) -> None:
    thread = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    project.write("flow.py", thread + textwrap.dedent(FLOW))
    process = subprocess.Popen([sys.executable, "go.py", str(folder), "60"], cwd=project.root)
    _wait_for_second(folder)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    ws = create_workspace(folder)
    assert _statuses(ws) == [("flow", "cancelled"), ("first", "succeeded"), ("second", "cancelled")]
    ws.close()


def test_when_the_fork_server_is_killed_the_run_fails(started: "subprocess.Popen[bytes]", folder: Path) -> None:
    [server] = psutil.Process(started.pid).children()
    server.kill()
    assert started.wait(20) == 1
    ws = create_workspace(folder)
    assert _statuses(ws) == [("flow", "failed"), ("first", "succeeded"), ("second", "failed")]
    [run] = tracking.list_runs(ws, kind="pipeline")
    assert run.failure is not None
    assert "killed by signal 9" in run.failure.message
    ws.close()


def test_a_run_of_another_machine_is_lost_when_its_lease_runs_out(ws: Workspace, clock: PlayedClock) -> None:
    from mainspring.domain.run import Run, RunId
    from mainspring.tracking import tables

    run = Run(id=RunId(ws.ids.new()), kind="pipeline", name="flow", status="running", started_ms=ws.clock.now_ms())
    with ws.change() as tx:
        tables.insert_runs(tx.conn, ws.project, [run], owner="elsewhere:1:2")
    assert ws.leases.acquire(lease_name(run.id), owner="elsewhere:1:2", ttl_ms=1000)
    assert tracking.mark_lost(ws) == []
    clock.advance(1001)
    assert tracking.mark_lost(ws) == [run.id]
