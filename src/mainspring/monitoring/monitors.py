"""Making a monitor, and setting it on a new version when that takes over."""

from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.lease import Lease
from mainspring.domain.monitor import Monitor, Policy
from mainspring.domain.object import Digest
from mainspring.domain.reference import Reference
from mainspring.kernel import canonical
from mainspring.kernel.names import check_name
from mainspring.monitoring import tables
from mainspring.monitoring.errors import MonitorUnknown

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["ensure_monitor", "get", "load_reference", "matured_until", "rebase"]


def ensure_monitor(
    ws: "Workspace",
    *,
    endpoint: str,
    model: str,
    version: int,
    reference: Reference,
    policy: Policy | None = None,
    name: str = "",
    since_ms: int | None = None,
    lease: Lease | None = None,
) -> Monitor:
    """The monitor of this name (the endpoint's by default), made if it is not there; one that is there stays as it is.

    Its windows begin with the first whole one after `since_ms`, now by default.
    """
    name = check_name(name or endpoint)
    with ws.read() as conn:
        found = tables.find_monitor(conn, ws.project, name)
    if found is not None:
        return found
    policy = policy or Policy()
    now = ws.clock.now_ms()
    since = now if since_ms is None else since_ms
    monitor = Monitor(
        project=ws.project,
        name=name,
        endpoint=endpoint,
        model=model,
        version=version,
        reference=_keep(ws, reference),
        since_ms=-(-since // policy.window_ms) * policy.window_ms,
        created_ms=now,
        policy=policy,
    )
    with ws.change(lease=lease) as tx:
        if tables.insert_monitor(tx.conn, monitor):
            tx.event("monitor.created", subject=f"monitor/{name}", payload=monitor)
        else:
            monitor = tables.find_monitor(tx.conn, ws.project, name) or monitor
    return monitor


def rebase(
    ws: "Workspace",
    monitor: str,
    *,
    model: str,
    version: int,
    reference: Reference,
    reason: str = "",
    since_ms: int | None = None,
    lease: Lease | None = None,
) -> Monitor:
    """Watch another version from the window of `since_ms` (now by default) on; its open alerts are resolved and close.

    Doing it again changes nothing. Raises MonitorUnknown.
    """
    before = get(ws, monitor)
    now = ws.clock.now_ms()
    since = now if since_ms is None else since_ms
    after = msgspec.structs.replace(
        before,
        model=model,
        version=version,
        reference=_keep(ws, reference),
        since_ms=since // before.policy.window_ms * before.policy.window_ms,
    )
    if (after.model, after.version, after.reference) == (before.model, before.version, before.reference):
        return before
    because = reason or f"version {version} of {model} took over"
    with ws.change(lease=lease) as tx:
        for alert in tables.find_open(tx.conn, before).values():
            closed = msgspec.structs.replace(alert, state="closed", closed_ms=now, closed_because=because)
            tables.update_alert(tx.conn, closed)
            tx.event("alert.closed", subject=f"alert/{alert.id}", payload=closed)
        tables.update_monitor(tx.conn, after)
        tx.event("monitor.rebased", subject=f"monitor/{monitor}", payload=after)
    return after


def get(ws: "Workspace", name: str) -> Monitor:
    """The monitor of this name; raises MonitorUnknown."""
    with ws.read() as conn:
        found = tables.find_monitor(conn, ws.project, name)
    if found is None:
        raise MonitorUnknown(name=name, project=ws.project)
    return found


def load_reference(ws: "Workspace", digest: Digest) -> Reference:
    """The reference that a monitor or window names."""
    return canonical.loads(ws.objects.get_bytes(digest), type=Reference)


def matured_until(ws: "Workspace", endpoint: str, *, now_ms: int) -> int:
    """The end of the last window of an endpoint whose labels are complete at `now_ms`, by its monitor's policy."""
    with ws.read() as conn:
        found = tables.find_endpoint(conn, ws.project, endpoint)
    policy = found.policy if found else Policy()
    return (now_ms - policy.label_delay_ms) // policy.window_ms * policy.window_ms


def _keep(ws: "Workspace", reference: Reference) -> Digest:
    return ws.objects.put_bytes(canonical.dumps(reference))
