"""Rollouts: a candidate takes a share of the traffic, a sequential test on matured days decides, the decision is carried out.

While a rollout runs, both versions answer every request, the one without the request's share in shadow. So each row has
two predictions, and a day's mean difference of their errors is one observation: the weather of the day, which moves both
alike, cancels out. The test may be looked at every day and keeps its error rate.
"""

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainspring import monitoring
from mainspring.domain.endpoint import Variant
from mainspring.domain.lease import Lease
from mainspring.domain.plan import Plan
from mainspring.domain.retraining import Retraining
from mainspring.domain.rollout import Look, Rollout, RolloutState
from mainspring.loop import tables, watching
from mainspring.loop.admission import CHAMPION, champion_of
from mainspring.models import ops as models
from mainspring.serving import captured, feedback
from mainspring.serving import ops as endpoints
from mainspring.stats.sequential import confidence_sequence

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["advance", "daily_differences", "decide", "start"]

DAY_MS = 86_400_000
CANDIDATE = "candidate"


def start(
    ws: "Workspace", retraining: Retraining, plan: Plan, *, endpoint: str, lease: Lease | None = None
) -> Rollout | None:
    """Begin the rollout of a retraining's candidate on an endpoint; None where the candidate is the champion already."""
    champion = champion_of(ws, retraining.model)
    if champion is None or champion == retraining.version:
        return None
    rollout = Rollout(
        id=f"{retraining.id}-{endpoint}",
        project=ws.project,
        endpoint=endpoint,
        model=retraining.model,
        champion=champion,
        candidate=retraining.version,
        share=plan.share,
        margin=plan.rollout_margin,
        error_rate=plan.error_rate,
        state="canary",
        started_ms=ws.clock.now_ms(),
        longest_ms=plan.longest_days * DAY_MS,
        retraining=retraining.id,
    )
    with ws.change(lease=lease) as tx:
        if tables.insert_rollout(tx.conn, rollout):
            tx.event("rollout.started", subject=endpoint, payload=rollout)
    return rollout


def advance(ws: "Workspace", rollout: Rollout, *, lease: Lease | None = None) -> Rollout:
    """Take one step: route the traffic as the state says, look at the days that matured since, decide, settle."""
    ws = ws.in_project(rollout.project)
    if rollout.state == "canary":
        _route(ws, rollout, _canary(rollout), reason=f"canary of version {rollout.candidate}")
        rollout = _look(ws, rollout, lease=lease)
    if rollout.state != "canary" and not rollout.settled:
        rollout = _settle(ws, rollout, lease=lease)
    return rollout


def daily_differences(
    predictions: pl.DataFrame, outcomes: pl.DataFrame, rollout: Rollout, *, matured_ms: int
) -> pl.DataFrame:
    """Candidate's minus champion's absolute error by day, of days that ended before `matured_ms`.

    Only rows that both versions answered and whose outcome is known count.
    """
    answers = predictions.filter(pl.col("at_ms") < matured_ms // DAY_MS * DAY_MS).select(
        "prediction_id", "version", "prediction", day=pl.col("at_ms") // DAY_MS
    )
    sides = [
        answers.filter(pl.col("version") == version)
        .unique("prediction_id")
        .select("prediction_id", "day", pl.col("prediction").alias(name))
        for name, version in (("champion", rollout.champion), ("candidate", rollout.candidate))
    ]
    labels = outcomes.sort("at_ms").unique("prediction_id", keep="last").select("prediction_id", "label")
    pairs = sides[0].join(sides[1].drop("day"), on="prediction_id").join(labels, on="prediction_id")
    champion, candidate = ((pl.col(side) - pl.col("label")).abs() for side in ("champion", "candidate"))
    days = pairs.group_by("day").agg(difference=(candidate - champion).mean(), champion=champion.mean(), rows=pl.len())
    return days.sort("day")


def decide(rollout: Rollout, look: Look) -> tuple[RolloutState, str]:
    """Promote once the candidate is surely within the margin, roll back once it is surely worse or time is up."""
    bounds = "no bounds yet" if look.low is None or look.high is None else f"{look.low:+.3f} to {look.high:+.3f}"
    interval = f"difference {look.difference:+.3f} ({bounds}) over {look.blocks} days, {look.rows:,} rows"
    if look.low is not None and look.low > 0:
        return "rolled_back", f"the candidate is worse: {interval}"
    if look.high is not None and look.high < look.most:
        found = f"not worse by {look.most:.3g}" if look.most else "better"
        return "promoted", f"the candidate is {found}: {interval}"
    if look.at_ms - rollout.started_ms >= rollout.longest_ms:
        return "rolled_back", f"no decision after {rollout.longest_ms // DAY_MS} days: {interval}"
    return "canary", ""


def _look(ws: "Workspace", rollout: Rollout, *, lease: Lease | None) -> Rollout:
    now = ws.clock.now_ms()
    first = (rollout.started_ms // DAY_MS + 1) * DAY_MS
    matured = monitoring.matured_until(ws, rollout.endpoint, now_ms=now)
    if matured <= first or (rollout.looks and matured // DAY_MS <= rollout.looks[-1].at_ms // DAY_MS):
        return rollout
    predictions = captured(ws, rollout.endpoint, from_ms=first, to_ms=matured)
    outcomes = feedback(ws, rollout.endpoint, from_ms=first, to_ms=now + 1)
    days = daily_differences(predictions, outcomes, rollout, matured_ms=matured)
    if days.is_empty():
        return rollout
    interval = confidence_sequence(days["difference"].to_numpy(), error_rate=rollout.error_rate)
    look = Look(
        at_ms=matured,
        blocks=days.height,
        rows=int(days["rows"].sum()),
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        most=rollout.margin * float(np.average(days["champion"].to_numpy(), weights=days["rows"].to_numpy())),
    )
    state, reason = decide(rollout, look)
    decided = 0 if state == "canary" else now
    rollout = msgspec.structs.replace(
        rollout, looks=(*rollout.looks, look), state=state, reason=reason, decided_ms=decided
    )
    with ws.change(lease=lease) as tx:
        tables.update_rollout(tx.conn, rollout)
        if state != "canary":
            tx.event(f"rollout.{state}", subject=rollout.endpoint, payload=rollout)
    return rollout


def _settle(ws: "Workspace", rollout: Rollout, *, lease: Lease | None) -> Rollout:
    """Carry a decision out; each effect is skipped where it is there already."""
    winner = rollout.candidate if rollout.state == "promoted" else rollout.champion
    if rollout.state == "promoted" and champion_of(ws, rollout.model) == rollout.champion:
        models.set_alias(
            ws, rollout.model, alias=CHAMPION, version=winner, expected=rollout.champion, reason=rollout.reason
        )
    only = (Variant(name=CHAMPION, model=rollout.model, version=winner),)
    _route(ws, rollout, only, reason=rollout.reason)
    watching.watch_version(ws, endpoints.show_endpoint(ws, rollout.endpoint).wanted, reason=rollout.reason, lease=lease)
    rollout = msgspec.structs.replace(rollout, settled=True)
    with ws.change(lease=lease) as tx:
        tables.update_rollout(tx.conn, rollout)
    return rollout


def _canary(rollout: Rollout) -> tuple[Variant, ...]:
    """Both live by share, both in shadow for the requests that the other answers."""
    sides = ((CHAMPION, rollout.champion, 1 - rollout.share), (CANDIDATE, rollout.candidate, rollout.share))
    live = [Variant(name=name, model=rollout.model, version=version, weight=weight) for name, version, weight in sides]
    shadow = [
        Variant(name=f"{name}-shadow", model=rollout.model, version=version, weight=0.0, role="shadow")
        for name, version, _ in sides
    ]
    return (*live, *shadow)


def _route(ws: "Workspace", rollout: Rollout, variants: tuple[Variant, ...], *, reason: str) -> None:
    """Want these variants behind the endpoint, unless they are wanted already."""
    wanted = endpoints.show_endpoint(ws, rollout.endpoint).wanted

    def key(variant: Variant) -> tuple[str, str, int, float, str]:
        return variant.name, variant.model, variant.version, variant.weight, variant.role

    if sorted(map(key, wanted.variants)) != sorted(map(key, variants)):
        endpoints.set_route(ws, rollout.endpoint, variants=list(variants), reason=reason)
