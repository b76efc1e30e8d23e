"""The demo's first weeks, for real: the same story as the whole year's, cut short."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mainspring import data
from mainspring.demo.play import NotTheDemos, play
from mainspring.governance import ops as governance
from mainspring.models import ops as models
from mainspring.serving import captured, feedback
from mainspring.serving import ops as endpoints
from mainspring.workspace import create_workspace, open_workspace

END_MS = 1 << 62
MODEL = "arrival-delay"


@pytest.mark.slow
def test_three_weeks_of_flights_go_through_the_loop(tmp_path: Path) -> None:
    folder = tmp_path / ".mainspring"
    summary = play(folder, quiet=True, days=22)

    told = [happening.text for happening in summary.happenings]
    assert any("nothing executed, 5 of 5 steps from the cache" in text for text in told)
    assert any("train, evaluate ran, 3 from the cache" in text for text in told)
    assert any("made again in new processes without a cache: identical" in text for text in told)
    refusal = next(text for text in told if "refused and quarantined" in text)
    assert all(rule in refusal for rule in ("distance: null", "dep_delay: unit", "carrier: category"))
    assert summary.months[0].first_model == pytest.approx(summary.months[0].system)
    assert 11 < summary.months[0].system < 15

    ws = open_workspace(folder)
    answered = captured(ws, MODEL, from_ms=0, to_ms=END_MS)
    known = feedback(ws, MODEL, from_ms=0, to_ms=END_MS)
    assert answered.height == summary.predictions
    assert answered["prediction_id"].n_unique() == summary.predictions
    assert sum(month.rows for month in summary.months) == answered.join(known, on="prediction_id", how="semi").height
    assert models.show_version(ws, MODEL, 1).aliases == ("champion",)
    assert data.resolve(ws, "flights").number == 4
    assert endpoints.show_endpoint(ws, MODEL).process is None
    assert governance.verify_events(ws).valid
    ws.close()

    (folder / "demo").unlink()
    with pytest.raises(NotTheDemos, match="holds a workspace that is not the demo's"):
        play(folder, quiet=True)


@pytest.mark.slow
def test_ctrl_c_leaves_a_workspace_that_opens_and_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mainspring", "demo"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if "answers at" in line:
                break
        time.sleep(1)
        started = [process.pid for process in psutil.process_iter() if _serves(process, tmp_path)]
        assert started
        os.kill(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 130, errors
    assert not [process.pid for process in psutil.process_iter() if _serves(process, tmp_path)]

    ws = open_workspace(tmp_path / ".mainspring")
    assert governance.verify_events(ws).valid
    assert models.show_version(ws, MODEL, 1).passed
    ws.close()
    assert play(tmp_path / ".mainspring", quiet=True, days=1).predictions > 500
    assert (tmp_path / ".mainspring-earlier" / "workspace.json").exists()


def test_the_demo_leaves_a_workspace_of_somebody_else_alone(tmp_path: Path) -> None:
    create_workspace(tmp_path / ".mainspring").close()
    with pytest.raises(NotTheDemos):
        play(tmp_path / ".mainspring", quiet=True)


def _serves(process: psutil.Process, folder: Path) -> bool:
    try:
        return (
            any(str(folder) in part for part in process.cmdline())
            and "mainspring.serving.endpoint" in process.cmdline()
        )
    except psutil.Error:
        return False
