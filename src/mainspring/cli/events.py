"""`mainspring events`: the history of every decision."""

import click

from mainspring.cli.errors import ChainBroken
from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.view import Page, Sentence, Table, when
from mainspring.domain.event import ChainReport, Event

__all__ = ["COMMAND"]

COMMAND = group("events", "The history of every decision.")


def _list_view(events: list[Event]) -> Page:
    rows = [(e.number, when(e.at_ms), e.kind, e.subject, e.principal) for e in events]
    return [
        Table(
            ("number", "at", "event", "subject", "by"), rows, empty="nothing has been decided yet; see: mainspring demo"
        )
    ]


def _chain_view(report: ChainReport) -> Page:
    return [
        Sentence(
            f"the {report.events:,} events of project '{report.project}' verify; head {report.head[:16]}", good=True
        )
    ]


@command(
    "list",
    of=COMMAND,
    view=_list_view,
    examples=[
        "mainspring events list",
        "mainspring events list --subject arrival-delay@2",
        "mainspring events list --after 120 --json",
    ],
    then=lambda _: "mainspring events verify",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True, help="At most this many.")
@click.option("--subject", default="", metavar="REFERENCE", help="Of this alone, such as arrival-delay@2.")
@click.option("--after", type=int, default=None, metavar="NUMBER", help="Oldest first, from the event after this one.")
def list_(session: Session, *, limit: int, subject: str, after: int | None) -> list[Event]:
    """List decisions, newest first: what was decided, on what, by whom."""
    from mainspring.governance import ops

    with session.open() as ws:
        return ops.list_events(ws, after=after or 0, limit=limit, subject=subject, newest=after is None)


@command(
    "verify",
    of=COMMAND,
    view=_chain_view,
    examples=["mainspring events verify", "mainspring events verify --project flights"],
)
def verify(session: Session) -> ChainReport:
    """Walk the whole chain of events: each one's hash covers the one before it.

    Exits with 1 and the number of the first event that does not fit.
    """
    from mainspring.governance import ops

    with session.open() as ws:
        report = ops.verify_events(ws)
    if not report.valid:
        raise ChainBroken(project=report.project, reason=report.reason, number=report.broken_at)
    return report
