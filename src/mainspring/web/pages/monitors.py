"""Pages of monitors: the list, and one with its timeline of error, drift and what happened."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup
from starlette.requests import Request

from mainspring.domain.alert import Alert
from mainspring.domain.monitor import MonitorStatus
from mainspring.domain.window import Test, Window
from mainspring.loop import ops as loop
from mainspring.monitoring import ops
from mainspring.web import charts, figures, sketches, trail
from mainspring.web.page import Crumb, Figure, Finding, Shown, link
from mainspring.web.pages import alerts

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["error_trail", "error_trend", "last_matured", "listed", "show", "status_of"]

_WINDOWS = 400
_TREND = 60
_COLUMNS = 15


class _Row(msgspec.Struct, frozen=True):
    status: MonitorStatus
    href: str
    state: str
    watches: str
    watches_href: str
    error: float | None
    trend: Markup
    last_ms: int


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[_Row, ...]


class _Column(msgspec.Struct, frozen=True):
    test: Test
    state: str
    trend: Markup


class _WindowRow(msgspec.Struct, frozen=True):
    window: Window
    span: str
    labelled: float | None
    prediction_drift: float | None
    input_drift: float | None
    column: str
    happened: str


class _Shown(msgspec.Struct, frozen=True):
    name: str
    sub: str
    state: str
    command: str
    note: str
    promise: str
    figures: tuple[Figure, ...]
    # Any: a Vega-Lite spec.
    spec: dict[str, Any]
    windows: tuple[_WindowRow, ...]
    columns: tuple[_Column, ...]
    alerts: tuple[Finding, ...]


def listed(ws: "Workspace", _request: Request) -> Shown:
    """Every monitor with its error by window."""
    rows = tuple(_row(ws.project, status) for status in ops.list_monitors(ws))
    return Shown("monitors.html", "Monitors", "monitors", (Crumb("Monitors"),), _Listed(rows))


def show(ws: "Workspace", request: Request) -> Shown:
    """One monitor: error and drift by window, with deployments, retrainings and alerts on the same axis."""
    status = ops.show_monitor(ws, request.path_params["monitor"], windows=_WINDOWS)
    monitor = status.monitor
    raised = ops.list_alerts(ws, monitor=monitor.name, limit=100)
    markers = _markers(ws, status, raised)
    days = next((window.limit_days for window in reversed(status.windows) if window.limit_days), 1)
    view = _Shown(
        name=monitor.name,
        sub=f"watches {monitor.model}@{monitor.version} behind endpoint {monitor.endpoint} since {figures.day(monitor.since_ms)}",
        state=status_of(status),
        command=f"mainspring monitors show {monitor.name}",
        note=_arrived(status.windows),
        promise=f"at most {figures.sig(monitor.false_alarms_a_year)} false alarm a year of each kind when nothing changes",
        figures=_figures(status),
        spec=charts.timeline([_point(window) for window in status.windows], markers, running_days=days),
        windows=tuple(_window_row(window, markers) for window in reversed(status.windows)),
        columns=_columns(status.windows),
        alerts=tuple(alerts.finding(ws.project, alert) for alert in raised),
    )
    crumbs = (Crumb("Monitors", link(ws.project, "monitors")), Crumb(monitor.name))
    return Shown("monitor.html", monitor.name, "monitors", crumbs, view)


def status_of(status: MonitorStatus) -> str:
    """`alarm` while an alert is open, `waiting` before the first window, else `quiet`."""
    if status.open_alerts:
        return "alarm"
    return "quiet" if status.windows_total else "waiting"


def last_matured(windows: Sequence[Window]) -> Window | None:
    """The latest window whose error is known."""
    return next((window for window in reversed(windows) if window.error is not None), None)


def error_trend(status: MonitorStatus) -> Markup:
    """The error of the latest windows as a small line."""
    errors = [window.error for window in status.windows[-_TREND:]]
    return sketches.spark(errors, label=f"Error of the last {len(errors)} windows of {status.monitor.name}")


def error_trail(status: MonitorStatus) -> Markup:
    """The mean error of 7 windows each along all those at hand, with every change of version."""
    windows = status.windows
    if not windows:
        return Markup("")
    changes = [
        trail.Change(index, f"version {window.version}")
        for index, window in enumerate(windows)
        if index == 0 or window.version != windows[index - 1].version
    ]
    matured = last_matured(windows)
    return trail.draw(
        [_running(windows, index) for index in range(len(windows))],
        expected=matured.expected if matured else None,
        changes=changes,
        ends=(figures.day(windows[0].start_ms), figures.day(windows[-1].end_ms)),
        label=f"Error behind endpoint {status.monitor.endpoint}, mean of 7 windows, with changes of version",
    )


def _running(windows: Sequence[Window], index: int) -> float | None:
    """The error of the rows of up to 7 matured windows that end with this one; None where this one has not matured."""
    if windows[index].error is None:
        return None
    near = [window for window in windows[max(0, index - 6) : index + 1] if window.error is not None and window.labelled]
    rows = sum(window.labelled for window in near)
    return sum((window.error or 0.0) * window.labelled for window in near) / rows if rows else None


def _row(project: str, status: MonitorStatus) -> _Row:
    monitor, matured = status.monitor, last_matured(status.windows)
    return _Row(
        status=status,
        href=link(project, "monitors", monitor.name),
        state=status_of(status),
        watches=f"{monitor.model}@{monitor.version} at {monitor.endpoint}",
        watches_href=link(project, "endpoints", monitor.endpoint),
        error=matured.error if matured else None,
        trend=error_trend(status),
        last_ms=status.windows[-1].end_ms if status.windows else 0,
    )


def _figures(status: MonitorStatus) -> tuple[Figure, ...]:
    matured = last_matured(status.windows)
    rows = sum(window.rows for window in status.windows)
    return (
        Figure(
            "Error of the last matured window",
            figures.sig(matured.error if matured else None),
            figures.full(matured.error if matured else None),
            figures.day(matured.start_ms) if matured else "no window has matured",
        ),
        Figure(
            "Expected on held-out rows",
            figures.sig(matured.expected if matured else None),
            figures.full(matured.expected if matured else None),
        ),
        Figure("Open alerts", figures.count(status.open_alerts)),
        Figure("Windows", figures.count(status.windows_total), note=f"{figures.count(rows)} rows"),
    )


def _arrived(windows: Sequence[Window]) -> str:
    matured = last_matured(windows)
    return f"labels arrived until {figures.day(matured.end_ms)}" if matured else "no label has arrived yet"


def _point(window: Window) -> charts.Point:
    return charts.Point(
        start_ms=window.start_ms,
        end_ms=window.end_ms,
        error=window.error,
        expected=window.expected,
        limit=window.limit,
        prediction_drift=_score(window.worst("prediction")),
        input_drift=_score(window.worst("input")),
    )


def _score(test: Test | None) -> float | None:
    return None if test is None else round(test.score, 4)


def _markers(ws: "Workspace", status: MonitorStatus, raised: Iterable[Alert]) -> list[charts.Marker]:
    """Alerts, retrainings of the model and rollouts of the endpoint, and every change of version, within the windows shown."""
    monitor = status.monitor
    found = [charts.Marker(alert.opened_ms, "alert", _word(alert)) for alert in raised]
    for retraining in loop.list_retrainings(ws, model=monitor.model):
        found.append(
            charts.Marker(
                retraining.changed_ms,
                "retrained",
                f"v{retraining.version}" if retraining.version else retraining.state,
            )
        )
    for rollout in loop.list_rollouts(ws, endpoint=monitor.endpoint):
        if rollout.state == "rolled_back":
            found.append(charts.Marker(rollout.decided_ms, "rolled back", f"v{rollout.candidate}"))
    before = 0
    for window in status.windows:
        if window.version != before:
            found.append(charts.Marker(window.start_ms, "deployed", f"v{window.version}"))
        before = window.version
    start, end = (status.windows[0].start_ms, status.windows[-1].end_ms) if status.windows else (0, 0)
    return sorted((marker for marker in found if start <= marker.at_ms <= end), key=lambda marker: marker.at_ms)


def _word(alert: Alert) -> str:
    return {"input_drift": "inputs", "prediction_drift": "predictions", "error": "error"}[alert.kind]


def _window_row(window: Window, markers: Iterable[charts.Marker]) -> _WindowRow:
    worst = window.worst("input")
    happened = [f"{marker.kind} {marker.text}" for marker in markers if window.start_ms <= marker.at_ms < window.end_ms]
    return _WindowRow(
        window=window,
        span=f"{figures.clock(window.start_ms)} to {figures.clock(window.end_ms)}",
        labelled=window.labelled / window.rows if window.rows else None,
        prediction_drift=_score(window.worst("prediction")),
        input_drift=_score(worst),
        column=worst.column if worst else "",
        happened="; ".join(happened),
    )


def _columns(windows: Sequence[Window]) -> tuple[_Column, ...]:
    """The columns of the latest window that was tested, most drifted first."""
    tested = next((window for window in reversed(windows) if window.tests), None)
    if tested is None:
        return ()
    strongest: dict[str, Test] = {}
    for test in sorted((test for test in tested.tests if test.subject != "error"), key=lambda test: -test.score):
        strongest.setdefault(test.column or test.subject, test)
    history = {name: [_of(window, name) for window in windows[-_TREND:]] for name in list(strongest)[:_COLUMNS]}
    return tuple(
        _Column(
            test,
            "drifted" if test.alarm else "quiet",
            sketches.spark(history[name], label=f"Drift of {name} by window"),
        )
        for name, test in list(strongest.items())[:_COLUMNS]
    )


def _of(window: Window, name: str) -> float | None:
    return max(
        (test.score for test in window.tests if test.subject != "error" and (test.column or test.subject) == name),
        default=None,
    )
