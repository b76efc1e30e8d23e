"""Controllers: each looks at what is declared and what is, and takes one idempotent step under a lease.

Killing any of them, or running two, changes nothing: the lease's fencing token is checked in each change they make.
"""

import socket
from typing import TYPE_CHECKING

from mainspring.domain.alert import Alert
from mainspring.domain.lease import Lease
from mainspring.domain.retraining import Retraining
from mainspring.loop import retraining as retrainings
from mainspring.loop import rollouts, tables, watching
from mainspring.loop.ops import request_retraining
from mainspring.monitoring import ops as monitoring
from mainspring.serving import ops as endpoints
from mainspring.serving.controller import reconcile

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["tick", "trigger"]

_LEASE_MS = 15 * 60_000
_MOST = 1000
DAY_MS = 86_400_000


def tick(ws: "Workspace") -> bool:
    """Let every controller take one step; whether this process held the lease and so did it."""
    lease = ws.leases.acquire("controllers", owner=_owner(ws), ttl_ms=_LEASE_MS)
    if lease is None:
        return False
    reconcile(ws)
    for status in endpoints.list_endpoints(ws, limit=_MOST):
        watching.watch(ws, status.wanted, lease=lease)
    for alert in monitoring.list_alerts(ws, state="open", limit=_MOST):
        trigger(ws, alert)
    with ws.read() as connection:
        waiting = tables.list_retrainings(connection, states=("requested", "running"), limit=_MOST)
    for found in reversed(waiting):
        _retrain(ws, found, lease=lease)
    with ws.read() as connection:
        unsettled = tables.list_rollouts(connection, unsettled=True, limit=_MOST)
    for rollout in reversed(unsettled):
        rollouts.advance(ws, rollout, lease=lease)
        reconcile(ws)
    return True


def _owner(ws: "Workspace") -> str:
    """The folder on this machine: one process holds it at a time, so who comes after a dead one goes on at once."""
    return f"{socket.gethostname()}:{ws.folder}"


def trigger(ws: "Workspace", alert: Alert) -> Retraining | None:
    """Ask for the retraining that an alert calls for, if it calls for one and none is under way or has just been.

    The alert is the cause, so it starts one retraining however often it is looked at. Drift of inputs alone starts none.
    """
    with ws.read() as connection:
        plan = tables.get_plan(connection, ws.project, alert.model)
        if alert.kind not in plan.retrain_on or tables.find_cause(connection, ws.project, f"alert:{alert.id}"):
            return None
        latest = tables.list_retrainings(connection, project=ws.project, model=alert.model, limit=1)
        busy = any(
            rollout.model == alert.model
            for rollout in tables.list_rollouts(connection, project=ws.project, unsettled=True)
        )
    resting = bool(latest) and ws.clock.now_ms() - latest[0].requested_ms < plan.cooldown_days * DAY_MS
    if resting or busy:
        return None
    return request_retraining(ws, alert.model, cause=f"alert:{alert.id}", reason=alert.message, by="alert")


def _retrain(ws: "Workspace", retraining: Retraining, *, lease: Lease) -> None:
    """Do the work of a retraining; a candidate that passes begins its rollout wherever its model is served."""
    done = retrainings.advance(ws, retraining, lease=lease)
    if done.state != "passed":
        return
    home = ws.in_project(done.project)
    with home.read() as connection:
        plan = tables.get_plan(connection, home.project, done.model)
    for status in endpoints.list_endpoints(home, limit=_MOST):
        if watching.in_charge(status.wanted).model == done.model:
            rollouts.start(home, done, plan, endpoint=status.wanted.name, lease=lease)
