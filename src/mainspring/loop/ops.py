"""Operations of the loop: plans, promotion, retraining, rollouts, reproduction and traces."""

from typing import TYPE_CHECKING, Literal

from mainspring.domain.plan import Plan
from mainspring.domain.retraining import Retraining
from mainspring.domain.rollout import Rollout
from mainspring.domain.trace import Reproduction
from mainspring.kernel.names import check_name
from mainspring.kernel.op import op
from mainspring.loop import tables
from mainspring.loop.errors import PlanInvalid, RetrainingUnknown, RolloutUnknown
from mainspring.loop.reproduction import reproduce
from mainspring.models import ops as models

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = [
    "list_retrainings",
    "list_rollouts",
    "reproduce_version",
    "request_retraining",
    "set_plan",
    "show_plan",
    "show_retraining",
    "show_rollout",
]

_MOST_LISTED = 1000


@op("GET /models/{model}/plan", allow="loop.read")
def show_plan(ws: "Workspace", model: str) -> Plan:
    """How a model is gated, rolled out and retrained; the default where nobody declared it."""
    check_name(model)
    with ws.read() as connection:
        return tables.get_plan(connection, ws.project, model)


@op("PUT /models/{model}/plan", allow="loop.write")
def set_plan(ws: "Workspace", model: str, *, plan: Plan) -> Plan:
    """Declare how a model is gated, rolled out and retrained from now on; raises PlanInvalid."""
    check_name(model)
    _check_plan(plan)
    with ws.change() as tx:
        tables.set_plan(tx.conn, ws.project, model, plan)
        tx.event("plan.declared", subject=model, payload=plan)
        return tx.reply(plan)


def _check_plan(plan: Plan) -> None:
    """Raise PlanInvalid for a number that means nothing."""
    rules = (
        (0 < plan.share < 1, "share must lie between 0 and 1"),
        (0 < plan.error_rate < 0.5 and 0 < plan.gate.error_rate < 0.5, "an error rate must lie between 0 and 0.5"),
        (plan.rollout_margin >= 0, "rollout_margin must not be negative"),
        (plan.longest_days >= 1 and plan.retry_days >= 1, "longest_days and retry_days must be at least 1"),
        (plan.cooldown_days >= 0, "cooldown_days must not be negative"),
        (plan.gate.least_blocks >= 3, "gate.least_blocks must be at least 3, below which there are no intervals"),
    )
    for holds, reason in rules:
        if not holds:
            raise PlanInvalid(reason=reason)


@op("POST /models/{model}/retrainings", allow="loop.write")
def request_retraining(
    ws: "Workspace", model: str, *, reason: str = "", cause: str = "", by: Literal["person", "alert"] = "person"
) -> Retraining:
    """Ask for a candidate from the latest pipeline and the latest valid data; the controllers do the work.

    cause: what asks; the same cause asked twice starts one retraining. Empty: a new one.
    Raises ModelUnknown.
    """
    models.show_model(ws, model)
    now = ws.clock.now_ms()
    new = ws.ids.new()
    wanted = Retraining(
        id=new,
        project=ws.project,
        model=model,
        cause=cause or f"{by}:{new}",
        reason=reason[:1000],
        state="requested",
        requested_ms=now,
        requested_by=ws.principal.name,
        changed_ms=now,
    )
    with ws.change() as tx:
        if not tables.insert_retraining(tx.conn, wanted):
            found = tables.find_cause(tx.conn, ws.project, wanted.cause)
            assert found is not None
            return tx.reply(found)
        tx.event("retraining.requested", subject=model, payload=wanted)
        return tx.reply(wanted)


@op("GET /retrainings", allow="loop.read")
def list_retrainings(ws: "Workspace", *, model: str = "", limit: int = 100) -> list[Retraining]:
    """Retrainings, newest first."""
    with ws.read() as connection:
        return tables.list_retrainings(
            connection, project=ws.project, model=model, limit=max(1, min(limit, _MOST_LISTED))
        )


@op("GET /retrainings/{retraining}", allow="loop.read")
def show_retraining(ws: "Workspace", retraining: str) -> Retraining:
    """One retraining and where it stands."""
    with ws.read() as connection:
        found = tables.get_retraining(connection, ws.project, retraining)
    if found is None:
        raise RetrainingUnknown(id=retraining[:80])
    return found


@op("GET /rollouts", allow="loop.read")
def list_rollouts(ws: "Workspace", *, endpoint: str = "", limit: int = 100) -> list[Rollout]:
    """Rollouts, newest first, each with every look at its running comparison."""
    with ws.read() as connection:
        return tables.list_rollouts(
            connection, project=ws.project, endpoint=endpoint, limit=max(1, min(limit, _MOST_LISTED))
        )


@op("GET /rollouts/{rollout}", allow="loop.read")
def show_rollout(ws: "Workspace", rollout: str) -> Rollout:
    """One rollout and where it stands."""
    with ws.read() as connection:
        found = tables.get_rollout(connection, ws.project, rollout)
    if found is None:
        raise RolloutUnknown(id=rollout[:80])
    return found


@op("POST /models/{model}/versions/{version}/reproductions", allow="models.write")
def reproduce_version(ws: "Workspace", model: str, version: int) -> Reproduction:
    """Make a version again from its recorded code, data and parameters, and compare every byte of its package."""
    return reproduce(ws, models.show_version(ws, model, version))
