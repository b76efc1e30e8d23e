"""Controllers: each looks at what is declared and what is, and takes one idempotent step under a lease.

Killing any of them, or running two, changes nothing: the lease's fencing token is checked in the changes that move a
retraining, a rollout or a monitor on, and every other effect is one that can be asked for twice. What fails for one endpoint, retraining or rollout is told and leaves the others alone; the next tick tries it again.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.alert import Alert
from mainspring.domain.lease import Lease
from mainspring.domain.retraining import Retraining
from mainspring.kernel.errors import MainspringError
from mainspring.loop import retraining, rollouts, tables, watching
from mainspring.loop.ops import request_retraining
from mainspring.monitoring import ops as monitoring
from mainspring.serving.controller import all_wanted, reconcile

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Failure", "Tick", "attend", "tick", "train", "trigger"]

_log = logging.getLogger("mainspring.loop")
_LEASE_MS = 60_000
_MOST = 1000
DAY_MS = 86_400_000


class Failure(msgspec.Struct, frozen=True):
    """What one controller could not do, about what."""

    subject: str
    message: str


class Tick(msgspec.Struct, frozen=True):
    """What came of a tick; `held` is False where another process holds the lease, so that nothing was done.

    `steps` counts the retrainings that were worked on.
    """

    held: bool
    steps: int = 0
    failures: tuple[Failure, ...] = ()


def tick(ws: "Workspace") -> Tick:
    """Let every controller take one step, here and now: what `attend` and `train` do by turns in a server."""
    done = [attend(ws), train(ws)]
    if done[1].steps:
        done.append(attend(ws))
    failures = tuple(failure for part in done for failure in part.failures)
    return Tick(held=all(part.held for part in done), steps=done[1].steps, failures=failures)


def attend(ws: "Workspace") -> Tick:
    """Bring endpoints about, take in what they captured, look at their monitors, and move rollouts on; a matter of moments."""
    with ws.leases.held("controllers", owner=_owner(ws), ttl_ms=_LEASE_MS) as lease:
        if lease is None:
            return Tick(held=False)
        failures: list[Failure] = []
        with _told("endpoints", failures):
            reconcile(ws)
        _watch(ws, failures, lease=lease)
        _roll_out(ws, failures, lease=lease)
        return Tick(held=True, failures=tuple(failures))


def train(ws: "Workspace") -> Tick:
    """Do the work of every retraining that waits or was cut short, oldest first; as long as their pipelines take."""
    with ws.read() as connection:
        waiting = tables.list_retrainings(connection, states=("requested", "running"), limit=_MOST)
    if not waiting:
        return Tick(held=True)
    with ws.leases.held("retrainings", owner=_owner(ws), ttl_ms=_LEASE_MS) as lease:
        if lease is None:
            return Tick(held=False)
        failures: list[Failure] = []
        for found in reversed(waiting):
            with _told(f"retraining {found.id}", failures):
                retraining.advance(ws, found, lease=lease)
        return Tick(held=True, steps=len(waiting), failures=tuple(failures))


def trigger(ws: "Workspace", alert: Alert) -> Retraining | None:
    """Ask for the retraining that an alert calls for, if it calls for one and none is under way or has just been.

    The alert is the cause, so it starts one retraining however often it is looked at. One that is still raised long after
    its retraining came to nothing is a cause again, every `retry_days`. Drift of inputs alone starts none.
    """
    now = ws.clock.now_ms()
    with ws.read() as connection:
        plan = tables.get_plan(connection, ws.project, alert.model)
        latest = tables.list_retrainings(connection, project=ws.project, model=alert.model, limit=1)
        unsettled = tables.list_rollouts(connection, project=ws.project, unsettled=True)
        attempt = (now - alert.opened_ms) // (plan.retry_days * DAY_MS)
        causes = [f"alert:{alert.id}" + (f"/{number}" if number else "") for number in range(attempt + 1)]
        asked = [tables.find_cause(connection, ws.project, cause) is not None for cause in causes]
    busy = any(rollout.model == alert.model for rollout in unsettled)
    resting = bool(latest) and now - latest[0].requested_ms < plan.cooldown_days * DAY_MS
    if alert.kind not in plan.retrain_on or asked[-1] or resting or busy:
        return None
    cause = causes[-1] if any(asked) else causes[0]
    return request_retraining(ws, alert.model, cause=cause, reason=alert.message, by="alert")


def _watch(ws: "Workspace", failures: list[Failure], *, lease: Lease) -> None:
    """Every endpoint of every project, and what the open alerts of those projects call for."""
    wanted = all_wanted(ws)
    for endpoint in wanted:
        with _told(f"endpoint {endpoint.project}/{endpoint.name}", failures):
            watching.watch(ws.in_project(endpoint.project), endpoint, lease=lease)
    for project in sorted({endpoint.project for endpoint in wanted}):
        home = ws.in_project(project)
        for alert in monitoring.list_alerts(home, state="open", limit=_MOST):
            with _told(f"alert {alert.id}", failures):
                trigger(home, alert)


def _roll_out(ws: "Workspace", failures: list[Failure], *, lease: Lease) -> None:
    """Every rollout that is not settled, oldest first, and the processes that it now wants otherwise."""
    with ws.read() as connection:
        unsettled = tables.list_rollouts(connection, unsettled=True, limit=_MOST)
    for rollout in reversed(unsettled):
        with _told(f"rollout {rollout.id}", failures):
            rollouts.advance(ws, rollout, lease=lease)
    if unsettled:
        with _told("endpoints", failures):
            reconcile(ws)


@contextmanager
def _told(subject: str, failures: list[Failure]) -> Iterator[None]:
    """What is raised inside is logged and kept among the failures: one object's trouble is not the others'."""
    try:
        yield
    except MainspringError as error:
        failures.append(Failure(subject, str(error)))
    except Exception as error:  # noqa: BLE001 - the edge of a controller
        _log.exception("%s: a controller hit a defect", subject)
        failures.append(Failure(subject, f"{type(error).__name__}: {error}"))


def _owner(ws: "Workspace") -> str:
    """The folder on this machine: one process holds it at a time, so who comes after a dead one goes on at once."""
    return f"{socket.gethostname()}:{ws.folder}"
