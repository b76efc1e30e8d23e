"""Prometheus: the state of endpoints and alerts in the text exposition format, version 0.0.4, at /metrics."""

import functools
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainspring.monitoring import ops as monitoring
from mainspring.serving import ops as serving
from mainspring.workspace import Workspace

if TYPE_CHECKING:
    from mainspring.api.routes import Views

__all__ = ["routes"]


def routes(views: "Views") -> list[BaseRoute]:
    """The scrape address."""
    return [Route("/metrics", functools.partial(_metrics, views))]


async def _metrics(views: "Views", request: Request) -> Response:
    text = await anyio.to_thread.run_sync(lambda: render(views(request)))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def render(ws: Workspace) -> str:
    """Every metric of the project, as text."""
    lines = [
        "# HELP mainspring_endpoint_ready Whether the endpoint's process answers.",
        "# TYPE mainspring_endpoint_ready gauge",
    ]
    statuses = serving.list_endpoints(ws, limit=1000)
    for status in statuses:
        lines.append(f'mainspring_endpoint_ready{{endpoint="{status.wanted.name}"}} {int(status.state == "ready")}')
    lines += [
        "# HELP mainspring_predictions_total Rows answered, by variant and role.",
        "# TYPE mainspring_predictions_total counter",
    ]
    for status in statuses:
        for count in status.counts:
            labels = f'endpoint="{status.wanted.name}",variant="{count.variant}",version="{count.version}",role="{count.role}"'
            lines.append(f"mainspring_predictions_total{{{labels}}} {count.rows}")
    lines += ["# HELP mainspring_alerts_open Alerts that are not closed.", "# TYPE mainspring_alerts_open gauge"]
    lines.append(f"mainspring_alerts_open {len(monitoring.list_alerts(ws, state='open', limit=1000))}")
    return "\n".join(lines) + "\n"
