"""The remote workspace: the same ops, sent to a server over HTTP."""

import io
import os
import random
import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import httpx
import msgspec

from mainspring.api.wire import read_error
from mainspring.kernel.clock import Clock, SystemClock
from mainspring.kernel.errors import Invalid, NotFound, Unavailable
from mainspring.kernel.hashing import Digest, digest, digest_file
from mainspring.kernel.ids import Ids
from mainspring.kernel.names import check_name
from mainspring.kernel.op import Op, idempotency_key
from mainspring.storage.objects import ObjectDamaged
from mainspring.tracking.connection import set_current
from mainspring.workspace import DEFAULT_FOLDER, Workspace, create_workspace

__all__ = ["RemoteObjects", "RemoteWorkspace", "ServerUnreachable", "UrlInvalid", "connect"]

_TRIES = 3
_CHUNK_BYTES = 1 << 20


class ServerUnreachable(Unavailable):
    code = "server.unreachable"
    template = "no Mainspring answers at {url} ({reason})"
    hint = "start one with: mainspring up"


class UrlInvalid(Invalid):
    code = "server.url"
    template = "'{url}' is not a server's address"
    hint = "write http://HOST:PORT"


def connect(where: str | Path = DEFAULT_FOLDER, *, project: str = "default", token: str = "") -> Workspace:
    """Connect this process to a folder, made if it is not there, or to a server's http:// address; public as `ms.connect`.

    Pipelines, runs and datasets use it from then on. `token` is MAINSPRING_TOKEN where it is empty.
    """
    if "://" in str(where):
        remote = RemoteWorkspace(str(where), project=project, token=token or os.environ.get("MAINSPRING_TOKEN", ""))
        # Ops name the embedded workspace in their signature; a remote one answers the same calls.
        ws = cast("Workspace", remote)
    else:
        ws = create_workspace(Path(where)).in_project(project)
    set_current(ws)
    return ws


class RemoteWorkspace:
    """A workspace behind a server's address; every mutating call carries an idempotency key, so a retry acts once."""

    def __init__(
        self, url: str, *, project: str = "default", token: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        parsed = httpx.URL(url) if url.startswith(("http://", "https://")) else None
        if parsed is None or not parsed.host:
            raise UrlInvalid(url=url[:200])
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = str(parsed).rstrip("/")
        self.project = check_name(project)
        self.clock: Clock = SystemClock()
        self.random = random.SystemRandom()
        self.ids = Ids(self.clock, self.random)
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=60, transport=transport, trust_env=False)
        self.objects = RemoteObjects(self)

    # Any: the op's own types; `kernel.op` binds them.
    def perform(self, op: Op, arguments: Mapping[str, Any]) -> Any:
        """Send an op and return its answer as the type it declares; raises the error that the server raised."""
        path = ("/api/v1" if op.scope == "workspace" else f"/api/v1/projects/{quote(self.project)}") + op.path
        body: dict[str, Any] = {}
        for argument in op.arguments:
            if argument.name not in arguments:
                continue
            value = msgspec.to_builtins(arguments[argument.name])
            if argument.place == "path":
                path = _fill(path, argument.name, value)
            else:
                body[argument.name] = value
        if op.mutates:
            headers = {"Idempotency-Key": idempotency_key() or self.ids.new(), "Content-Type": "application/json"}
            answer = self.send(op.verb, path, content=msgspec.json.encode(body), headers=headers)
        else:
            answer = self.send(op.verb, path, params={k: _query(v) for k, v in body.items() if v is not None})
        return msgspec.json.decode(answer.content, type=op.result)

    # Any: httpx's own request options.
    def send(self, verb: str, path: str, **options: Any) -> httpx.Response:
        """One request, tried again while nothing answers; raises ServerUnreachable or the server's error."""
        for attempt in range(_TRIES):
            try:
                answer = self._http.request(verb, path, **options)
                break
            except httpx.TransportError as error:
                if attempt == _TRIES - 1:
                    raise ServerUnreachable(url=self.url, reason=str(error) or type(error).__name__) from error
                time.sleep(0.1 * 2**attempt)
        if answer.is_error:
            raise read_error(answer.status_code, answer.content)
        return answer

    def in_project(self, project: str) -> "RemoteWorkspace":
        """The same server, another project."""
        view = object.__new__(RemoteWorkspace)
        view.__dict__.update(self.__dict__)
        view.project = check_name(project)
        return view

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class RemoteObjects:
    """The objects of a remote workspace; what is fetched is kept in a folder of this process and checked."""

    def __init__(self, ws: RemoteWorkspace) -> None:
        self._ws = ws
        self._cache: tempfile.TemporaryDirectory[str] | None = None

    def put_bytes(self, data: bytes) -> Digest:
        """Send `data`, unless the server has it."""
        name = digest(data)
        if not self.exists(name):
            self._ws.send("PUT", f"/api/v1/objects/{name}", content=data)
        return name

    def put_file(self, path: Path, *, move: bool = False) -> Digest:
        """Send a file, streamed, unless the server has it."""
        name = digest_file(path)
        if not self.exists(name):
            with path.open("rb") as file:
                self._ws.send("PUT", f"/api/v1/objects/{name}", content=iter(lambda: file.read(_CHUNK_BYTES), b""))
        if move:
            path.unlink()
        return name

    def get_bytes(self, name: Digest) -> bytes:
        """The object's bytes, checked against their name."""
        data = self._ws.send("GET", f"/api/v1/objects/{quote(name, safe='')}").content
        if digest(data) != name:
            raise ObjectDamaged(digest=name)
        return data

    def open(self, name: Digest) -> BinaryIO:
        """The object as a readable file."""
        return io.BytesIO(self.get_bytes(name))

    def path(self, name: Digest) -> Path:
        """The object as a file of this machine."""
        if self._cache is None:
            self._cache = tempfile.TemporaryDirectory(prefix="mainspring-")
        target = Path(self._cache.name) / name
        if not target.exists():
            target.write_bytes(self.get_bytes(name))
        return target

    def exists(self, name: Digest) -> bool:
        """Whether the server has the object."""
        try:
            self._ws.send("HEAD", f"/api/v1/objects/{quote(name, safe='')}")
        except NotFound:
            return False
        return True


def _fill(path: str, name: str, value: object) -> str:
    """The path with a placeholder filled; one that may span several segments, `{name:path}`, keeps its slashes."""
    found = re.search(rf"{{{name}(:path)?}}", path)
    assert found is not None
    return path[: found.start()] + quote(str(value), safe="/" if found[1] else "") + path[found.end() :]


def _query(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
