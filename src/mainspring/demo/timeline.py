"""The demo's timeline: a progress bar on a terminal, and one line for each thing that happens, in plain words."""

import datetime
import sys
from types import TracebackType
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

__all__ = ["Happening", "Timeline"]

_STYLES = {
    "data": "cyan",
    "pipeline": "blue",
    "model": "magenta",
    "endpoint": "green",
    "monitor": "yellow",
    "loop": "bold",
    "trace": "white",
}


class Happening(msgspec.Struct, frozen=True):
    """One line of the timeline: when it happened on the played clock, which part of the system, and what, in words."""

    at_ms: int
    part: str
    text: str
    good: bool | None = None


class Timeline:
    """Collects what happens and prints it as it does; `quiet` only collects."""

    def __init__(self, *, days: int, quiet: bool = False, out: TextIO | None = None) -> None:
        self.happenings: list[Happening] = []
        self._quiet = quiet
        self._console = Console(file=out or sys.stdout, highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            # Lines go to stdout and the bar to stderr; on one terminal they must be drawn by one console.
            console=self._console if sys.stdout.isatty() else Console(file=sys.stderr),
            disable=quiet or not sys.stderr.isatty(),
            transient=True,
        )
        self._task = self._progress.add_task("2013", total=days)

    def __enter__(self) -> "Timeline":
        self._progress.start()
        return self

    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tell(self, at_ms: int, part: str, text: str, *, good: bool | None = None) -> None:
        """Add a line; `good` marks it as good or bad news, None as neither."""
        self.happenings.append(Happening(at_ms=at_ms, part=part, text=text, good=good))
        if self._quiet:
            return
        mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: " "}[good]
        first, *rest = text.split("\n")
        self._console.print(f"[dim]{_date(at_ms)}[/] {mark} [{_STYLES.get(part, 'white')}]{part:<8}[/] {_plain(first)}")
        for line in rest:
            self._console.print(f"{'':<22}{_plain(line)}")

    def day(self, at_ms: int, *, done: int) -> None:
        """Move the progress bar to a played day."""
        self._progress.update(self._task, description=_date(at_ms), completed=done)


def _date(at_ms: int) -> str:
    return datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC).strftime("%Y-%m-%d")


def _plain(text: str) -> str:
    """Text whose square brackets are not taken for markup."""
    return text.replace("[", r"\[")
