"""Errors on the wire: one JSON shape, one place where they become an HTTP status."""

import logging
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mainspring.kernel.errors import MainspringError, from_wire

__all__ = ["JsonResponse", "error_body", "error_response", "read_error", "unexpected_response"]

_log = logging.getLogger("mainspring.api")


class JsonResponse(Response):
    """JSON by msgspec, which knows Structs."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def error_body(error: MainspringError) -> dict[str, Any]:
    """The wire form of an error: code, message, hint and the fields it was raised with."""
    fields = {name: _plain(value) for name, value in error.fields.items()}
    return {"error": {"code": error.code, "message": error.message, "hint": error.next_step, "fields": fields}}


def error_response(_request: Request, error: Exception) -> Response:
    """The answer to a request that failed for a reason its caller can act on."""
    assert isinstance(error, MainspringError)
    return JsonResponse(error_body(error), status_code=error.http_status)


def unexpected_response(request: Request, error: Exception) -> Response:
    """The answer to a request that hit a defect: logged here, told without its inside."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    body = {
        "code": "server.defect",
        "message": "the server hit a defect",
        "hint": "its log has the traceback",
        "fields": {},
    }
    return JsonResponse({"error": body}, status_code=500)


def read_error(status: int, body: bytes) -> MainspringError:
    """The error in a server's answer; an answer in another shape becomes one with its status and first line."""
    try:
        content = msgspec.json.decode(body)
        if isinstance(content, dict) and isinstance(content.get("error"), dict):
            return from_wire(status, content["error"])
    except msgspec.DecodeError:
        pass
    first = body[:200].decode(errors="replace").partition("\n")[0]
    return from_wire(status, {"message": f"the server answered {status}: {first}"})


# Any: a field may hold whatever the message needs; what JSON cannot say goes as text.
def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    try:
        return msgspec.to_builtins(value)
    except (TypeError, ValueError):
        return str(value)
