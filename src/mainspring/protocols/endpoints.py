"""Endpoints at the server's own address: `/endpoints/{project}/{name}/…` passes to the endpoint's process.

Only the paths an endpoint answers are passed on, and only to the port that the controllers recorded for it.
"""

import functools
import re
from typing import TYPE_CHECKING

import anyio.to_thread
import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainspring.kernel.errors import NotFound, Unavailable
from mainspring.serving import ops as serving
from mainspring.workspace import PermissionDenied

if TYPE_CHECKING:
    from mainspring.api.routes import Views

__all__ = ["EndpointDown", "PathUnknown", "routes"]

_PATHS = re.compile(r"v2(/[A-Za-z0-9._-]+)*|invocations|ping|feedback")
_KEPT = ("content-type", "inference-header-content-length", "x-request-id")
_TOLD = ("content-type", "inference-header-content-length", "retry-after", "x-request-id")
_TIMEOUT_S = 60


class EndpointDown(Unavailable):
    code = "endpoint.down"
    template = "endpoint '{name}' does not answer"
    hint = "its process is started by: mainspring up"


class PathUnknown(NotFound):
    code = "endpoint.path"
    template = "an endpoint answers nothing at '{path}'"
    hint = "use v2/models/NAME/infer, invocations or feedback"


def routes(views: "Views") -> list[BaseRoute]:
    """The routes that pass requests on."""
    passing = functools.partial(_pass, views, httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False))
    return [Route("/endpoints/{project}/{name}/{path:path}", passing, methods=["GET", "POST"])]


async def _pass(views: "Views", client: httpx.AsyncClient, request: Request) -> Response:
    name, path = request.path_params["name"], request.path_params["path"]
    if not _PATHS.fullmatch(path) or ".." in path:
        raise PathUnknown(path=path[:200])
    url = await anyio.to_thread.run_sync(_address, views, request, name)
    headers = {key: request.headers[key] for key in _KEPT if key in request.headers}
    try:
        answer = await client.request(
            request.method,
            f"{url}/{path}",
            content=request.stream(),
            headers=headers,
            params=request.query_params,
        )
    except httpx.TransportError as error:
        raise EndpointDown(name=name) from error
    told = {key: answer.headers[key] for key in _TOLD if key in answer.headers}
    return Response(answer.content, status_code=answer.status_code, headers=told)


def _address(views: "Views", request: Request, name: str) -> str:
    view = views(request)
    # Outcomes decide rollouts and retrainings, so who may only ask for predictions may not report them.
    permission = "endpoints.feedback" if request.path_params["path"] == "feedback" else "endpoints.predict"
    if not view.may(permission):
        raise PermissionDenied(
            principal=view.principal.name, role=view.principal.role, permission=permission, project=view.project
        )
    status = serving.show_endpoint(view, name)
    if not status.url:
        raise EndpointDown(name=name)
    return status.url
