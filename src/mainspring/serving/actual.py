"""What is: the folder of an endpoint on this machine, and the process that serves from it."""

import http.client
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.endpoint import EndpointProcess
from mainspring.kernel import canonical
from mainspring.kernel.names import check_name
from mainspring.serving.proc import is_running

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = [
    "LOG_FILE",
    "PROCESS_FILE",
    "ROUTE_FILE",
    "damaged_segments",
    "endpoint_folder",
    "find_process",
    "read_process",
    "root_folder",
    "spool_folder",
    "tell",
]

ROUTE_FILE = "route.json"
LOG_FILE = "log"
PROCESS_FILE = "process.json"


def root_folder(ws: "Workspace") -> Path:
    """Where the endpoints of a workspace have their folders, by project and name."""
    return ws.folder / "endpoints"


def endpoint_folder(ws: "Workspace", project: str, name: str) -> Path:
    """The folder of one endpoint: route file, process file, log, spool."""
    return root_folder(ws) / check_name(project) / check_name(name)


def spool_folder(folder: Path) -> Path:
    """The spool in an endpoint's folder."""
    return folder / "spool"


def damaged_segments(ws: "Workspace") -> list[Path]:
    """What was put aside of the spools of all projects because it could not be read."""
    return sorted(root_folder(ws).glob("*/*/spool/*.damaged"))


def find_process(ws: "Workspace", project: str, name: str) -> EndpointProcess | None:
    """The process that serves an endpoint, None where there is none any more."""
    return read_process(endpoint_folder(ws, project, name))


def read_process(folder: Path) -> EndpointProcess | None:
    """The process that the folder's file names, if it is still the one that wrote it."""
    try:
        said = canonical.loads((folder / PROCESS_FILE).read_bytes(), type=EndpointProcess)
    except (OSError, msgspec.MsgspecError):
        return None
    return said if is_running(said.pid, said.start_ticks, argument=str(folder / ROUTE_FILE)) else None


def tell(process: EndpointProcess, path: str, *, timeout_s: float) -> bool:
    """Post to an endpoint's own address; whether it did as it was told."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=timeout_s)
    try:
        connection.request("POST", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
