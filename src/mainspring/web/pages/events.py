"""The audit page: the chain of events, verified."""

import re
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request

from mainspring.domain.event import ChainReport, Event
from mainspring.governance import ops
from mainspring.kernel.errors import Invalid
from mainspring.web.page import Crumb, Shown, link
from mainspring.web.references import to_subject

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["EventRow", "listed", "row"]

_PAGE = 100
_ID = re.compile(r"\b[0-9a-f]{32}\b")


class CursorInvalid(Invalid):
    code = "page.cursor"
    template = "'{text}' is not the number of an event"
    hint = "start from the newest event: leave `after` out of the address"


class EventRow(msgspec.Struct, frozen=True):
    """One event, with the page of its subject."""

    event: Event
    href: str
    subject: str


class _Listed(msgspec.Struct, frozen=True):
    report: ChainReport
    rows: tuple[EventRow, ...]
    older: str


def listed(ws: "Workspace", request: Request) -> Shown:
    """The newest events and whether the whole chain holds; verifying reads every event of the project."""
    text = request.query_params.get("after", "0")
    if not text.isdecimal() or len(text) > 18:
        raise CursorInvalid(text=text)
    found = ops.list_events(ws, newest=True, after=int(text), limit=_PAGE)
    older = link(ws.project, "events", after=found[-1].number) if len(found) == _PAGE and found[-1].number > 1 else ""
    view = _Listed(ops.verify_events(ws), tuple(row(ws.project, event) for event in found), older)
    return Shown("events.html", "Audit", "events", (Crumb("Audit"),), view)


def row(project: str, event: Event) -> EventRow:
    """The event with the page of what it is about."""
    return EventRow(
        event, to_subject(project, event.kind, event.subject), _ID.sub(lambda found: found[0][-8:], event.subject)
    )
