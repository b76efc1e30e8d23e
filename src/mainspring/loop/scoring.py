"""Two packages judged on the same rows in a process of their own, since a package's transformation is the user's code.

The process is exec'ed, opens no database, and answers with an Evaluation as JSON.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainspring.domain.gate import Evaluation
from mainspring.kernel import canonical
from mainspring.loop.errors import ScoringFailed

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Comparison", "compare", "main"]

_TIMEOUT_S = 600


class Comparison(msgspec.Struct, frozen=True):
    """What the process is asked: two package folders, the rows as an Arrow file, and the columns that judge them."""

    candidate: str
    opponent: str
    opponent_name: str
    rows: str
    label: str
    at: str
    by: str


def compare(
    ws: "Workspace", rows: pl.DataFrame, *, candidate: Path, opponent: Path, opponent_name: str, like: Evaluation
) -> Evaluation:
    """The candidate's error beside the opponent's on `rows`, by the columns that `like` names; raises ScoringFailed."""
    scratch = ws.folder / "scratch"
    scratch.mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / "rows.arrow"
        rows.write_ipc(path)
        asked = Comparison(
            candidate=str(candidate),
            opponent=str(opponent),
            opponent_name=opponent_name,
            rows=str(path),
            label=like.label,
            at=like.at,
            by=like.by,
        )
        environment = os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "mainspring.loop.scoring"],
            input=canonical.dumps(asked),
            capture_output=True,
            timeout=_TIMEOUT_S,
            env=environment,
            check=False,
        )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ScoringFailed(reason=lines[-1] if lines else f"its process ended with {done.returncode}")
    return canonical.loads(done.stdout, type=Evaluation)


def main() -> None:
    """The process: a Comparison on stdin, an Evaluation on stdout."""
    # Imported here, where the optional packages of models are needed.
    from mainspring.models.evaluation import evaluate
    from mainspring.serving.loading import load_model

    asked = canonical.loads(sys.stdin.buffer.read(), type=Comparison)
    evaluation = evaluate(
        load_model(Path(asked.candidate)),
        pl.read_ipc(asked.rows, memory_map=False),
        label=asked.label,
        at=asked.at,
        by=asked.by,
        baseline=load_model(Path(asked.opponent)),
        baseline_name=asked.opponent_name,
    )
    sys.stdout.buffer.write(canonical.dumps(evaluation))


if __name__ == "__main__":
    main()
