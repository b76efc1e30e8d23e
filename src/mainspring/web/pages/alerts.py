"""Pages of alerts: the list, and one with its evidence and what came of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec
from starlette.requests import Request

from mainspring.domain.alert import Alert, Evidence
from mainspring.domain.retraining import Retraining
from mainspring.domain.window import Test
from mainspring.loop import ops as loop
from mainspring.monitoring import ops
from mainspring.web import figures
from mainspring.web.page import Crumb, Filter, Finding, Shown, Stop, link

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["count_open", "finding", "listed", "show", "status_of"]

_PAGE = 100
_STATES: dict[str, Literal["", "open", "closed"]] = {"open": "open", "closed": "closed"}


class _Row(msgspec.Struct, frozen=True):
    alert: Alert
    href: str
    status: str
    what: str
    monitor_href: str
    led_to: str
    led_href: str


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[_Row, ...]
    filters: tuple[Filter, ...]


class _Evidence(msgspec.Struct, frozen=True):
    evidence: Evidence
    span: str
    tests: tuple[Test, ...]


class _Shown(msgspec.Struct, frozen=True):
    alert: Alert
    what: str
    status: str
    sub: str
    command: str
    next_step: str
    strip: tuple[Stop, ...]
    evidence: tuple[_Evidence, ...]


def count_open(ws: "Workspace") -> int:
    """How many alerts nobody has acknowledged; counts to 100 at most."""
    return sum(not alert.acknowledged_ms for alert in ops.list_alerts(ws, state="open", limit=_PAGE))


def listed(ws: "Workspace", request: Request) -> Shown:
    """The alerts, open ones first; `?state=` shows only those."""
    state = _STATES.get(request.query_params.get("state", ""), "")
    found = ops.list_alerts(ws, state=state, limit=_PAGE)
    causes = _causes(loop.list_retrainings(ws))
    rows = tuple(_row(ws.project, alert, causes) for alert in sorted(found, key=lambda alert: alert.state != "open"))
    filters = tuple(
        Filter(word or "all", link(ws.project, "alerts", state=word), word == state) for word in ("", "open", "closed")
    )
    return Shown("alerts.html", "Alerts", "alerts", (Crumb("Alerts"),), _Listed(rows, filters))


def show(ws: "Workspace", request: Request) -> Shown:
    """One alert: what was found, by which tests, and what the loop did about it."""
    alert = ops.show_alert(ws, request.path_params["alert"])
    causes = _causes(loop.list_retrainings(ws, model=alert.model))
    view = _Shown(
        alert=alert,
        what=_what(alert),
        status=status_of(alert),
        sub=f"alert {alert.id}",
        command=f"mainspring alerts show {alert.id[-8:]}",
        next_step=_next_step(alert, causes.get(alert.id)),
        strip=_strip(ws.project, alert, causes.get(alert.id)),
        evidence=tuple(_evidence(item) for item in reversed(alert.evidence)),
    )
    crumbs = (Crumb("Alerts", link(ws.project, "alerts")), Crumb(alert.id[-8:]))
    return Shown("alert.html", f"{view.what} {alert.id[-8:]}", "alerts", crumbs, view)


def status_of(alert: Alert) -> str:
    """The alert's state, or `acknowledged` for an open one that somebody has seen."""
    return "acknowledged" if alert.state == "open" and alert.acknowledged_ms else alert.state


def finding(project: str, alert: Alert) -> Finding:
    """The alert as one line of a list."""
    return Finding(status_of(alert), alert.message, link(project, "alerts", alert.id), alert.opened_ms)


def _row(project: str, alert: Alert, causes: dict[str, Retraining]) -> _Row:
    led = causes.get(alert.id)
    return _Row(
        alert=alert,
        href=link(project, "alerts", alert.id),
        status=status_of(alert),
        what=_what(alert),
        monitor_href=link(project, "monitors", alert.monitor),
        led_to=f"retraining: {led.state}" if led else "",
        led_href=_way(project, led) if led else "",
    )


def _causes(retrainings: Iterable[Retraining]) -> dict[str, Retraining]:
    """Retrainings by the id of the alert that caused them."""
    return {found.cause.removeprefix("alert:"): found for found in retrainings if found.cause.startswith("alert:")}


def _way(project: str, led: Retraining) -> str:
    if led.version:
        return link(project, "models", led.model, led.version)
    return link(project, "runs", led.run_id) if led.run_id else ""


def _what(alert: Alert) -> str:
    return {"input_drift": "Drift of inputs", "prediction_drift": "Drift of predictions", "error": "Error"}[alert.kind]


def _next_step(alert: Alert, led: Retraining | None) -> str:
    if led is not None:
        return f"It started a retraining, now {led.state}{f': {led.message}' if led.message else ''}."
    if alert.state == "closed":
        return f"It closed: {alert.closed_because}." if alert.closed_because else "It closed."
    if alert.severity == "warning":
        return "It is for people: look whether the world changed or the data broke. Inputs that drift start no retraining by themselves."
    return "It may start a retraining, unless one was started by another alert a short while ago."


def _strip(project: str, alert: Alert, led: Retraining | None) -> tuple[Stop, ...]:
    version = f"{alert.model}@{alert.version}"
    stops = [
        Stop("endpoint", alert.endpoint, link(project, "endpoints", alert.endpoint)),
        Stop("model", version, link(project, "models", alert.model, alert.version)),
        Stop("monitor", alert.monitor, link(project, "monitors", alert.monitor)),
        Stop("alert", _what(alert), fact=f"{alert.windows} windows", here=True),
    ]
    if led is None:
        return (*stops, Stop("retraining", "none", fact="so far" if alert.state == "open" else ""))
    stops.append(Stop("retraining", led.state, link(project, "runs", led.run_id) if led.run_id else "", led.id[-8:]))
    if led.version:
        stops.append(Stop("model", f"{led.model}@{led.version}", link(project, "models", led.model, led.version)))
    return tuple(stops)


def _evidence(item: Evidence) -> _Evidence:
    span = f"{figures.clock(item.start_ms)} to {figures.clock(item.end_ms)}"
    return _Evidence(item, span, tuple(sorted(item.tests, key=lambda test: -test.score)[:10]))
