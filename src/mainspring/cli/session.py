"""One invocation of the command line: its settings, its workspace and its way of answering."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import click

from mainspring.cli.config import Config, find_config
from mainspring.cli.errors import ConfirmationNeeded
from mainspring.cli.output import explain, write_aligned, write_plain, write_rich
from mainspring.cli.view import Page, View

if TYPE_CHECKING:
    from mainspring.kernel.names import Reference
    from mainspring.workspace import Workspace

__all__ = ["DEFAULT_PROJECT", "DEFAULT_WORKSPACE", "ENVIRONMENT", "Session"]

T = TypeVar("T")
DEFAULT_WORKSPACE = "./.mainspring"
DEFAULT_PROJECT = "default"
ENVIRONMENT = {
    "MAINSPRING_WORKSPACE": "Folder or URL of the workspace.",
    "MAINSPRING_PROJECT": "The project.",
    "MAINSPRING_TOKEN": "The token sent to a server. There is no flag for it, since other users can see arguments.",
    "MAINSPRING_DATABASE": "The postgresql:// URL of a workspace that is made; SQLite in its folder where it is not given.",
    "NO_COLOR": "Set to anything: no colour.",
}
"""The variables that the command line reads."""


@dataclass
class Session:
    """Settings of one command; flags win over MAINSPRING_* variables, which win over mainspring.toml."""

    flags: dict[str, str] = field(default_factory=dict)
    json: bool = False
    plain: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    command: str = ""
    names: Callable[["Workspace"], Iterable[str]] | None = None

    @property
    def config(self) -> Config:
        """The mainspring.toml of this folder or one above; empty where there is none."""
        return find_config()

    @property
    def workspace(self) -> str:
        """Folder or URL of the workspace."""
        return self._setting("workspace", self.config.workspace or DEFAULT_WORKSPACE)

    @property
    def project(self) -> str:
        """Name of the project."""
        return self._setting("project", self.config.project or DEFAULT_PROJECT)

    @property
    def token(self) -> str:
        """The bearer token for a server; from the environment alone, since arguments are visible to other users."""
        return os.environ.get("MAINSPRING_TOKEN", "")

    def _setting(self, name: str, default: str) -> str:
        return self.flags.get(name) or os.environ.get(f"MAINSPRING_{name.upper()}") or default

    @property
    def is_remote(self) -> bool:
        """Whether the workspace is a server's."""
        return "://" in self.workspace

    @contextmanager
    def open(self) -> Iterator["Workspace"]:
        """The workspace, which must exist; closed afterwards."""
        with _closing(self._connect() if self.is_remote else self._open_folder()) as ws:
            yield ws

    def _open_folder(self) -> "Workspace":
        from mainspring.workspace import open_workspace

        return open_workspace(Path(self.workspace), project=self.project)

    def _connect(self) -> "Workspace":
        from mainspring.api.client import RemoteWorkspace

        remote = RemoteWorkspace(self.workspace, project=self.project, token=self.token)
        # Ops name the embedded workspace in their signature; a remote one answers the same calls.
        return cast("Workspace", remote)

    @contextmanager
    def create(self) -> Iterator["Workspace"]:
        """The workspace, made where there is none yet; closed afterwards."""
        if self.is_remote:
            with self.open() as ws:
                yield ws
            return
        from mainspring.workspace import create_workspace

        with _closing(create_workspace(Path(self.workspace)).in_project(self.project)) as ws:
            yield ws

    @contextmanager
    def open_project(self) -> Iterator["Workspace"]:
        """The workspace, made where there is none yet if this is a project's folder."""
        with self.create() if self.config.folder else self.open() as ws:
            yield ws

    def answer(self, value: T, view: View[T]) -> None:
        """Write the command's answer to stdout in the way that was asked for."""
        if self.json:
            from mainspring.cli.wire import encode_answer

            click.echo(encode_answer(self.command, value))
            return
        page = view(value)
        if not page:
            return
        if self.plain:
            write_plain(page)
        elif self.has_color:
            write_rich(page, force=self.color == "always")
        else:
            write_aligned(page)

    @property
    def has_color(self) -> bool:
        """Whether stdout is a terminal that wants colour."""
        if self.color != "auto":
            return self.color == "always"
        return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    @property
    def is_interactive(self) -> bool:
        """Whether a person reads stderr and wants words there."""
        return sys.stderr.isatty() and not self.quiet and not self.json

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """A bar on a terminal's stderr, told what is done of how much; None where nobody looks."""
        if not self.is_interactive:
            yield None
            return
        # Lazy: only a terminal pays for it.
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)

    @contextmanager
    def open_reference(self, text: str, *, needs_version: bool = False) -> Iterator[tuple["Workspace", "Reference"]]:
        """The workspace seen in the project that a reference names, and the parsed reference."""
        from mainspring.kernel.names import InvalidReference, parse_reference

        reference = parse_reference(text)
        if needs_version and not reference.at:
            raise InvalidReference(text=text[:80])
        with self.open() as ws:
            yield (ws.in_project(reference.project) if reference.project else ws), reference

    def announce(self, url: str) -> None:
        """Tell at once where something answers: a line on stdout, JSON if that was asked for."""
        if self.json:
            from mainspring.cli.wire import encode_answer

            click.echo(encode_answer(f"{self.command}.ready", {"url": url}))
        else:
            click.echo(url)
        if self.is_interactive:
            self.say("Ctrl-C stops it")

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Words and a moving sign on a terminal's stderr while something takes its time."""
        if not self.is_interactive:
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status(what):
            yield

    def say(self, text: str) -> None:
        """A line on stderr for the person who waits; silent with -q."""
        if not self.quiet:
            click.echo(text, err=True)

    def explain(self, page: Page) -> None:
        """Show the evidence for the error that follows, on stderr; --json has it in the error's fields."""
        if not self.quiet and not self.json:
            explain(page)

    def ask(self, question: str, *, yes: bool) -> None:
        """Go on if the person agrees; raises click.Abort if not, ConfirmationNeeded where nobody can be asked."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise ConfirmationNeeded(question=question)
        click.confirm(question, abort=True, err=True)


@contextmanager
def _closing(ws: "Workspace") -> Iterator["Workspace"]:
    try:
        yield ws
    finally:
        ws.close()
