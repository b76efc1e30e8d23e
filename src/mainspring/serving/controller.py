"""The controller: endpoint processes of this machine made as they are wanted, one idempotent step a call."""

import fcntl
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mainspring.domain.endpoint import Endpoint, EndpointProcess, Route, RouteVariant
from mainspring.kernel.errors import MainspringError
from mainspring.kernel.sandbox import child_environment
from mainspring.models.packages import materialise
from mainspring.serving import tables
from mainspring.serving.actual import (
    LOG_FILE,
    ROUTE_FILE,
    endpoint_folder,
    read_process,
    root_folder,
    spool_folder,
    tell,
)
from mainspring.serving.errors import EndpointUnready, RouteInvalid
from mainspring.serving.intake import ingest
from mainspring.serving.proc import stop as stop_process
from mainspring.serving.route import read_route, write_route

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["all_wanted", "reconcile", "stop"]

_log = logging.getLogger(__name__)
_READY_TIMEOUT_S = 60.0
_LOAD_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 15.0
_POLL_S = 0.02
_LOG_TAIL_LINES = 5
_ENDPOINTS_READ = 10_000
# One thread a process: an answer is a matter of a millisecond, and the cores are there for other processes.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
# Children that this process has started, kept so that those which end are reaped.
_children: dict[int, subprocess.Popen[bytes]] = {}
# What did not come up, until when it is left alone and how long that is: a start that fails must not stop all else.
_resting: dict[tuple[Path, int], tuple[float, float]] = {}
# The number under which the removal of an endpoint rests; those of wanted ones begin at 1.
_REMOVED = 0
_FIRST_REST_S, _LONGEST_REST_S = 5.0, 300.0


def reconcile(ws: "Workspace") -> list[Endpoint]:
    """Start, replace and stop endpoint processes of all projects until they are as wanted; the endpoints it acted on.

    Raises EndpointUnready where one could not be brought about or removed, whatever the reason; the others are seen to
    first. A process that refuses a new route keeps serving the old one and says why in its status.
    """
    wanted = {endpoint_folder(ws, endpoint.project, endpoint.name): endpoint for endpoint in all_wanted(ws)}
    acted: list[Endpoint] = []
    failures: list[EndpointUnready] = []
    with _only_one(ws):
        _reap()
        for folder, endpoint in wanted.items():
            with _resting_after_failure(folder, endpoint.number, failures) as rested:
                if rested and _bring_about(ws, endpoint):
                    acted.append(endpoint)
        for folder in sorted(root_folder(ws).glob("*/*")):
            with _resting_after_failure(folder, _REMOVED, failures) as rested:
                if rested and folder.is_dir() and folder not in wanted:
                    _remove(ws, folder)
    for failure in failures[1:]:
        _log.error("%s", failure)
    if failures:
        raise failures[0]
    return acted


def all_wanted(ws: "Workspace") -> list[Endpoint]:
    """The endpoints wanted in every project."""
    with ws.read() as conn:
        return tables.select_endpoints(conn, limit=_ENDPOINTS_READ)


def stop(ws: "Workspace", endpoint: str) -> bool:
    """End the process of an endpoint, answers under way finished, and take in what it answered; whether one ran.

    The endpoint stays wanted: the next `reconcile` starts it again.
    """
    with _only_one(ws):
        return _stop(ws, ws.project, endpoint)


@contextmanager
def _resting_after_failure(folder: Path, number: int, failures: list[EndpointUnready]) -> Iterator[bool]:
    """Whether the endpoint may be tried; an error of the block joins the failures, and it rests for longer each time."""
    tried = (folder, number)
    until, wait_s = _resting.get(tried, (0.0, 0.0))
    if until > time.monotonic():
        yield False
        return
    try:
        yield True
        _resting.pop(tried, None)
    except (MainspringError, OSError) as error:
        wait_s = min(max(2 * wait_s, _FIRST_REST_S), _LONGEST_REST_S)
        _resting[tried] = (time.monotonic() + wait_s, wait_s)
        failures.append(_unready(folder, error))


def _unready(folder: Path, error: MainspringError | OSError) -> EndpointUnready:
    if isinstance(error, EndpointUnready):
        return error
    reason = error.message if isinstance(error, MainspringError) else str(error)
    failure = EndpointUnready(name=folder.name, reason=reason, log=folder / LOG_FILE)
    failure.__cause__ = error
    return failure


def _bring_about(ws: "Workspace", endpoint: Endpoint) -> bool:
    folder = endpoint_folder(ws, endpoint.project, endpoint.name)
    process = read_process(folder)
    written = _written_number(folder)
    if process is not None and written == endpoint.number and (process.number == written or process.error):
        return False
    moved = process is not None and endpoint.port not in (0, process.port)
    if process is not None and moved:
        _stop(ws, endpoint.project, endpoint.name)
        process = None
    if written != endpoint.number or process is None:
        _write_route(ws, endpoint, folder)
    if process is None:
        _start(endpoint, folder)
    else:
        _nudge(endpoint, process, folder)
    return True


def _write_route(ws: "Workspace", endpoint: Endpoint, folder: Path) -> None:
    spool = spool_folder(folder)
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    route = Route(
        endpoint=endpoint.name,
        number=endpoint.number,
        salt=endpoint.salt,
        variants=tuple(
            RouteVariant(
                name=variant.name,
                model=variant.model,
                version=variant.version,
                package=variant.package,
                folder=str(materialise(ws, variant.package)),
                weight=variant.weight,
                role=variant.role,
            )
            for variant in endpoint.variants
        ),
        spool=str(spool),
        clock=endpoint.clock,
        port=endpoint.port,
    )
    write_route(route, folder / ROUTE_FILE)


def _start(endpoint: Endpoint, folder: Path) -> None:
    log = folder / LOG_FILE
    with log.open("ab") as output:
        child = subprocess.Popen(
            # -P: nothing that lies in the working folder is imported. A session of its own: it outlives this process.
            [sys.executable, "-P", "-m", "mainspring.serving.endpoint", str(folder / ROUTE_FILE)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=child_environment(**_ENVIRONMENT),
            start_new_session=True,
        )
    _children[child.pid] = child
    until = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < until:
        process = read_process(folder)
        if process is not None and process.pid == child.pid:
            return
        if child.poll() is not None:
            raise EndpointUnready(name=endpoint.name, reason=_tail(log), log=log)
        time.sleep(_POLL_S)
    child.kill()
    child.wait()
    raise EndpointUnready(name=endpoint.name, reason=f"no answer within {_READY_TIMEOUT_S:.0f} s", log=log)


def _nudge(endpoint: Endpoint, process: EndpointProcess, folder: Path) -> None:
    if not tell(process, "/-/nudge", timeout_s=_LOAD_TIMEOUT_S):
        raise EndpointUnready(name=endpoint.name, reason="it did not take its new route", log=folder / LOG_FILE)


def _remove(ws: "Workspace", folder: Path) -> None:
    _stop(ws, folder.parent.name, folder.name)
    # Only an empty spool may go: a segment that could not be read is kept for a person to look at.
    if not any(list(spool_folder(folder).glob(left)) for left in ("*.segment", "*.open", "*.damaged")):
        shutil.rmtree(folder)


def _stop(ws: "Workspace", project: str, name: str) -> bool:
    folder = endpoint_folder(ws, project, name)
    process = read_process(folder)
    if process is not None:
        stop_process(process.pid, process.start_ticks, argument=str(folder / ROUTE_FILE), timeout_s=_STOP_TIMEOUT_S)
    _reap()
    ingest(ws.in_project(project), name)
    return process is not None


def _written_number(folder: Path) -> int:
    try:
        return read_route(folder / ROUTE_FILE).number
    except RouteInvalid:
        return 0


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " | ".join(lines[-_LOG_TAIL_LINES:])[-600:] or "its process ended without a word"


def _reap() -> None:
    for pid in [pid for pid, child in _children.items() if child.poll() is not None]:
        del _children[pid]


@contextmanager
def _only_one(ws: "Workspace") -> Iterator[None]:
    """One controller of a machine at a time; leases would not do, since processes belong to the machine."""
    root = root_folder(ws)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / "controller.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
