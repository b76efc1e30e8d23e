"""kill -9 at every fault point of a promotion: the next step finishes it, and nothing happens twice."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from loop import settling
from mainspring.governance import ops as governance
from mainspring.loop import ops as loop
from mainspring.loop.admission import champion_of
from mainspring.serving import ops as endpoints
from mainspring.workspace import open_workspace


def _settle(folder: Path, **fault: str) -> int:
    command = [sys.executable, settling.__file__, str(folder)]
    return subprocess.run(command, env=os.environ | fault, check=False, capture_output=True).returncode


def _points(log: Path) -> list[str]:
    """Every pass of a fault point, as `name:n`."""
    seen: Counter[str] = Counter()
    passes = []
    for name in log.read_text().split():
        seen[name] += 1
        passes.append(f"{name}:{seen[name]}")
    return passes


@pytest.mark.slow
def test_a_promotion_survives_a_kill_at_every_point(tmp_path: Path) -> None:
    prepared = tmp_path / "prepared" / "ws"
    prepared.parent.mkdir()
    settling.prepare(prepared)
    reference = tmp_path / "reference"
    shutil.copytree(prepared, reference)
    assert _settle(reference, MAINSPRING_FAULT_LOG=str(tmp_path / "log")) == 0
    points = _points(tmp_path / "log")
    assert {
        "promotion.before_alias:1",
        "promotion.after_alias:1",
        "promotion.before_commit:1",
        "promotion.after_commit:1",
    } <= set(points)
    for point in points:
        folder = tmp_path / point.replace(":", "-")
        shutil.copytree(prepared, folder)
        assert _settle(folder, MAINSPRING_FAULT=point) == -signal.SIGKILL, point
        assert _settle(folder) == 0, point
        _check(folder, point)
        shutil.rmtree(folder)


def _check(folder: Path, point: str) -> None:
    ws = open_workspace(folder)
    kinds = Counter(event.kind for event in governance.list_events(ws, limit=1000))
    assert governance.verify_events(ws).valid, point
    assert champion_of(ws, "ride") == 2, point
    assert [variant.version for variant in endpoints.show_endpoint(ws, "ride").wanted.variants] == [2], point
    assert [rollout.settled for rollout in loop.list_rollouts(ws)] == [True], point
    # Once for version 1, once for version 2; deployed, canary, settled.
    assert kinds["model.promoted"] == 2, (point, kinds)
    assert kinds["endpoint.routed"] == 2, (point, kinds)
    ws.close()
