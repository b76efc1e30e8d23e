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
from mainspring.domain.endpoint import Endpoint, Variant
from mainspring.domain.lease import Lease
from mainspring.domain.plan import Plan
from mainspring.domain.retraining import Retraining
from mainspring.domain.rollout import Look, Rollout, RolloutState
from mainspring.loop import tables, watching
from mainspring.loop.admission import CHAMPION, champion_of
from mainspring.models import ops as models
from mainspring.models.errors import AliasMoved, NoPassingVerdict
from mainspring.serving import captured, feedback
from mainspring.serving import ops as endpoints
from mainspring.serving.errors import EndpointMoved, EndpointUnknown
from mainspring.stats.sequential import confidence_sequence

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["advance", "daily_differences", "decide", "plan_rollouts"]

DAY_MS = 86_400_000
CANDIDATE = "candidate"


def plan_rollouts(ws: "Workspace", retraining: Retraining, version: int, plan: Plan) -> list[Rollout]:
    """The rollouts that a candidate begins: one on each endpoint that serves its model and has none under way."""
    champion = champion_of(ws, retraining.model)
    if champion is None or champion == version:
        return []
    packages = {models.show_version(ws, retraining.model, number).package for number in (champion, version)}
    if len(packages) == 1:
        return []  # The same bytes: there is nothing to compare.
    with ws.read() as connection:
        busy = {rollout.endpoint for rollout in tables.list_rollouts(connection, project=ws.project, unsettled=True)}
    serving = [status.wanted for status in endpoints.list_endpoints(ws, limit=1000)]
    return [
        Rollout(
            id=f"{retraining.id}-{endpoint.name}",
            project=ws.project,
            endpoint=endpoint.name,
            model=retraining.model,
            champion=champion,
            candidate=version,
            share=plan.share,
            margin=plan.rollout_margin,
            error_rate=plan.error_rate,
            state="canary",
            started_ms=ws.clock.now_ms(),
            longest_ms=plan.longest_days * DAY_MS,
            retraining=retraining.id,
        )
        for endpoint in serving
        if endpoint.name not in busy and _serves(endpoint, retraining.model, champion)
    ]


def _serves(endpoint: Endpoint, model: str, champion: int) -> bool:
    """Whether the champion is in charge of the endpoint; one that a person pinned to another version is left alone."""
    variant = watching.in_charge(endpoint)
    return (variant.model, variant.version) == (model, champion)


def advance(ws: "Workspace", rollout: Rollout, *, lease: Lease | None = None) -> Rollout:
    """Take one step: route the traffic as the state says, look at the days that matured since, decide, settle."""
    ws = ws.in_project(rollout.project)
    if rollout.state == "canary":
        rollout = _begin(ws, rollout, lease=lease) if not rollout.route else _check(ws, rollout, lease=lease)
    if rollout.state == "canary":
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


def _begin(ws: "Workspace", rollout: Rollout, *, lease: Lease | None) -> Rollout:
    """Give the candidate its share, and remember the endpoint's change number."""
    try:
        wanted = _route(ws, rollout, _canary(rollout), reason=f"canary of version {rollout.candidate}")
    except EndpointUnknown:
        return _supersede(ws, rollout, f"endpoint '{rollout.endpoint}' is gone", lease=lease)
    rollout = msgspec.structs.replace(rollout, route=wanted.number)
    with ws.change(lease=lease) as tx:
        tables.update_rollout(tx.conn, rollout)
    return rollout


def _check(ws: "Workspace", rollout: Rollout, *, lease: Lease | None) -> Rollout:
    """The rollout, ended where a person has changed the endpoint or the alias meanwhile: their word counts."""
    try:
        wanted = endpoints.show_endpoint(ws, rollout.endpoint).wanted
    except EndpointUnknown:
        return _supersede(ws, rollout, f"endpoint '{rollout.endpoint}' is gone", lease=lease)
    if wanted.number != rollout.route:
        return _supersede(ws, rollout, f"endpoint '{rollout.endpoint}' was changed meanwhile", lease=lease)
    champion = champion_of(ws, rollout.model)
    if champion != rollout.champion:
        return _supersede(ws, rollout, f"version {champion} became champion meanwhile", lease=lease)
    return rollout


def _supersede(ws: "Workspace", rollout: Rollout, reason: str, *, lease: Lease | None) -> Rollout:
    ended = msgspec.structs.replace(rollout, state="superseded", reason=reason, decided_ms=ws.clock.now_ms())
    with ws.change(lease=lease) as tx:
        tables.update_rollout(tx.conn, ended)
        tx.event("rollout.superseded", subject=rollout.endpoint, payload=ended)
    return ended


def _look(ws: "Workspace", rollout: Rollout, *, lease: Lease | None) -> Rollout:
    now = ws.clock.now_ms()
    first = (rollout.started_ms // DAY_MS + 1) * DAY_MS
    matured = monitoring.matured_until(ws, rollout.endpoint, now_ms=now)
    if matured <= first or (rollout.looks and matured // DAY_MS <= rollout.looks[-1].at_ms // DAY_MS):
        return rollout
    predictions = captured(ws, rollout.endpoint, from_ms=first, to_ms=matured)
    outcomes = feedback(ws, rollout.endpoint, from_ms=first, to_ms=now + 1)
    days = daily_differences(predictions, outcomes, rollout, matured_ms=matured)
    rollout = _looked(rollout, days, at_ms=matured, now_ms=now)
    with ws.change(lease=lease) as tx:
        tables.update_rollout(tx.conn, rollout)
        if rollout.state != "canary":
            tx.event(f"rollout.{rollout.state}", subject=rollout.endpoint, payload=rollout)
    return rollout


def _looked(rollout: Rollout, days: pl.DataFrame, *, at_ms: int, now_ms: int) -> Rollout:
    """The rollout after one more look; without any row that can be compared only the time can run out."""
    differences = days["difference"].to_numpy()
    interval = confidence_sequence(differences, error_rate=rollout.error_rate)
    seen = bool(len(differences))
    look = Look(
        at_ms=at_ms,
        blocks=days.height,
        rows=int(days["rows"].sum()),
        difference=interval.mean if seen else 0.0,
        low=interval.low,
        high=interval.high,
        most=rollout.margin * float(np.average(days["champion"].to_numpy(), weights=days["rows"].to_numpy()))
        if seen
        else 0.0,
    )
    state, reason = decide(rollout, look)
    decided = 0 if state == "canary" else now_ms
    return msgspec.structs.replace(
        rollout, looks=(*rollout.looks, look), state=state, reason=reason, decided_ms=decided
    )


def _settle(ws: "Workspace", rollout: Rollout, *, lease: Lease | None) -> Rollout:
    """Carry a decision out; each effect is skipped where it is there already, or where a person has decided otherwise."""
    if rollout.state == "promoted" and champion_of(ws, rollout.model) == rollout.champion:
        try:
            models.set_alias(
                ws,
                rollout.model,
                alias=CHAMPION,
                version=rollout.candidate,
                expected=rollout.champion,
                reason=rollout.reason,
            )
        except (AliasMoved, NoPassingVerdict) as error:
            rollout = _supersede(ws, rollout, str(error), lease=lease)
    champion = champion_of(ws, rollout.model) or rollout.champion
    only = (Variant(name=CHAMPION, model=rollout.model, version=champion),)
    try:
        wanted = endpoints.show_endpoint(ws, rollout.endpoint).wanted
        if wanted.number == rollout.route:
            wanted = _route(ws, rollout, only, reason=rollout.reason)
        watching.watch_version(ws, wanted, reason=rollout.reason, lease=lease)
    except EndpointUnknown:
        pass  # It was undeployed: there is nothing left to route or to watch.
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


def _route(ws: "Workspace", rollout: Rollout, variants: tuple[Variant, ...], *, reason: str) -> Endpoint:
    """Want these variants behind the endpoint, unless they are wanted already; the endpoint as it is wanted then."""
    wanted = endpoints.show_endpoint(ws, rollout.endpoint).wanted

    def key(variant: Variant) -> tuple[str, str, int, float, str]:
        return variant.name, variant.model, variant.version, variant.weight, variant.role

    if sorted(map(key, wanted.variants)) == sorted(map(key, variants)):
        return wanted
    try:
        return endpoints.set_route(ws, rollout.endpoint, variants=list(variants), expected=wanted.number, reason=reason)
    except EndpointMoved:
        # Somebody was quicker; the next step sees what they want.
        return endpoints.show_endpoint(ws, rollout.endpoint).wanted
