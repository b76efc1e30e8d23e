"""The use cases of serving: deploy, route, list, show, undeploy, and the answered rows by id."""

import difflib
import math
from typing import TYPE_CHECKING, Literal

import msgspec

from mainspring.domain.endpoint import Endpoint, EndpointStatus, Variant
from mainspring.domain.prediction import Prediction
from mainspring.kernel.names import check_name, parse_reference
from mainspring.kernel.op import op
from mainspring.models.find import resolve
from mainspring.serving import tables
from mainspring.serving.actual import find_process
from mainspring.serving.errors import EndpointMoved, EndpointUnknown, LimitInvalid, RouteInvalid
from mainspring.serving.history import find_prediction

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["deploy", "list_endpoints", "set_route", "show_endpoint", "show_prediction", "undeploy"]

_MAX_LIMIT = 1000
_MAX_VARIANTS = 20
_MAX_PORT = 65535
_CHAMPION = "champion"


@op("PUT /endpoints/{endpoint}", allow="endpoints.deploy")
def deploy(
    ws: "Workspace",
    endpoint: str,
    *,
    model: str,
    clock: Literal["system", "request"] = "system",
    port: int = 0,
    reason: str = "",
) -> Endpoint:
    """Want one model version behind an endpoint, which is made if new; `model` without `@` means its champion.

    The controller of `mainspring up` starts and replaces the process. `port` 0 lets the system choose. `clock` "request"
    takes the time of a prediction from the request, for replaying history. Deploying what is deployed changes nothing.
    """
    check_name(endpoint)
    if not 0 <= port <= _MAX_PORT:
        raise RouteInvalid(name=endpoint, reason=f"{port} is not a port")
    project = parse_reference(model).project
    if project not in ("", ws.project):
        raise RouteInvalid(name=endpoint, reason=f"its model is of project '{project}', the endpoint of '{ws.project}'")
    version = resolve(ws, model, default=_CHAMPION)
    at = parse_reference(model).at or _CHAMPION
    name = f"v{version.version}" if at.isdigit() else at
    variant = Variant(name=name, model=version.model, version=version.version, package=version.package)
    with ws.change() as tx:
        before = tables.lock_endpoint(tx.conn, ws.project, endpoint)
        now = ws.clock.now_ms()
        wanted = Endpoint(
            project=ws.project,
            name=endpoint,
            number=before.number + 1 if before else 1,
            variants=(variant,),
            salt=before.salt if before else f"{ws.random.getrandbits(64):016x}",
            clock=clock,
            port=port or (before.port if before else 0),
            created_ms=before.created_ms if before else now,
            changed_ms=now,
            reason=reason,
        )
        if before and (before.variants, before.clock, before.port) == (wanted.variants, wanted.clock, wanted.port):
            return tx.reply(before)
        tables.put_endpoint(tx.conn, wanted)
        tx.event("endpoint.deployed", subject=endpoint, payload=wanted)
        return tx.reply(wanted)


@op("PUT /endpoints/{endpoint}/route", allow="endpoints.deploy")
def set_route(
    ws: "Workspace", endpoint: str, *, variants: list[Variant], expected: int | None = None, reason: str = ""
) -> Endpoint:
    """Want these variants behind an endpoint: the live ones share its traffic by weight, shadows answer unseen.

    The first live variant is the base; the others' shares are cut from it, so a growing share keeps the requests it had.
    A new set of live variants draws a new salt, so that comparisons are independent. `expected` is the change number
    the endpoint must be at; raises EndpointMoved, RouteInvalid.
    """
    resolved = tuple(
        msgspec.structs.replace(variant, package=resolve(ws, f"{variant.model}@{variant.version}").package)
        for variant in _checked(endpoint, variants)
    )
    with ws.change() as tx:
        before = tables.lock_endpoint(tx.conn, ws.project, endpoint)
        if before is None:
            raise _unknown(endpoint, ws.project, tables.names(tx.conn, ws.project))
        if expected is not None and before.number != expected:
            raise EndpointMoved(name=endpoint, expected=expected, found=before.number)
        if before.variants == resolved:
            return tx.reply(before)
        same = _live(before.variants) == _live(resolved)
        wanted = msgspec.structs.replace(
            before,
            number=before.number + 1,
            variants=resolved,
            salt=before.salt if same else f"{ws.random.getrandbits(64):016x}",
            changed_ms=ws.clock.now_ms(),
            reason=reason,
        )
        tables.put_endpoint(tx.conn, wanted)
        tx.event("endpoint.routed", subject=endpoint, payload=wanted)
        return tx.reply(wanted)


@op("DELETE /endpoints/{endpoint}", allow="endpoints.deploy")
def undeploy(ws: "Workspace", endpoint: str, *, reason: str = "") -> Endpoint:
    """Want an endpoint no longer: the controller stops its process. What it answered stays, and its last state is the answer."""
    with ws.change() as tx:
        before = tables.lock_endpoint(tx.conn, ws.project, endpoint)
        if before is None:
            raise _unknown(endpoint, ws.project, tables.names(tx.conn, ws.project))
        tables.delete_endpoint(tx.conn, ws.project, endpoint)
        last = msgspec.structs.replace(before, changed_ms=ws.clock.now_ms(), reason=reason)
        tx.event("endpoint.undeployed", subject=endpoint, payload=last)
        return tx.reply(last)


@op("GET /endpoints", allow="endpoints.read")
def list_endpoints(ws: "Workspace", *, limit: int = 100, after: str = "") -> list[EndpointStatus]:
    """Endpoints by name, as wanted and as they are; `after` is the last name of the page before."""
    _check_limit(limit)
    with ws.read() as conn:
        found = tables.select_endpoints(conn, project=ws.project, after=after, limit=limit)
        counted = [tables.capture_counts(conn, ws.project, endpoint.name) for endpoint in found]
    return [
        msgspec.structs.replace(_status(ws, endpoint), counts=counts)
        for endpoint, counts in zip(found, counted, strict=True)
    ]


@op("GET /endpoints/{endpoint}", allow="endpoints.read")
def show_endpoint(ws: "Workspace", endpoint: str) -> EndpointStatus:
    """One endpoint: the variants wanted, the process that answers, and the rows ingested by variant."""
    with ws.read() as conn:
        wanted = tables.find_endpoint(conn, ws.project, check_name(endpoint))
        if wanted is None:
            raise _unknown(endpoint, ws.project, tables.names(conn, ws.project))
        counts = tables.capture_counts(conn, ws.project, endpoint)
    return msgspec.structs.replace(_status(ws, wanted), counts=counts)


@op("GET /predictions/{prediction:path}", allow="endpoints.read")
def show_prediction(ws: "Workspace", prediction: str, *, endpoint: str = "") -> Prediction:
    """One answered row by its id, `REQUEST/ROW`: what went in, who answered what, and the outcome where it is known."""
    return find_prediction(ws, prediction, endpoint=endpoint)


def _checked(endpoint: str, variants: list[Variant]) -> list[Variant]:
    live = [variant for variant in variants if variant.role == "live"]
    names = [check_name(variant.name) for variant in variants]
    reason = ""
    if not live:
        reason = "none of them is live"
    elif len(variants) > _MAX_VARIANTS:
        reason = f"there are {len(variants)}, at most {_MAX_VARIANTS} are served at a time"
    elif len(set(names)) != len(names):
        reason = "two of them have the same name"
    elif any(not math.isfinite(variant.weight) or variant.weight < 0 for variant in variants):
        reason = "a weight is negative or not a number"
    elif not math.isclose(total := sum(variant.weight for variant in live), 1.0, abs_tol=1e-9):
        reason = f"the weights of the live ones add up to {total:g}"
    if reason:
        raise RouteInvalid(name=endpoint, reason=reason)
    return variants


def _live(variants: tuple[Variant, ...]) -> list[tuple[str, str, int]]:
    return [(variant.name, variant.model, variant.version) for variant in variants if variant.role == "live"]


def _status(ws: "Workspace", wanted: Endpoint) -> EndpointStatus:
    process = find_process(ws, wanted.project, wanted.name)
    if process is None:
        return EndpointStatus(wanted=wanted, state="stopped")
    state: Literal["ready", "stale"] = "ready" if process.number == wanted.number else "stale"
    return EndpointStatus(wanted=wanted, state=state, process=process, url=f"http://127.0.0.1:{process.port}")


def _unknown(name: str, project: str, known: list[str]) -> EndpointUnknown:
    near = difflib.get_close_matches(name, known, n=1)
    return EndpointUnknown(name=name, project=project, suggestion=f"; did you mean '{near[0]}'?" if near else "")


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= _MAX_LIMIT:
        raise LimitInvalid(limit=limit)
