"""What every request passes first: the Host allow-list, the Origin check, and the headers every answer carries.

Binding to loopback alone does not protect: a page in the user's own browser can reach 127.0.0.1 under another name
(DNS rebinding), or send a request there from its own origin.
"""

import ipaddress
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainspring.api.wire import JsonResponse, error_body
from mainspring.kernel.errors import MainspringError, Unauthorised

__all__ = ["BindRefused", "Guard", "HostRefused", "OriginRefused", "check_bind", "is_loopback"]

_PLAIN_READS = frozenset({"GET", "HEAD"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class HostRefused(Unauthorised):
    code = "host.refused"
    template = "this server does not answer to the name '{host}'"
    hint = "use its own address, or allow the name with: mainspring up --allow-host NAME"


class OriginRefused(Unauthorised):
    code = "origin.refused"
    template = "a page of '{origin}' may not send this request"
    hint = "open Mainspring's own address and do it there"


class BindRefused(Unauthorised):
    code = "bind.refused"
    template = "'{host}' can be reached by other machines, and this server asks for no token"
    hint = "start it with: mainspring up --host {host} --auth"


def is_loopback(host: str) -> bool:
    """Whether a bind address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(host: str, *, auth_required: bool) -> None:
    """Raise BindRefused for an address that others can reach while no token is asked for."""
    if not auth_required and not is_loopback(host):
        raise BindRefused(host=host)


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, adds the security headers."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset({"localhost", "127.0.0.1", "::1"} | {host.lower() for host in hosts})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == HTTPStatus.UNAUTHORIZED:
                    headers.setdefault("WWW-Authenticate", 'Basic realm="Mainspring: any name, a token as password"')
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            response = JsonResponse(error_body(refusal), status_code=refusal.http_status)
            await response(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> MainspringError | None:
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return HostRefused(host=host[:200])
        origin = headers.get("origin")
        if method not in _PLAIN_READS and origin is not None and _address(origin) != host.lower():
            return OriginRefused(origin=origin[:200])
        return None


def _address(origin: str) -> str:
    """Host and port of an Origin header; empty for one that cannot be read, which no Host is equal to."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty for one that cannot be read."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
