"""Pages of endpoints: the list, and one with its variants, counts and rollouts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup
from starlette.requests import Request

from mainspring.domain.endpoint import EndpointStatus, Variant
from mainspring.domain.rollout import Look, Rollout
from mainspring.loop import ops as loop
from mainspring.serving import ops
from mainspring.web import figures, sketches
from mainspring.web.page import Crumb, Shown, link

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["listed", "predictions", "shares", "show", "with_counts"]

_SHOWN_ROLLOUTS = 5
_COUNTED = 20


class _Row(msgspec.Struct, frozen=True):
    status: EndpointStatus
    href: str
    serves: str
    predictions: int
    rollout: str


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[_Row, ...]


class _VariantRow(msgspec.Struct, frozen=True):
    variant: Variant
    href: str
    picture: Markup
    share: float
    rows: int
    requests: int


class _Look(msgspec.Struct, frozen=True):
    look: Look
    picture: Markup


class _Rollout(msgspec.Struct, frozen=True):
    rollout: Rollout
    sentence: str
    looks: tuple[_Look, ...]
    retraining: str


class _Shown(msgspec.Struct, frozen=True):
    status: EndpointStatus
    command: str
    address: str
    predictions: int
    variants: tuple[_VariantRow, ...]
    rollouts: tuple[_Rollout, ...]
    retrain: str
    call: str


def listed(ws: "Workspace", _request: Request) -> Shown:
    """Every endpoint with what it serves."""
    rollouts = {rollout.endpoint: rollout for rollout in reversed(loop.list_rollouts(ws))}
    rows = tuple(_row(ws.project, status, rollouts.get(status.wanted.name)) for status in with_counts(ws))
    return Shown("endpoints.html", "Endpoints", "endpoints", (Crumb("Endpoints"),), _Listed(rows))


def show(ws: "Workspace", request: Request) -> Shown:
    """One endpoint: who answers how much of its traffic, and what the rollouts decided."""
    status = ops.show_endpoint(ws, request.path_params["endpoint"])
    name = status.wanted.name
    model = status.wanted.variants[0].model if status.wanted.variants else name
    view = _Shown(
        status=status,
        command=f"mainspring endpoints show {name}",
        address=status.url or "no process answers; `mainspring up` starts it",
        predictions=predictions(status),
        variants=_variants(ws.project, status),
        rollouts=tuple(_rollout(found) for found in loop.list_rollouts(ws, endpoint=name, limit=_SHOWN_ROLLOUTS)),
        retrain=f"mainspring retrain {model}",
        call=f"curl {status.url or 'http://127.0.0.1:PORT'}/v2/models/{name}",
    )
    return Shown(
        "endpoint.html", name, "endpoints", (Crumb("Endpoints", link(ws.project, "endpoints")), Crumb(name)), view
    )


def with_counts(ws: "Workspace") -> list[EndpointStatus]:
    """The endpoints with what each has answered; counts are read one endpoint at a time, for the first 20."""
    found = ops.list_endpoints(ws)
    return [ops.show_endpoint(ws, status.wanted.name) for status in found[:_COUNTED]] + found[_COUNTED:]


def predictions(status: EndpointStatus) -> int:
    """How many rows its users were answered, as ingested so far; shadows do not count."""
    return sum(count.rows for count in status.counts if count.role == "live")


def shares(variants: Iterable[Variant]) -> dict[str, float]:
    """The share of traffic of each live variant by name."""
    live = [variant for variant in variants if variant.role == "live"]
    whole = sum(variant.weight for variant in live) or 1.0
    return {variant.name: variant.weight / whole for variant in live}


def _row(project: str, status: EndpointStatus, rollout: Rollout | None) -> _Row:
    wanted = status.wanted
    part = shares(wanted.variants)
    serves = ", ".join(
        f"{v.model}@{v.version} {figures.percent(part[v.name]) if v.name in part else v.role}" for v in wanted.variants
    )
    return _Row(
        status, link(project, "endpoints", wanted.name), serves, predictions(status), rollout.state if rollout else ""
    )


def _variants(project: str, status: EndpointStatus) -> tuple[_VariantRow, ...]:
    part = shares(status.wanted.variants)
    rows = []
    for index, variant in enumerate(status.wanted.variants):
        counts = [
            count
            for count in status.counts
            if (count.variant, count.version, count.role) == (variant.name, variant.version, variant.role)
        ]
        kind = "shadow" if variant.role == "shadow" else ("canary" if index else "live")
        share = part.get(variant.name, 0.0)
        rows.append(
            _VariantRow(
                variant=variant,
                href=link(project, "models", variant.model, variant.version),
                picture=sketches.share(share, label=f"{variant.name}: {figures.percent(share)}", kind=kind),
                share=share,
                rows=sum(count.rows for count in counts),
                requests=sum(count.requests for count in counts),
            )
        )
    return tuple(rows)


def _rollout(rollout: Rollout) -> _Rollout:
    ends = [(look.low, look.high, look.most) for look in rollout.looks]
    points = [0.0, *(point for end in ends for point in end if point is not None)]
    extent = (min(points), max(points))
    looks = tuple(_Look(look, _interval(look, extent)) for look in reversed(rollout.looks))
    return _Rollout(
        rollout, _sentence(rollout), looks, f"retraining {rollout.retraining[-8:]}" if rollout.retraining else ""
    )


def _interval(look: Look, extent: tuple[float, float]) -> Markup:
    if look.low is None or look.high is None:
        return Markup("")
    label = (
        f"{figures.signed(look.difference)}, interval {figures.signed(look.low)} to {figures.signed(look.high)}, "
        f"margin {figures.sig(look.most)}"
    )
    return sketches.interval(look.difference, look.low, look.high, threshold=look.most, extent=extent, label=label)


def _sentence(rollout: Rollout) -> str:
    pair = f"{rollout.model}@{rollout.candidate} beside {rollout.model}@{rollout.champion}"
    rule = (
        f"promoted when its error is surely less than {figures.percent(rollout.margin)} above the champion's, rolled back when it is surely more;"
        f" the stated chance of each wrong decision is {figures.percent(rollout.error_rate)}"
    )
    if rollout.state == "canary":
        return f"{pair}: takes {figures.percent(rollout.share)} of the traffic until the evidence decides: {rule}."
    return f"{pair}: {rollout.reason or rollout.state}"
