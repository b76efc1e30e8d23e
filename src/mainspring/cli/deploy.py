"""`mainspring deploy`: a model version behind an endpoint."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import click
import msgspec

from mainspring.cli.endpoints import status_parts
from mainspring.cli.errors import LocalOnly, ModelAmbiguous, NoModels
from mainspring.cli.frame import command
from mainspring.cli.models import model_names
from mainspring.cli.session import Session
from mainspring.cli.view import Page, Sentence
from mainspring.domain.endpoint import EndpointStatus

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND", "Deployment"]

_READY_S = 60.0
_POLL_S = 0.2
_TICK_S = 1.0


class Deployment(msgspec.Struct, frozen=True):
    """An endpoint as it is after a deploy, and who keeps it running: a server, this command until it ended, or nobody."""

    endpoint: EndpointStatus | None
    name: str
    model: str
    kept_by: Literal["up", "foreground", "nobody", "dry-run"]


def _view(made: Deployment) -> Page:
    if made.endpoint is None:
        return [Sentence(f"{made.model} would be served at endpoint {made.name}")]
    said = {
        "up": Sentence(f"{made.model} is served at {made.endpoint.url}", good=True),
        "nobody": Sentence(f"recorded; {made.model} is served as soon as this runs: mainspring up", good=None),
        "foreground": Sentence("it no longer answers; to serve it again: mainspring up"),
        "dry-run": Sentence(""),
    }
    return [*status_parts(made.endpoint), said[made.kept_by]]


@command(
    "deploy",
    view=_view,
    examples=[
        "mainspring deploy",
        "mainspring deploy arrival-delay@2 --reason 'winter schedule'",
        "mainspring deploy arrival-delay@champion --name delays --foreground",
    ],
    then=lambda made: {"nobody": "mainspring up", "up": f"mainspring endpoints show {made.name}"}.get(made.kept_by, ""),
    names=model_names,
)
@click.argument("reference", metavar="[MODEL[@VERSION]]", required=False, default="")
@click.option("--name", default="", help="The endpoint; the model's name where it is not given.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 picks a free one.")
@click.option("--reason", default="", help="Why; kept in the history.")
@click.option("--foreground", is_flag=True, help="Serve here until Ctrl-C, without mainspring up.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
def COMMAND(  # noqa: N802
    session: Session, *, reference: str, name: str, port: int, reason: str, foreground: bool, dry_run: bool
) -> Deployment:
    """Serve a model version at an endpoint.

    Without arguments: the champion of the only model there is, at an endpoint of its name. What is wanted is written down;
    `mainspring up` starts the endpoint's process, watches it, and replaces it without losing a request. Where no server
    runs, this says so, or serves in the foreground.
    """
    from mainspring.models import ops as models
    from mainspring.serving import ops

    if foreground and session.is_remote:
        raise LocalOnly(command="deploy --foreground", workspace=session.workspace)
    with session.open_reference(reference or _only_model(session), needs_version=False) as (ws, parsed):
        version = models.show_version(ws, parsed.name, parsed.at or "champion")
        model, endpoint = f"{parsed.name}@{parsed.at or 'champion'}", name or parsed.name
        if dry_run:
            return Deployment(endpoint=None, name=endpoint, model=version.reference, kept_by="dry-run")
        with _keeper(ws, session, foreground=foreground) as kept_by:
            ops.deploy(ws, endpoint, model=model, port=port, reason=reason)
            if kept_by == "foreground":
                _serve(session, ws, endpoint)
            elif kept_by == "up":
                with session.waiting(f"starting {endpoint}"):
                    _wait(ws, endpoint)
            return Deployment(ops.show_endpoint(ws, endpoint), endpoint, version.reference, kept_by)


def _only_model(session: Session) -> str:
    """The name of the workspace's only model; raises NoModels, ModelAmbiguous."""
    from mainspring.models import ops

    with session.open() as ws:
        names = [model.name for model in ops.list_models(ws, limit=20)]
    if not names:
        raise NoModels(project=session.project)
    if len(names) > 1:
        raise ModelAmbiguous(known=", ".join(names))
    return names[0]


@contextlib.contextmanager
def _keeper(ws: "Workspace", session: Session, *, foreground: bool) -> Iterator[Literal["up", "foreground", "nobody"]]:
    """Who keeps endpoints running: a server that holds the workspace, this process if it is to, or nobody."""
    from mainspring.workspace import WorkspaceHeld

    if session.is_remote:
        yield "up"
        return
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(ws.hold("mainspring deploy"))
        except WorkspaceHeld:
            if foreground:
                raise
            yield "up"
            return
        if not foreground:
            held.close()
        yield "foreground" if foreground else "nobody"


def _wait(ws: "Workspace", endpoint: str) -> None:
    """Until the endpoint's process serves what is wanted, or says why it does not; raises EndpointUnready."""
    from mainspring.serving import ops
    from mainspring.serving.errors import EndpointUnready

    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        status = ops.show_endpoint(ws, endpoint)
        if status.state == "ready" or (status.process is not None and status.process.error):
            return
        time.sleep(_POLL_S)
    raise EndpointUnready(
        name=endpoint, reason=f"it did not answer within {_READY_S:.0f} s", log="in the server's workspace"
    )


def _serve(session: Session, ws: "Workspace", endpoint: str) -> None:
    """Keep what is wanted running until Ctrl-C or a termination signal, then stop every process started here."""
    from mainspring import serving
    from mainspring.serving import ops

    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    others = {status.wanted.name for status in ops.list_endpoints(ws, limit=1000) if status.process is not None}
    acted: set[tuple[str, str]] = set()
    try:
        acted |= {(wanted.project, wanted.name) for wanted in serving.reconcile(ws)}
        session.announce(ops.show_endpoint(ws, endpoint).url)
        while not ended.wait(_TICK_S):
            acted |= {(wanted.project, wanted.name) for wanted in serving.reconcile(ws)}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for project, name in sorted(acted - {(ws.project, other) for other in others - {endpoint}}):
            serving.stop(ws.in_project(project), name)
