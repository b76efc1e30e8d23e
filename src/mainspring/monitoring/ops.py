"""The use cases of monitors and alerts: list, show, acknowledge."""

from typing import TYPE_CHECKING, Literal

import msgspec

from mainspring.domain.alert import Alert
from mainspring.domain.monitor import Monitor, MonitorStatus
from mainspring.kernel.op import op
from mainspring.monitoring import tables
from mainspring.monitoring.errors import AlertUnknown, LimitInvalid
from mainspring.monitoring.monitors import get, load_reference

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["acknowledge_alert", "list_alerts", "list_monitors", "show_alert", "show_monitor"]

_MAX_LIMIT = 1000
_MAX_WINDOWS = 1000
_WINDOWS_LISTED = 40


@op("GET /monitors", allow="monitoring.read")
def list_monitors(ws: "Workspace", *, limit: int = 100, after: str = "") -> list[MonitorStatus]:
    """Monitors by name, each with its latest windows, tests left out."""
    _check_limit("monitors", limit, _MAX_LIMIT)
    with ws.read() as conn:
        found = tables.select_monitors(conn, ws.project, after=after, limit=limit)
    return [_status(ws, monitor, windows=_WINDOWS_LISTED, tests=False) for monitor in found]


@op("GET /monitors/{monitor}", allow="monitoring.read")
def show_monitor(ws: "Workspace", monitor: str, *, windows: int = 100) -> MonitorStatus:
    """A monitor with its latest `windows` windows and their tests."""
    _check_limit("windows", windows, _MAX_WINDOWS)
    return _status(ws, get(ws, monitor), windows=windows, tests=True)


@op("GET /alerts", allow="monitoring.read")
def list_alerts(
    ws: "Workspace",
    *,
    state: Literal["", "open", "closed"] = "",
    monitor: str = "",
    limit: int = 100,
    after: str = "",
) -> list[Alert]:
    """Alerts, newest first: all, or those open or closed, or those of a monitor."""
    _check_limit("alerts", limit, _MAX_LIMIT)
    with ws.read() as conn:
        return tables.select_alerts(conn, ws.project, state=state, monitor=monitor, after=after, limit=limit)


@op("GET /alerts/{alert}", allow="monitoring.read")
def show_alert(ws: "Workspace", alert: str) -> Alert:
    """One alert with its evidence."""
    with ws.read() as conn:
        found = tables.find_alert(conn, ws.project, alert)
    if found is None:
        raise AlertUnknown(id=alert, project=ws.project)
    return found


@op("POST /alerts/{alert}/acknowledge", allow="monitoring.write")
def acknowledge_alert(ws: "Workspace", alert: str, *, note: str = "") -> Alert:
    """Record that a person has seen an alert; it stays open until its cause is gone."""
    with ws.change() as tx:
        found = tables.find_alert(tx.conn, ws.project, alert)
        if found is None:
            raise AlertUnknown(id=alert, project=ws.project)
        if not found.acknowledged_ms:
            found = msgspec.structs.replace(
                found, acknowledged_ms=ws.clock.now_ms(), acknowledged_by=ws.principal.name, note=note
            )
            tables.update_alert(tx.conn, found)
            tx.event("alert.acknowledged", subject=f"alert/{alert}", payload=found)
        return tx.reply(found)


def _status(ws: "Workspace", monitor: Monitor, *, windows: int, tests: bool) -> MonitorStatus:
    with ws.read() as conn:
        found = tables.select_windows(conn, ws.project, monitor.name, limit=windows)
        total = tables.count_windows(conn, ws.project, monitor.name)
        waiting = tables.count_open(conn, ws.project, monitor.name)
    kept = found if tests else [msgspec.structs.replace(window, tests=()) for window in found]
    columns = tuple(column.name for column in load_reference(ws, monitor.reference).columns) if tests else ()
    return MonitorStatus(
        monitor=monitor, windows=tuple(kept), windows_total=total, open_alerts=waiting, columns=columns
    )


def _check_limit(what: str, limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise LimitInvalid(what=what, most=most, limit=limit)
