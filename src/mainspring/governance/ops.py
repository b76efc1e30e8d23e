"""Operations on the history of a project: events, traces and cards."""

from typing import TYPE_CHECKING

from mainspring.domain.card import Card
from mainspring.domain.event import ChainReport, Event
from mainspring.domain.trace import Trace
from mainspring.governance.card import card
from mainspring.governance.trace import trace
from mainspring.kernel.op import op
from mainspring.storage import events

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["list_events", "show_card", "trace_prediction", "verify_events"]

_MOST_LISTED = 1000


@op("GET /events", allow="events.read")
def list_events(
    ws: "Workspace", *, after: int = 0, limit: int = 100, subject: str = "", newest: bool = False
) -> list[Event]:
    """Events with a number above `after`, oldest first; with `newest` the order turns and `after` is read downwards."""
    with ws.read() as connection:
        return events.list_events(
            connection, ws.project, after=after, limit=max(1, min(limit, _MOST_LISTED)), subject=subject, newest=newest
        )


@op("GET /events/verification", allow="events.read")
def verify_events(ws: "Workspace") -> ChainReport:
    """Walk the project's chain of events and say whether it holds, and where it breaks if not."""
    with ws.read() as connection:
        return events.verify(connection, ws.project)


@op("GET /traces/{prediction:path}", allow="models.read")
def trace_prediction(ws: "Workspace", prediction: str) -> Trace:
    """Walk from a prediction, `REQUEST/ROW`, to its variant, version, run, code, dataset versions and rows by split."""
    return trace(ws, prediction)


@op("GET /models/{model}/versions/{version}/card", allow="models.read")
def show_card(ws: "Workspace", model: str, version: int) -> Card:
    """The card of a version: facts from the records, and a list of what people still have to write."""
    return card(ws, model, version)
