"""What a request must be before anything of it is believed: host, origin, content type, size."""

from collections.abc import Iterable

from mainspring.serving.errors import BodyTooLarge, UnsupportedContent
from mainspring.serving.wire import Receive, Scope

__all__ = ["Guard", "Headers", "read_body"]


class Headers:
    """The few headers that matter here, found in one pass."""

    __slots__ = ("content_length", "content_type", "host", "origin", "request_id")

    def __init__(self, scope: Scope) -> None:
        self.host = self.origin = self.content_type = self.content_length = self.request_id = b""
        for name, value in scope["headers"]:
            if name == b"host":
                self.host = value
            elif name == b"content-type":
                self.content_type = value
            elif name == b"content-length":
                self.content_length = value
            elif name == b"origin":
                self.origin = value
            elif name == b"x-request-id":
                self.request_id = value


class Guard:
    """Knows by which names this endpoint may be addressed: a page of another site must not reach it through the browser."""

    def __init__(self, port: int, hosts: Iterable[str]) -> None:
        names = ["127.0.0.1", "localhost", "[::1]", *hosts]
        self._hosts = frozenset(form.encode().lower() for name in names for form in (name, f"{name}:{port}"))
        self._origins = frozenset(b"http://" + host for host in self._hosts)

    def allows(self, method: str, headers: Headers) -> bool:
        """Whether the host is one of ours, and the origin too on everything but plain reads."""
        if headers.host.lower() not in self._hosts:
            return False
        return method in ("GET", "HEAD") or not headers.origin or headers.origin.lower() in self._origins


async def read_body(receive: Receive, headers: Headers, *, limit: int) -> bytes:
    """The JSON body of a request; raises UnsupportedContent, BodyTooLarge as soon as it is known."""
    kind = headers.content_type.partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise UnsupportedContent(found=headers.content_type.decode("latin-1")[:80])
    if headers.content_length.isdigit() and int(headers.content_length) > limit:
        raise BodyTooLarge(limit=limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise BodyTooLarge(limit=limit)
        return body
    chunks, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise BodyTooLarge(limit=limit)
    return b"".join(chunks)
