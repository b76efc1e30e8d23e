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
_VERIFIED_AT_ONCE = 2000
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
    report: ChainReport | None
    newest: int
    verify: str
    rows: tuple[EventRow, ...]
    older: str


def listed(ws: "Workspace", request: Request) -> Shown:
    """The newest events and whether the whole chain holds.

    Verifying reads every event, so a long chain is verified when asked with `?verify=1`.
    """
    text = request.query_params.get("after", "0")
    if not text.isdecimal() or len(text) > 18:
        raise CursorInvalid(text=text)
    found = ops.list_events(ws, newest=True, after=int(text), limit=_PAGE)
    older = link(ws.project, "events", after=found[-1].number) if len(found) == _PAGE and found[-1].number > 1 else ""
    newest = next((event.number for event in ops.list_events(ws, newest=True, limit=1)), 0)
    verified = newest <= _VERIFIED_AT_ONCE or "verify" in request.query_params
    report = ops.verify_events(ws) if verified else None
    view = _Listed(
        report, newest, link(ws.project, "events", verify=1), tuple(row(ws.project, event) for event in found), older
    )
    return Shown("events.html", "Audit", "events", (Crumb("Audit"),), view)


def row(project: str, event: Event) -> EventRow:
    """The event with the page of what it is about."""
    return EventRow(
        event, to_subject(project, event.kind, event.subject), _ID.sub(lambda found: found[0][-8:], event.subject)
    )
