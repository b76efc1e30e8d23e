"""Rows answered by packages in a process of its own, since a package's transformation is the user's code.

The process is exec'ed, opens no database, and writes one column of predictions for each package.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainspring.domain.object import Digest
from mainspring.kernel import canonical
from mainspring.kernel.sandbox import child_environment
from mainspring.loop.errors import ScoringFailed
from mainspring.models import packages

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Asked", "main", "score"]

_TIMEOUT_S = 600
_BATCH_ROWS = 50_000


class Asked(msgspec.Struct, frozen=True):
    """What the process is asked: package folders, the rows as an Arrow file, and where the predictions go."""

    packages: tuple[str, ...]
    rows: str
    answers: str


def score(ws: "Workspace", rows: pl.DataFrame, models: Sequence[Digest]) -> pl.DataFrame:
    """The predictions of each package for `rows`: columns "0", "1", … in the order of `models`; raises ScoringFailed."""
    folders = [str(packages.materialise(ws, package)) for package in models]
    scratch = ws.folder / "scratch"
    scratch.mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        asked = Asked(packages=tuple(folders), rows=f"{folder}/rows.arrow", answers=f"{folder}/answers.arrow")
        rows.write_ipc(asked.rows)
        environment = child_environment(OMP_NUM_THREADS="1", POLARS_MAX_THREADS="1")
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "mainspring.loop.scoring"],
                input=canonical.dumps(asked),
                capture_output=True,
                timeout=_TIMEOUT_S,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ScoringFailed(reason=f"it did not end within {_TIMEOUT_S} s") from error
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise ScoringFailed(reason=lines[-1] if lines else f"its process ended with {done.returncode}")
        return pl.read_ipc(asked.answers)


def main() -> None:
    """The process: reads an Asked from stdin and writes the file it names."""
    # Imported here, in the process that needs the optional packages of models.
    from mainspring.serving.loading import load_model

    asked = canonical.loads(sys.stdin.buffer.read(), type=Asked)
    rows = pl.read_ipc(asked.rows)
    columns = {}
    for place, folder in enumerate(asked.packages):
        model = load_model(Path(folder))
        parts = [pl.Series(model.predict(part)) for part in rows.iter_slices(_BATCH_ROWS)]
        columns[str(place)] = pl.concat(parts) if parts else pl.Series([], dtype=pl.Float64)
    pl.DataFrame(columns).write_ipc(asked.answers)


if __name__ == "__main__":
    main()
