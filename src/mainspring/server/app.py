"""The ASGI application: API, pages and protocols over one workspace, each request seen by its own principal."""

import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainspring import web
from mainspring.access.tokens import authenticate
from mainspring.api import routes as api
from mainspring.api.wire import JsonResponse, error_response, unexpected_response
from mainspring.domain.principal import Principal
from mainspring.kernel.errors import Invalid, MainspringError, NotFound, Unauthorised
from mainspring.protocols import endpoints, prometheus
from mainspring.server.security import Guard
from mainspring.workspace import Workspace

__all__ = ["TokenMissing", "create_app", "views_of"]

Lifespan = Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]


class AddressUnknown(NotFound):
    code = "address.unknown"
    template = "nothing is at {path}"
    hint = "the API is described at /api/v1/openapi.json"


class MethodRefused(Invalid):
    code = "method.refused"
    template = "this address does not take {method}"
    hint = "the API is described at /api/v1/openapi.json"
    http_status = 405


class TokenMissing(Unauthorised):
    code = "token.missing"
    template = "this server asks for a token"
    hint = "send 'Authorization: Bearer TOKEN'; an owner makes one with: mainspring tokens create"
    http_status = 401


def create_app(
    ws: Workspace, *, auth_required: bool = False, hosts: Iterable[str] = (), lifespan: Lifespan | None = None
) -> Starlette:
    """The application; `hosts` are names it answers to besides this machine's own."""
    views = views_of(ws, auth_required=auth_required)
    listing: list[BaseRoute] = [
        Route("/health", _health),
        *prometheus.routes(views),
        *endpoints.routes(views),
        *api.routes(views),
        *web.routes(lambda request, _project: views(request)),
    ]
    return Starlette(
        routes=listing,
        middleware=[Middleware(Guard, hosts=list(hosts))],
        exception_handlers={
            ClientDisconnect: _gone,
            MainspringError: error_response,
            HTTPException: _http_error,
            Exception: unexpected_response,
        },
        lifespan=lifespan or _no_lifespan,
    )


def views_of(ws: Workspace, *, auth_required: bool) -> api.Views:
    """From a request to the workspace as its principal sees it: by token, or as owner where no token is asked for."""

    def view(request: Request) -> Workspace:
        principal = _principal(ws, request, auth_required=auth_required)
        own = "" if principal.project == "*" else principal.project
        return ws.seen_by(principal, project=request.path_params.get("project", own))

    return view


def _principal(ws: Workspace, request: Request, *, auth_required: bool) -> Principal:
    token = _token(request.headers.get("authorization", ""))
    if token:
        return authenticate(ws, token)
    if auth_required:
        raise TokenMissing()
    return ws.principal


def _token(authorization: str) -> str:
    """The token in an Authorization header: as Bearer from programs, as the password of Basic from browsers."""
    scheme, _, credential = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return credential.strip()
        case "basic":
            try:
                return base64.b64decode(credential, validate=True).decode().partition(":")[2]
            except ValueError:
                return ""
    return ""


def _http_error(request: Request, error: Exception) -> Response:
    """What no route took: a page for people, JSON for programs."""
    assert isinstance(error, HTTPException)
    failure = (
        AddressUnknown(path=request.url.path) if error.status_code == 404 else MethodRefused(method=request.method)
    )
    if "text/html" in request.headers.get("accept", ""):
        return web.error_page(request, failure)
    return error_response(request, failure)


def _gone(_request: Request, _error: Exception) -> Response:
    """The caller hung up in the middle of its request; nobody reads the answer."""
    return Response(status_code=400)


async def _health(_request: Request) -> Response:
    return JsonResponse({"status": "ok"})


@contextlib.asynccontextmanager
async def _no_lifespan(_app: Starlette) -> AsyncIterator[None]:
    yield
