"""The overview: four numbers, what needs somebody, what is live, what changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup
from starlette.requests import Request

from mainspring.data import ops as data
from mainspring.domain.alert import Alert
from mainspring.domain.endpoint import EndpointStatus
from mainspring.domain.monitor import MonitorStatus
from mainspring.domain.run import Run
from mainspring.governance import ops as governance
from mainspring.kernel.errors import NotFound
from mainspring.loop import ops as loop
from mainspring.models import ops as models
from mainspring.monitoring import ops as monitoring
from mainspring.tracking import ops as tracking
from mainspring.web import figures, gates, sketches
from mainspring.web.page import Figure, Finding, Shown, link
from mainspring.web.pages import alerts, endpoints, events, monitors, runs

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["show"]

_RECENT = 8
_NEEDS = 8
_TRAILS = 3
_WINDOWS = 400


class _Live(msgspec.Struct, frozen=True):
    name: str
    href: str
    status: str
    version: str
    version_href: str
    verdict: str
    predictions: int
    error: float | None
    trend: Markup
    rollout: str


class _Trail(msgspec.Struct, frozen=True):
    name: str
    href: str
    picture: Markup


class _Shown(msgspec.Struct, frozen=True):
    name: str
    fresh: bool
    figures: tuple[Figure, ...]
    needs: tuple[Finding, ...]
    live: tuple[_Live, ...]
    trails: tuple[_Trail, ...]
    runs: tuple[runs.RunRow, ...]
    runs_href: str
    events: tuple[events.EventRow, ...]
    events_href: str


def show(ws: "Workspace", _request: Request) -> Shown:
    """What is live, what changed, what needs somebody."""
    served = endpoints.with_counts(ws)
    watched = {status.monitor.endpoint: status for status in monitoring.list_monitors(ws)}
    trails = [
        monitoring.show_monitor(ws, status.monitor.name, windows=_WINDOWS)
        for status in list(watched.values())[:_TRAILS]
    ]
    raised = monitoring.list_alerts(ws, limit=100)
    recent = tracking.list_runs(ws, parent="none", limit=100)
    changed = governance.list_events(ws, newest=True, limit=_RECENT)
    rolling = {rollout.endpoint: rollout.state for rollout in reversed(loop.list_rollouts(ws))}
    view = _Shown(
        name=ws.project,
        fresh=not (recent or served or changed),
        figures=_figures(served, list(watched.values()), raised, recent),
        needs=_needs(ws, raised, recent),
        live=tuple(
            _live(ws, status, watched.get(status.wanted.name), rolling.get(status.wanted.name, "")) for status in served
        ),
        trails=tuple(
            _Trail(status.monitor.name, link(ws.project, "monitors", status.monitor.name), monitors.error_trail(status))
            for status in trails
        ),
        runs=tuple(runs.row(ws, run) for run in recent[:_RECENT]),
        runs_href=link(ws.project, "runs"),
        events=tuple(events.row(ws.project, event) for event in changed),
        events_href=link(ws.project, "events"),
    )
    return Shown("overview.html", "Overview", "", (), view)


def _figures(
    served: Sequence[EndpointStatus], watched: Sequence[MonitorStatus], raised: Sequence[Alert], recent: Sequence[Run]
) -> tuple[Figure, ...]:
    ready = sum(status.state == "ready" for status in served)
    answered = sum(endpoints.predictions(status) for status in served)
    daily = _rows_by_window(watched)
    main = max(watched, key=lambda status: status.windows_total, default=None)
    matured = monitors.last_matured(main.windows) if main else None
    opened = [alert for alert in raised if alert.state == "open"]
    failed = sum(run.status in ("failed", "lost") for run in recent)
    return (
        Figure(
            "Endpoints ready",
            f"{ready} of {len(served)}",
            note=f"{figures.count(answered)} predictions",
            picture=sketches.spark(daily, label="Rows answered by window"),
        ),
        Figure(
            "Error, last matured window",
            figures.sig(matured.error if matured else None),
            figures.full(matured.error if matured else None),
            f"expected {figures.sig(matured.expected)}" if matured else "no label has arrived",
            monitors.error_trend(main) if main else Markup(""),
        ),
        Figure("Open alerts", figures.count(len(opened)), note=f"{len(raised) - len(opened)} closed"),
        Figure(
            "Runs",
            figures.count(len(recent)),
            note=f"{failed} failed" + (", the latest 100" if len(recent) == 100 else ""),
        ),
    )


def _rows_by_window(watched: Sequence[MonitorStatus]) -> list[float | None]:
    rows: dict[int, float] = {}
    for status in watched:
        for window in status.windows:
            rows[window.start_ms] = rows.get(window.start_ms, 0) + window.rows
    return [rows[start] for start in sorted(rows)[-60:]]


def _needs(ws: "Workspace", raised: Sequence[Alert], recent: Sequence[Run]) -> tuple[Finding, ...]:
    """Open alerts that nobody acknowledged, failed runs whose name has not succeeded since, refused batches not followed by a version."""
    found = [alerts.finding(ws.project, alert) for alert in raised if alerts.status_of(alert) == "open"]
    seen: set[str] = set()
    for run in recent:
        if run.name not in seen and run.status in ("failed", "lost"):
            message = (
                f"{run.name}: {run.failure.type}: {run.failure.message}"
                if run.failure
                else f"{run.name} was {run.status}"
            )
            found.append(Finding(run.status, message, link(ws.project, "runs", run.id), run.started_ms))
        if run.status != "running":
            seen.add(run.name)
    for dataset in data.list_datasets(ws):
        if not dataset.quarantined:
            continue
        batch = data.list_quarantined(ws, dataset.name, limit=1)[0]
        if batch.at_ms > dataset.changed_ms:
            found.append(
                Finding(
                    "quarantined",
                    f"{dataset.name}: {batch.source} was refused",
                    link(ws.project, "datasets", dataset.name),
                    batch.at_ms,
                )
            )
    return tuple(sorted(found, key=lambda item: -item.at_ms)[:_NEEDS])


def _live(ws: "Workspace", status: EndpointStatus, watched: MonitorStatus | None, rollout: str) -> _Live:
    wanted = status.wanted
    first = next((variant for variant in wanted.variants if variant.role == "live"), None)
    matured = monitors.last_matured(watched.windows) if watched else None
    return _Live(
        name=wanted.name,
        href=link(ws.project, "endpoints", wanted.name),
        status=status.state,
        version=f"{first.model}@{first.version}" if first else "nothing",
        version_href=link(ws.project, "models", first.model, first.version) if first else "",
        verdict=gates.status_of(_passed(ws, first.model, first.version)) if first else "not judged",
        predictions=endpoints.predictions(status),
        error=matured.error if matured else None,
        trend=monitors.error_trend(watched) if watched else Markup(""),
        rollout=rollout,
    )


def _passed(ws: "Workspace", model: str, version: int) -> bool | None:
    try:
        return models.show_version(ws, model, str(version)).passed
    except NotFound:
        return None
