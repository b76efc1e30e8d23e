"""Runs whose process is gone: found by their owner, and marked as `lost` so that nobody waits for them."""

import os
import socket
from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.run import Run, RunId
from mainspring.storage.leases import now_ms
from mainspring.tracking import tables

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["lease_name", "mark_lost", "owner_of_this_process"]


def owner_of_this_process() -> str:
    """This process on this machine, told from another that later gets the same number by its start time."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def lease_name(run: str) -> str:
    """The lease that the runner of a pipeline run holds."""
    return f"run/{run}"


def mark_lost(ws: "Workspace") -> list[RunId]:
    """Mark pipeline runs, with their steps, whose process has died or whose lease has run out; their ids."""
    with ws.read() as connection:
        running = tables.owners_of_running(connection, ws.project)
    gone = [run for run, owner in running if _is_dead(owner)]
    silent = [run for run, owner in running if not _is_here(owner)]
    if not gone and not silent:
        return []
    with ws.change() as tx:
        now = now_ms(tx.conn, ws.clock)
        gone += tables.without_lease(tx.conn, [lease_name(run) for run in silent], now_ms=now)
        lost: list[RunId] = []
        for name in gone:
            run = tables.find_run(tx.conn, ws.project, name)
            if run is None:
                continue
            steps = tables.select_runs(tx.conn, ws.project, filters={"parent": name, "status": "running"}, limit=10_000)
            for item in (*steps, run):
                if tables.end_run(tx.conn, _lost(item, at_ms=ws.clock.now_ms())):
                    lost.append(item.id)
            if run.id in lost:
                tx.event("run.lost", subject=f"run/{run.id}", payload=_lost(run, at_ms=ws.clock.now_ms()))
    return lost


def _lost(run: Run, *, at_ms: int) -> Run:
    return msgspec.structs.replace(run, status="lost", ended_ms=at_ms, artifacts=(), metrics={})


def _is_here(owner: str) -> bool:
    return owner.partition(":")[0] == socket.gethostname()


def _is_dead(owner: str) -> bool:
    """Whether the owner was a process of this machine that is no more."""
    host, _, rest = owner.partition(":")
    number, _, started = rest.partition(":")
    return host == socket.gethostname() and number.isdigit() and _started(int(number)) != started


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty for one that is not there or has ended unreaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        return _alive(pid)
    return "" if fields[0] in "ZX" else fields[19]


def _alive(pid: int) -> str:
    """Where there is no /proc: `alive` or nothing."""
    if os.path.isdir("/proc/self"):
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
