"""Controllers: each looks at what is declared and what is, and takes one idempotent step under a lease.

Killing any of them, or running two, changes nothing: the lease's fencing token is checked in each change they make.
"""

from typing import TYPE_CHECKING

from mainspring import monitoring, serving
from mainspring.domain.alert import Alert
from mainspring.domain.endpoint import EndpointStatus
from mainspring.domain.lease import Lease
from mainspring.domain.retraining import Retraining
from mainspring.loop import retraining as retrainings
from mainspring.loop import rollouts, tables
from mainspring.loop.ops import request_retraining
from mainspring.serving import ops as endpoints
from mainspring.tracking import lost

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["tick"]

_LEASE_MS = 10 * 60_000
DAY_MS = 86_400_000


def tick(ws: "Workspace") -> bool:
    """Let every controller take one step; whether this process held the lease and did so."""
    lease = ws.leases.acquire("controllers", owner=_owner(ws), ttl_ms=_LEASE_MS)
    if lease is None:
        return False
    serving.reconcile(ws)
    for status in endpoints.list_endpoints(ws, limit=1000):
        watch(ws, status, lease=lease)
    for found in _waiting(ws):
        retrainings.advance(ws, found, lease=lease)
    for rollout in _unsettled(ws):
        rollouts.advance(ws, rollout, lease=lease)
    return True
