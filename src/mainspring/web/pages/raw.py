"""The bytes of a run's artifact, always as a download: never shown, never run, in the page's origin or out of it."""

import mimetypes
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mainspring.domain.run import Run
from mainspring.kernel.errors import NotFound
from mainspring.kernel.names import check_relative
from mainspring.tracking import ops

if TYPE_CHECKING:
    from mainspring.domain.object import Digest
    from mainspring.workspace import Workspace

__all__ = ["Log", "artifact", "log_of"]

_CHUNK_BYTES = 1 << 20
_LOG_BYTES = 32 << 10
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class ArtifactUnknown(NotFound):
    code = "artifact.unknown"
    template = "run {run} has no artifact '{name}'"
    hint = "see: mainspring runs show {run}"


def artifact(ws: "Workspace", request: Request) -> Response:
    """Stream artifact `{path}` of run `{run}`; a model's folder has no bytes of its own and is refused."""
    name = check_relative(request.path_params["path"])
    run = ops.show_run(ws, request.path_params["run"])
    found = next((item for item in run.artifacts if item.name == name and item.kind != "model"), None)
    if found is None:
        raise ArtifactUnknown(run=run.id[-8:], name=name)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name.rpartition('/')[2], safe='')}",
        "content-length": str(found.size_bytes),
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-cache",
    }
    return StreamingResponse(_chunks(ws, found.digest), media_type=kind, headers=headers)


class Log(msgspec.Struct, frozen=True):
    """The end of what a step printed; `left_out` counts the bytes before it."""

    text: str
    left_out: int


def log_of(ws: "Workspace", run: Run) -> Log | None:
    """The last 32 kB of a run's log, without colours and control characters; None where it printed nothing."""
    found = next((item for item in run.artifacts if item.kind == "log"), None)
    if found is None:
        return None
    left_out = max(0, found.size_bytes - _LOG_BYTES)
    with ws.objects.open(found.digest) as file:
        file.seek(left_out, os.SEEK_SET)
        text = file.read(_LOG_BYTES).decode(errors="replace")
    return Log(_ESCAPES.sub("", text), left_out)


def _chunks(ws: "Workspace", digest: "Digest") -> Iterator[bytes]:
    with ws.objects.open(digest) as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
