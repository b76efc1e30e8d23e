"""Watching: what an endpoint answered and was told is handed to its monitor, which belongs to the version in charge."""

from typing import TYPE_CHECKING

import polars as pl

from mainspring import monitoring
from mainspring.domain.alert import Alert
from mainspring.domain.endpoint import Endpoint, Variant
from mainspring.domain.lease import Lease
from mainspring.domain.monitor import Monitor
from mainspring.domain.reference import Reference
from mainspring.loop import tables
from mainspring.models import packages
from mainspring.serving import captured, feedback, ingest, ingest_closed
from mainspring.serving.history import told_ms

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["in_charge", "watch", "watch_version"]

_REPLAY_SLACK_MS = 86_400_000


def watch(ws: "Workspace", endpoint: Endpoint, *, lease: Lease | None = None) -> list[Alert]:
    """Take in what the endpoint captured, and let its monitor close the windows that have ended; the alerts this opened."""
    # Closing the open segment is left to the moments when a window ends; a replayed history has its time from its rows.
    (ingest if endpoint.clock == "request" else ingest_closed)(ws, endpoint.name)
    variant = in_charge(endpoint)
    reference = _reference(ws, variant)
    if reference is None:
        return []
    monitor = monitoring.ensure_monitor(
        ws, endpoint=endpoint.name, model=variant.model, version=variant.version, reference=reference, lease=lease
    )
    if (monitor.model, monitor.version) != (variant.model, variant.version) and not _in_rollout(ws, endpoint):
        # A person has deployed another version: the monitor goes with it.
        monitor = monitoring.rebase(
            ws,
            monitor.name,
            model=variant.model,
            version=variant.version,
            reference=reference,
            reason=endpoint.reason,
            lease=lease,
        )
    now = _now_ms(ws, endpoint)
    span = monitoring.needed(ws, monitor.name, now_ms=now)
    if span is None:
        return []
    ingest(ws, endpoint.name)
    predictions = answers_of(captured(ws, endpoint.name, from_ms=span[0], to_ms=span[1]), version=monitor.version)
    outcomes = feedback(ws, endpoint.name, from_ms=span[0], to_ms=now + 1)
    return monitoring.observe(ws, monitor.name, predictions, outcomes, now_ms=now, lease=lease)


def watch_version(ws: "Workspace", endpoint: Endpoint, *, reason: str, lease: Lease | None = None) -> Monitor | None:
    """Set the endpoint's monitor on the version in charge; None where its package carries no reference."""
    variant = in_charge(endpoint)
    reference = _reference(ws, variant)
    if reference is None:
        return None
    return monitoring.rebase(
        ws, endpoint.name, model=variant.model, version=variant.version, reference=reference, reason=reason, lease=lease
    )


def in_charge(endpoint: Endpoint) -> Variant:
    """The variant with the largest share of the traffic."""
    live = [variant for variant in endpoint.variants if variant.role == "live"]
    return max(live, key=lambda variant: variant.weight)


def answers_of(rows: pl.DataFrame, *, version: int) -> pl.DataFrame:
    """One row for each prediction that `version` answered, in shadow or not, with the inputs of the row that was served."""
    answered = rows.filter(pl.col("version") == version)
    if answered["role"].n_unique() <= 1 and (answered.is_empty() or answered["role"][0] == "live"):
        return answered
    mine = answered.sort("role").unique("prediction_id", keep="first", maintain_order=True)
    own = ["prediction_id", "version", "variant", "model", "role", "prediction"]
    served = rows.filter(pl.col("role") == "live").drop(own[1:])
    return served.join(mine.select(own), on="prediction_id", how="inner")


def _in_rollout(ws: "Workspace", endpoint: Endpoint) -> bool:
    with ws.read() as connection:
        unsettled = tables.list_rollouts(connection, project=ws.project, endpoint=endpoint.name, unsettled=True)
    return bool(unsettled)


def _now_ms(ws: "Workspace", endpoint: Endpoint) -> int:
    """The time by which the endpoint is watched; one that replays history is watched to a day past what it was told."""
    now = ws.clock.now_ms()
    return min(now, told_ms(ws, endpoint.name) + _REPLAY_SLACK_MS) if endpoint.clock == "request" else now


def _reference(ws: "Workspace", variant: Variant) -> Reference | None:
    folder = packages.materialise(ws, variant.package)
    return packages.read_reference(folder)
