"""`mainspring demo`: a year of real flights through the whole system."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainspring.cli.errors import LocalOnly
from mainspring.cli.frame import command
from mainspring.cli.session import Session
from mainspring.cli.up import DEFAULT_PORT

if TYPE_CHECKING:
    from mainspring.demo.summary import Summary

__all__ = ["COMMAND"]


@command(
    "demo",
    # The story and its end are told while it plays; nothing is left to show but its JSON.
    view=lambda _: [],
    answer="mainspring.demo.summary:Summary",
    examples=["mainspring demo", "mainspring demo --serve", "mkdir flights && cd flights && mainspring demo"],
    then=lambda summary: f"mainspring trace {summary.trace.prediction.id}",
)
@click.option("--serve", is_flag=True, help="Leave the web page up at the end, until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Of --serve; 0 picks a free one.",
)
def COMMAND(session: Session, *, serve: bool, port: int) -> "Summary":  # noqa: N802
    """Play a year of real flights through the whole system.

    The 2013 flights out of New York: data in, a bad batch refused, a model trained, judged, reproduced and served, every
    prediction captured, the outcomes that come late, drift, an alert, a retraining, a canary, a decision. It plays in this
    folder's workspace on a clock of its own and takes about two minutes; every number is computed in this run. Ctrl-C at
    any moment leaves a workspace that opens clean, and running it again works.
    """
    from mainspring.demo.play import play

    if session.is_remote:
        raise LocalOnly(command="demo", workspace=session.workspace)
    summary = play(Path(session.workspace), quiet=session.json or session.quiet)
    if not session.json and not session.plain:
        from rich.console import Console

        from mainspring.demo.summary import show

        show(Console(file=sys.stdout, no_color=not session.has_color, highlight=False), summary)
    if serve:
        _serve(session, port)
    elif not session.json:
        session.say("the pages of all this: mainspring up")
    return summary


def _serve(session: Session, port: int) -> None:
    from mainspring.server.run import serve

    with session.open() as ws:
        try:
            serve(ws, port=port, announce=session.announce)
        except KeyboardInterrupt:
            # Ctrl-C is how a server is meant to end.
            return
