"""Routes made from the op table, and the two hot routes beside it that carry object bytes."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio.to_thread
import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from mainspring.api.openapi import document
from mainspring.api.table import load_ops
from mainspring.api.wire import JsonResponse
from mainspring.kernel.errors import Invalid
from mainspring.kernel.hashing import Digest
from mainspring.kernel.op import Op, with_idempotency_key
from mainspring.storage.objects import DigestInvalid
from mainspring.workspace import PermissionDenied, Workspace

__all__ = ["MAX_BODY_BYTES", "BodyInvalid", "Views", "routes"]

MAX_BODY_BYTES = 8 << 20
_KEY_LIMIT = 200

Views = Callable[[Request], Workspace]
"""From a request to the workspace as its principal sees it, in the project of its path."""


class BodyInvalid(Invalid):
    code = "request.body"
    template = "the request's body cannot be used: {reason}"
    hint = "send a JSON object with the header Content-Type: application/json"


class _DigestMismatch(Invalid):
    code = "object.mismatch"
    template = "the bytes sent are object {found}, not {expected}"
    hint = "they were changed on the way; send them again"


def routes(views: Views) -> list[BaseRoute]:
    """The API below /api/v1: every op, the OpenAPI document and the objects."""
    ops = load_ops()
    listing: list[BaseRoute] = [Route("/api/v1/openapi.json", _openapi(ops))]
    listing.append(Route("/api/v1/objects/{digest}", functools.partial(_get_object, views), methods=["GET", "HEAD"]))
    listing.append(Route("/api/v1/objects/{digest}", functools.partial(_put_object, views), methods=["PUT"]))
    # A literal path goes before one with a placeholder in the same place.
    for op in sorted(ops.values(), key=lambda op: op.path.replace("{", "\x7f")):
        listing.append(Route(address(op), _endpoint(op, views), methods=[op.verb], name=op.name))
    return listing


def address(op: Op) -> str:
    """The path of an op, with placeholders."""
    return ("/api/v1" if op.scope == "workspace" else "/api/v1/projects/{project}") + op.path


def _endpoint(op: Op, views: Views) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        # Who asks comes before what is asked: a stranger learns nothing of arguments, and no body of theirs is read.
        view = await anyio.to_thread.run_sync(views, request)
        view.require(op.allow)
        raw: dict[str, Any] = dict(await _body(request)) if op.mutates else dict(request.query_params)
        for name, value in request.path_params.items():
            if name != "project":
                raw[name] = value
        arguments = op.convert(raw, strict=op.mutates and not request.path_params.keys() & raw.keys())
        key = request.headers.get("idempotency-key", "")[:_KEY_LIMIT]

        def perform() -> object:
            with with_idempotency_key(key):
                return view.perform(op, arguments)

        return JsonResponse(await anyio.to_thread.run_sync(perform))

    return answer


async def _body(request: Request) -> Mapping[str, Any]:
    data = await read_limited(request)
    if not data:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BodyInvalid(reason="its content type is not application/json")
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise BodyInvalid(reason=str(error)) from error
    except RecursionError as error:
        raise BodyInvalid(reason="it is nested too deep") from error


async def read_limited(request: Request) -> bytes:
    """The body; raises BodyInvalid over 8 MB, before the rest is read."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            raise BodyInvalid(reason=f"it is larger than {MAX_BODY_BYTES >> 20} MB; send large data as an object")
    return bytes(data)


def _openapi(ops: Mapping[str, Op]) -> Callable[[Request], Awaitable[Response]]:
    @functools.cache
    def content() -> bytes:
        return msgspec.json.encode(document(ops))

    async def answer(_request: Request) -> Response:
        return Response(content(), media_type="application/json")

    return answer


async def _get_object(views: Views, request: Request) -> Response:
    view = _allowed(views, request, "objects.read")
    path = await anyio.to_thread.run_sync(view.objects.path, Digest(request.path_params["digest"]))
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, immutable, max-age=31536000",
    }
    return FileResponse(
        path, media_type="application/octet-stream", headers=headers, content_disposition_type="attachment"
    )


async def _put_object(views: Views, request: Request) -> Response:
    """Stream a body into the store; it becomes visible only when its bytes are those of the digest in the path."""
    view = _allowed(views, request, "objects.write")
    expected = request.path_params["digest"]
    if len(expected) != 64:
        raise DigestInvalid(text=expected[:80])
    with view.objects.incoming() as (file, temporary):
        try:
            async for chunk in request.stream():
                await anyio.to_thread.run_sync(file.write, chunk)
        except ClientDisconnect:
            return Response(status_code=400)
        file.close()
        found = await anyio.to_thread.run_sync(
            functools.partial(view.objects.adopt, temporary, expected=Digest(expected))
        )
    if found != expected:
        raise _DigestMismatch(found=found, expected=expected)
    return JsonResponse({"digest": found}, status_code=201)


def _allowed(views: Views, request: Request, permission: str) -> Workspace:
    view = views(request)
    if not view.may(permission):
        raise PermissionDenied(
            principal=view.principal.name, role=view.principal.role, permission=permission, project=view.project
        )
    return view
