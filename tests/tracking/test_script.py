"""`ms.run`: a block that logs into a run of its own."""

from pathlib import Path

import pytest

from mainspring import tracking
from mainspring.workspace import Workspace


def test_a_block_is_a_run(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("good")
    with tracking.run("fit", ws) as run:
        run.log_param("rate", 0.1)
        run.log_metric("mae", 3.0, step=1)
        run.log_artifact("notes.txt", tmp_path / "notes.txt")
    found = tracking.show_run(ws, run.id)
    assert (found.status, found.params, found.metrics) == ("succeeded", {"rate": 0.1}, {"mae": 3.0})
    assert ws.objects.get_bytes(found.artifacts[0].digest) == b"good"


@pytest.mark.parametrize(("error", "status"), [(ValueError("bad"), "failed"), (KeyboardInterrupt(), "cancelled")])
def test_how_a_block_ends_is_how_its_run_ends(ws: Workspace, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), tracking.run("fit", ws) as run:
        raise error
    assert tracking.show_run(ws, run.id).status == status
