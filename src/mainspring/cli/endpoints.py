"""`mainspring endpoints`: served models."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
import msgspec

from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, Part, Sentence, Table, number, when
from mainspring.domain.endpoint import Endpoint, EndpointStatus
from mainspring.domain.rollout import Rollout

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND", "EndpointPage"]

COMMAND = group("endpoints", "Served models.")


class EndpointPage(msgspec.Struct, frozen=True):
    """An endpoint with its rollouts, newest first."""

    endpoint: EndpointStatus
    rollouts: tuple[Rollout, ...]


def endpoint_names(ws: "Workspace") -> Iterable[str]:
    """Names a mistyped one could have meant."""
    from mainspring.serving import ops

    return [status.wanted.name for status in ops.list_endpoints(ws, limit=1000)]


def status_parts(status: EndpointStatus) -> list[Part]:
    """An endpoint with its variants."""
    wanted = status.wanted
    answered = {(count.variant, count.version): count for count in status.counts}
    rows = []
    for variant in wanted.variants:
        count = answered.get((variant.name, variant.version))
        share = "shadow" if variant.role == "shadow" else f"{variant.weight:.0%}"
        rows.append((variant.name, f"{variant.model}@{variant.version}", share, number(count.rows) if count else "0"))
    head = [
        ("endpoint", wanted.name),
        ("state", status.state),
        ("address", status.url or "none"),
        ("changed", when(wanted.changed_ms)),
        ("why", wanted.reason),
    ]
    if status.process is not None and status.process.error:
        head.append(("refused", status.process.error))
    return [Fields([pair for pair in head if pair[1]]), Table(("variant", "version", "traffic", "rows answered"), rows)]


def _list_view(statuses: list[EndpointStatus]) -> Page:
    rows = [
        (
            s.wanted.name,
            s.state,
            ", ".join(f"{v.model}@{v.version}" for v in s.wanted.variants),
            number(sum(c.rows for c in s.counts)),
            s.url,
        )
        for s in statuses
    ]
    columns = ("endpoint", "state", "serves", "rows answered", "address")
    return [Table(columns, rows, empty="nothing is served yet; serve a model with: mainspring deploy")]


def _show_view(page: EndpointPage) -> Page:
    parts = status_parts(page.endpoint)
    if page.rollouts:
        rows = [
            (when(r.started_ms), f"{r.champion} -> {r.candidate}", f"{r.share:.0%}", r.state, _look(r))
            for r in page.rollouts
        ]
        parts.append(Table(("rollout", "versions", "share", "state", "candidate's error beside the champion's"), rows))
        parts += [Sentence(rollout.reason) for rollout in page.rollouts[:1] if rollout.reason]
    return parts


def _look(rollout: Rollout) -> str:
    if not rollout.looks:
        return "no look yet"
    look = rollout.looks[-1]
    if look.low is None or look.high is None:
        return f"{look.difference:+.3f} after {look.blocks} blocks, too few for an interval"
    return f"{look.difference:+.3f} ({look.low:+.3f} to {look.high:+.3f}) after {look.blocks} blocks; limit {look.most:+.3f}"


@command(
    "list",
    of=COMMAND,
    view=_list_view,
    examples=["mainspring endpoints list", "mainspring endpoints list --json"],
    then=lambda statuses: f"mainspring endpoints show {statuses[0].wanted.name}" if statuses else "",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most this many.")
def list_(session: Session, *, limit: int) -> list[EndpointStatus]:
    """List endpoints: what each serves, whether it answers, and where."""
    from mainspring.serving import ops

    with session.open() as ws:
        return ops.list_endpoints(ws, limit=limit)


@command(
    "show", of=COMMAND, view=_show_view, examples=["mainspring endpoints show arrival-delay"], names=endpoint_names
)
@click.argument("name")
def show(session: Session, *, name: str) -> EndpointPage:
    """Show an endpoint with its variants, their traffic, and its rollouts with their latest comparison."""
    from mainspring.loop import ops as loop
    from mainspring.serving import ops

    with session.open() as ws:
        return EndpointPage(endpoint=ops.show_endpoint(ws, name), rollouts=tuple(loop.list_rollouts(ws, endpoint=name)))


def _gone_view(last: Endpoint) -> Page:
    return [Sentence(f"endpoint {last.name} is no longer wanted; what it answered stays")]


@command(
    "undeploy",
    of=COMMAND,
    view=_gone_view,
    examples=["mainspring endpoints undeploy arrival-delay --reason 'replaced by delays' --yes"],
    names=endpoint_names,
)
@click.argument("name")
@click.option("--reason", default="", help="Why; kept in the history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def undeploy(session: Session, *, name: str, reason: str, yes: bool) -> Endpoint:
    """Stop serving at an endpoint; its predictions and its history stay."""
    from mainspring.serving import ops

    with session.open() as ws:
        answered = sum(count.rows for count in ops.show_endpoint(ws, name).counts)
        session.ask(f"Stop endpoint {name}, which has answered {answered:,} rows?", yes=yes)
        last = ops.undeploy(ws, name, reason=reason)
        if not session.is_remote:
            # A server's controller would do the same within a second; where none runs nobody else would.
            from mainspring import serving

            serving.reconcile(ws)
        return last
