"""`mainspring retrain`: a gated successor of a model."""

import time
from typing import TYPE_CHECKING

import click

from mainspring.cli.frame import command
from mainspring.cli.models import model_names
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, Sentence
from mainspring.domain.retraining import Retraining
from mainspring.kernel.errors import Failed

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND", "RetrainingFailed"]

_POLL_S = 0.5
_UNDER_WAY = ("requested", "running")


class RetrainingFailed(Failed):
    code = "retraining.failed"
    template = "the retraining of '{model}' failed: {reason}"
    hint = "see: mainspring runs list --status failed"


def _view(retraining: Retraining) -> Page:
    pairs = [
        ("model", retraining.model),
        ("retraining", retraining.id),
        ("state", retraining.state),
        ("candidate", f"{retraining.model}@{retraining.version}" if retraining.version else ""),
        ("run", retraining.run_id),
    ]
    good = {"passed": True, "refused": False}.get(retraining.state)
    return [Fields([pair for pair in pairs if pair[1]]), Sentence(retraining.message, good=good)]


def _then(retraining: Retraining) -> str:
    if retraining.state != "passed":
        return f"mainspring models show {retraining.model}"
    return f"mainspring models promote {retraining.model}@{retraining.version}"


@command(
    "retrain",
    view=_view,
    examples=["mainspring retrain arrival-delay", "mainspring retrain arrival-delay --reason 'new routes' --no-wait"],
    then=_then,
    exit_code=lambda retraining: 4 if retraining.state == "refused" else 0,
    names=model_names,
)
@click.argument("model")
@click.option("--reason", default="", help="Why; kept in the history.")
@click.option("--no-wait", is_flag=True, help="Ask for it and return; mainspring up does the work.")
def COMMAND(session: Session, *, model: str, reason: str, no_wait: bool) -> Retraining:  # noqa: N802
    """Make a gated successor of a model on the latest valid data.

    The pipeline, code and parameters that made its newest version run again on the newest version of its data, and the
    candidate is held against the champion on the same rows. Where `mainspring up` holds the workspace its controllers do the
    work and roll the candidate out; else this command does it and leaves promotion to you. Exits with 4 if the gate refuses.
    """
    from mainspring.loop import ops

    with session.open() as ws:
        wanted = ops.request_retraining(ws, model, reason=reason)
        if not no_wait:
            with session.waiting(f"retraining {model}"):
                wanted = _wait(ws, wanted) if session.is_remote else _work(ws, wanted)
    if wanted.state == "failed":
        raise RetrainingFailed(model=model, reason=wanted.message)
    return wanted


def _work(ws: "Workspace", wanted: Retraining) -> Retraining:
    """Do the retraining here, unless a server holds the workspace and will."""
    from mainspring.loop import ops, retraining
    from mainspring.workspace import WorkspaceHeld

    while wanted.state in _UNDER_WAY:
        try:
            with ws.hold("mainspring retrain"):
                return retraining.advance(ws, ops.show_retraining(ws, wanted.id))
        except WorkspaceHeld:
            # A server does the work; another command that holds the workspace will let it go.
            time.sleep(_POLL_S)
            wanted = ops.show_retraining(ws, wanted.id)
    return wanted


def _wait(ws: "Workspace", wanted: Retraining) -> Retraining:
    from mainspring.loop import ops

    while wanted.state in _UNDER_WAY:
        time.sleep(_POLL_S)
        wanted = ops.show_retraining(ws, wanted.id)
    return wanted
