"""A real workspace in a temporary folder: SQLite, local objects, a played clock and repeatable ids."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mainspring.kernel.clock import Clock, PlayedClock
from mainspring.workspace import Workspace, create_workspace

__all__ = ["START_MS", "workspace"]

START_MS = 1_356_998_400_000
"""2013-01-01T00:00:00Z, where the clock of `workspace` stands."""


@contextmanager
def workspace(*, clock: Clock | None = None, seed: int = 0) -> Iterator[Workspace]:
    """A new, empty workspace, gone at the end of the block; equal seeds give equal ids.

    clock: a `PlayedClock` at START_MS where none is given; it moves only when a test moves it.
    """
    with tempfile.TemporaryDirectory(prefix="mainspring-test-") as folder:
        made = create_workspace(Path(folder) / ".mainspring", clock=clock or PlayedClock(START_MS), seed=seed)
        try:
            yield made
        finally:
            made.close()
