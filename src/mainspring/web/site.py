"""The pages' routes: each view wrapped with its workspace, error pages and static files."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from mainspring.kernel.clock import SystemClock
from mainspring.kernel.errors import MainspringError, NotFound
from mainspring.web.page import Crumb, Shown, View
from mainspring.web.pages import (
    alerts,
    datasets,
    endpoints,
    events,
    models,
    monitors,
    overview,
    pipelines,
    predictions,
    raw,
    runs,
)
from mainspring.web.render import DEFAULT_PROJECT, STATIC, render

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Provider", "error_page", "routes"]

Provider = Callable[[Request, str], "Workspace"]
"""Opens the workspace of a request's principal in a project; raises a MainspringError if it may not."""

_LOG = logging.getLogger(__name__)

_PAGES: tuple[tuple[str, View], ...] = (
    ("/", overview.show),
    ("/runs", runs.listed),
    ("/runs/compare", runs.compared),
    ("/runs/{run}", runs.show),
    ("/pipelines", pipelines.listed),
    ("/pipelines/{pipeline}", pipelines.show),
    ("/datasets", datasets.listed),
    ("/datasets/{dataset}", datasets.versions),
    ("/datasets/{dataset}/{version:int}", datasets.show),
    ("/models", models.listed),
    ("/models/{model}", models.versions),
    ("/models/{model}/{at}", models.show),
    ("/endpoints", endpoints.listed),
    ("/endpoints/{endpoint}", endpoints.show),
    ("/predictions/{prediction:path}", predictions.show),
    ("/monitors", monitors.listed),
    ("/monitors/{monitor}", monitors.show),
    ("/alerts", alerts.listed),
    ("/alerts/{alert}", alerts.show),
    ("/events", events.listed),
)


class PageUnknown(NotFound):
    code = "page.unknown"
    template = "there is no page at {path}"
    hint = "the rail on the left leads to every page"


class _Failure(msgspec.Struct, frozen=True):
    heading: str
    code: str
    message: str
    next_step: str


class _Static(StaticFiles):
    """Static files that never change under their address, because the address holds their content's hash."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def routes(provider: Provider) -> list[BaseRoute]:
    """Every page below `/` and `/p/{project}`, and `/static`; put them after the API's and the protocols' routes."""
    pages = [Route("/p/{project}" + path, _endpoint(view, provider), methods=["GET"]) for path, view in _PAGES]
    return [
        Route("/", _endpoint(overview.show, provider), methods=["GET"]),
        *pages,
        Route("/p/{project}/runs/{run}/raw/{path:path}", _raw(provider), methods=["GET"]),
        Route("/p/{project}/{path:path}", _unknown, methods=["GET"]),
        Mount(
            "/static",
            _Static(directory=STATIC, check_dir=False),
            middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
        ),
    ]


def error_page(request: Request, error: Exception) -> Response:
    """The page of an error: what happened, its code, and the next step; anything unforeseen is a 500 that tells nothing of the inside."""
    project = request.path_params.get("project", DEFAULT_PROJECT)
    if isinstance(error, MainspringError):
        status = error.http_status
        failure = _Failure(_heading(status), error.code, error.message, error.next_step)
    else:
        _LOG.error("page %s failed", request.url.path, exc_info=error)
        status = 500
        failure = _Failure(
            _heading(500),
            "server.failed",
            "This page failed on the server.",
            "the server's log says where; reload to try again",
        )
    shown = Shown("failure.html", failure.heading, "none", (Crumb(failure.heading),), failure)
    return render(request, shown, project=project, now_ms=SystemClock().now_ms(), status=status)


def _heading(status: int) -> str:
    return {
        400: "That request is not right",
        401: "Sign in first",
        403: "Not allowed",
        404: "Not found",
        409: "Somebody else was first",
        422: "Refused",
        503: "Not available now",
    }.get(status, "Something went wrong")


def _endpoint(view: View, provider: Provider) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        project = request.path_params.get("project", DEFAULT_PROJECT)
        try:
            ws = provider(request, project)
            shown = view(ws, request)
            waiting = alerts.count_open(ws)
            return render(request, shown, project=ws.project, now_ms=ws.clock.now_ms(), open_alerts=waiting)
        except Exception as error:  # noqa: BLE001  the edge of a request: every failure becomes a page, unforeseen ones are logged
            return error_page(request, error)

    return answer


def _raw(provider: Provider) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        try:
            return raw.artifact(provider(request, request.path_params["project"]), request)
        except Exception as error:  # noqa: BLE001  as above
            return error_page(request, error)

    return answer


def _unknown(request: Request) -> Response:
    return error_page(request, PageUnknown(path=request.url.path))
