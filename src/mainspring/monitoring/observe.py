"""Observing an endpoint: windows are closed and matured, each in one change with what it means for the alerts.

Windows close when their time is over, whether or not anything arrived in them; they mature when their labels are
complete, and then never change. Labels that arrive later still are ignored. Every step leaves a state that the next call
goes on from, and two callers at once do each step once.
"""

from typing import TYPE_CHECKING

import polars as pl

from mainspring.domain.alert import Alert
from mainspring.domain.lease import Lease
from mainspring.domain.monitor import Monitor
from mainspring.domain.object import Digest
from mainspring.domain.window import Subject, Test, Window
from mainspring.monitoring import alerts, tables, windows
from mainspring.monitoring.errors import MonitorMoved
from mainspring.monitoring.monitors import get, load_reference
from mainspring.storage.change import Change

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["needed", "observe"]

_MOST_WINDOWS = 100_000


def needed(ws: "Workspace", monitor: str, *, now_ms: int) -> tuple[int, int] | None:
    """The span of predictions, `[from_ms, to_ms)`, that `observe` needs at `now_ms`; None while there is nothing to do.

    It needs the feedback of those predictions too, whenever it became known. Raises MonitorUnknown.
    """
    watched = get(ws, monitor)
    policy = watched.policy
    with ws.read() as conn:
        waiting = tables.unmatured_windows(conn, watched, limit=1)
        latest = tables.latest_window(conn, ws.project, monitor)
    first = waiting[0].window.start_ms if waiting else _next_start(watched, latest)
    over = now_ms // policy.window_ms * policy.window_ms
    closes = _next_start(watched, latest) < over
    matures = bool(waiting) and waiting[0].window.end_ms + policy.label_delay_ms <= now_ms
    return (first, over) if closes or matures else None


def observe(
    ws: "Workspace",
    monitor: str,
    predictions: pl.DataFrame,
    feedback: pl.DataFrame,
    *,
    now_ms: int,
    lease: Lease | None = None,
) -> list[Alert]:
    """Close and mature every window whose time has come at `now_ms`; the alerts that this opened.

    predictions: rows captured in the span that `needed` gives (more does no harm): prediction_id, at_ms, version, role,
    prediction, and the inputs. feedback: prediction_id, label, at_ms. Both in any order, with repetitions.
    Raises MonitorUnknown.
    """
    watched = get(ws, monitor)
    opened: list[Alert] = []
    for start_ms in _to_close(ws, watched, now_ms=now_ms):
        opened += _close(ws, watched, predictions, start_ms=start_ms, now_ms=now_ms, lease=lease)
    known = feedback.filter(pl.col("at_ms") <= now_ms)
    with ws.read() as conn:
        waiting = tables.unmatured_windows(conn, watched, limit=_MOST_WINDOWS)
    for stored in waiting:
        if stored.window.end_ms + watched.policy.label_delay_ms <= now_ms:
            opened += _mature(ws, watched, stored, predictions, known, now_ms=now_ms, lease=lease)
    return opened


def _to_close(ws: "Workspace", monitor: Monitor, *, now_ms: int) -> range:
    with ws.read() as conn:
        latest = tables.latest_window(conn, monitor.project, monitor.name)
    width = monitor.policy.window_ms
    return range(_next_start(monitor, latest), now_ms // width * width, width)


def _next_start(monitor: Monitor, latest: Window | None) -> int:
    return max(monitor.since_ms, latest.end_ms) if latest else monitor.since_ms


def _close(
    ws: "Workspace", monitor: Monitor, predictions: pl.DataFrame, *, start_ms: int, now_ms: int, lease: Lease | None
) -> list[Alert]:
    policy = monitor.policy
    longest = max((*policy.input_days, *policy.lasting_days))
    with ws.read() as conn:
        earlier = tables.recent_windows(conn, monitor, before_ms=start_ms, matured=False, limit=longest - 1)
    reference = load_reference(ws, monitor.reference)
    rows = windows.rows_of(predictions, monitor.version, start_ms=start_ms, end_ms=start_ms + policy.window_ms)
    stored = windows.close(monitor, reference, [one.tally for one in earlier], rows, start_ms=start_ms)
    subjects: tuple[Subject, ...] = ("input", "prediction")
    with ws.change(lease=lease) as tx:
        _same(tx, monitor)
        if not tables.insert_window(tx.conn, monitor, stored):
            return []
        return [
            alert
            for subject in subjects
            for alert in _alert(
                ws, tx, monitor, subject, stored.window, _of(subject, stored.window.tests), now_ms=now_ms
            )
        ]


def _mature(
    ws: "Workspace",
    monitor: Monitor,
    stored: tables.Stored,
    predictions: pl.DataFrame,
    feedback: pl.DataFrame,
    *,
    now_ms: int,
    lease: Lease | None,
) -> list[Alert]:
    window = stored.window
    current = stored.reference == monitor.reference
    reference = load_reference(ws, Digest(stored.reference))
    with ws.read() as conn:
        earlier = (
            tables.recent_windows(
                conn, monitor, before_ms=window.start_ms, matured=True, limit=max(monitor.policy.lasting_days) - 1
            )
            if current
            else []
        )
    rows = windows.rows_of(predictions, window.version, start_ms=window.start_ms, end_ms=window.end_ms)
    matured, tests = windows.mature(monitor.policy, reference, [one.tally for one in earlier], stored, rows, feedback)
    with ws.change(lease=lease) as tx:
        _same(tx, monitor)
        if not tables.update_window(tx.conn, monitor, matured) or not current:
            return []
        return _alert(ws, tx, monitor, "error", matured.window, tests, now_ms=now_ms)


def _same(tx: Change, monitor: Monitor) -> None:
    """Raises MonitorMoved where the monitor was set on another version since its windows were computed."""
    if tables.find_monitor(tx.conn, monitor.project, monitor.name) != monitor:
        raise MonitorMoved(name=monitor.name)


def _of(subject: Subject, tests: tuple[Test, ...]) -> list[Test]:
    return [test for test in tests if test.subject == subject]


def _alert(
    ws: "Workspace", tx: Change, monitor: Monitor, subject: Subject, window: Window, tests: list[Test], *, now_ms: int
) -> list[Alert]:
    """Bring the alert of a kind up to date in the open change; the alert if this opened it."""
    kind = alerts.KINDS[subject]
    standing = tables.find_open(tx.conn, monitor).get(kind)
    if standing is None:
        if not any(test.alarm for test in tests):
            return []
        alert = alerts.raised(monitor, kind, window, tests, id=ws.ids.new(), now_ms=now_ms)
        tables.insert_alert(tx.conn, alert)
        tx.event("alert.opened", subject=f"alert/{alert.id}", payload=alert)
        return [alert]
    after = alerts.updated(standing, window, tests, quiet_windows=monitor.policy.quiet_windows, now_ms=now_ms)
    if after != standing:
        tables.update_alert(tx.conn, after)
        if after.state == "closed":
            tx.event("alert.closed", subject=f"alert/{after.id}", payload=after)
    return []
