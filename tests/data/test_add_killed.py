"""kill -9 at each fault point of adding: the next try finds a whole state, and the rows are in once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from mainspring import data
from mainspring.data.errors import DataRefused
from mainspring.storage import events
from mainspring.workspace import Workspace, open_workspace

ADD = """
import sys
from pathlib import Path
from mainspring import data
from mainspring.workspace import open_workspace
data.add(open_workspace(Path(sys.argv[1])), "rides", Path(sys.argv[2]))
"""
POINTS = [
    "artifact.commit.after_rename",
    "dataset.add.after_objects",
    "change.commit.before_commit",
    "change.commit.after_commit",
]


def run(ws: Workspace, file: Path, *, fault: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ADD, str(ws.folder), str(file)],
        env={**os.environ, "MAINSPRING_FAULT": fault},
        capture_output=True,
        text=True,
    )
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_all_or_nothing(ws: Workspace, rides: pl.DataFrame, tmp_path: Path, point: str) -> None:
    data.add(ws, "rides", rides)
    rides.with_columns(pl.col("fare") + 0.25).write_csv(tmp_path / "b.csv")
    assert run(ws, tmp_path / "b.csv", fault=point) == -signal.SIGKILL

    again = open_workspace(ws.folder)
    latest = data.resolve(again, "rides")
    assert latest.number in (1, 2)
    assert data.frame(again, "rides").height == latest.rows == 10 * latest.number
    assert data.add(again, "rides", tmp_path / "b.csv").number == 2
    assert data.frame(again, "rides")["_row_id"].to_list() == list(range(20))
    with again.read() as conn:
        report = events.verify(conn, "default")
    assert (report.valid, report.events) == (True, 2)
    again.close()


@pytest.mark.slow
def test_a_kill_while_refusing_never_lets_the_batch_in(ws: Workspace, rides: pl.DataFrame, tmp_path: Path) -> None:
    data.add(ws, "rides", rides)
    rides.drop("city").write_csv(tmp_path / "b.csv")
    assert run(ws, tmp_path / "b.csv", fault="dataset.refuse.before_change") == -signal.SIGKILL
    with pytest.raises(DataRefused):
        data.add(ws, "rides", tmp_path / "b.csv")
    assert data.resolve(ws, "rides").number == 1
    assert len(data.list_quarantined(ws, "rides")) == 1
