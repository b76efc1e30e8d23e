"""The use cases of models: register, judge, name, list, show, compare."""

from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.model import Alias, ModelDiff, ModelVersion, RegisteredModel
from mainspring.domain.object import Digest
from mainspring.domain.package import Package, Provenance
from mainspring.domain.verdict import Verdict
from mainspring.kernel import fault
from mainspring.kernel.names import check_name
from mainspring.kernel.op import op
from mainspring.models import diff as diffs
from mainspring.models import tables
from mainspring.models.errors import (
    AliasMoved,
    AliasReserved,
    LimitInvalid,
    NoPassingVerdict,
    VerdictInvalid,
)
from mainspring.models.find import check_model, find_at, resolve
from mainspring.models.packages import PACKAGE_FILE
from mainspring.models.trees import check_whole, read_member, read_tree

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = [
    "diff",
    "list_models",
    "list_verdicts",
    "list_versions",
    "record_verdict",
    "register_version",
    "set_alias",
    "show_model",
    "show_package",
    "show_provenance",
    "show_version",
]

_MAX_LIMIT = 1000


@op("POST /models/{model}/versions", allow="models.write")
def register_version(ws: "Workspace", model: str, *, package: Digest, run_id: str = "") -> ModelVersion:
    """Register a package under a name, with the next number; the same package of the same run keeps its number."""
    check_name(model)
    described, size_bytes = _read_package(ws, package)
    with ws.change() as tx:
        now = ws.clock.now_ms()
        known = tables.find_registered(tx.conn, ws.project, model, package=package, run_id=run_id)
        if known is not None:
            return tx.reply(find_at(tx.conn, ws.project, model, str(known)))
        version = ModelVersion(
            model=model,
            version=tables.take_number(tx.conn, ws.project, model, at_ms=now),
            package=package,
            run_id=run_id,
            created_ms=now,
            flavour=described.flavour,
            task=described.task,
            dataset=described.dataset,
            size_bytes=size_bytes,
        )
        tables.add_version(tx.conn, ws.project, version)
        tx.event("model.registered", subject=version.reference, payload=version)
        return tx.reply(version)


@op("POST /models/{model}/versions/{version}/verdicts", allow="models.write")
def record_verdict(ws: "Workspace", model: str, version: int, *, verdict: Verdict) -> Verdict:
    """Record what a gate found about a version; the newest verdict is the one that counts. Recording one again changes nothing."""
    if verdict.passed != (bool(verdict.checks) and all(check.passed for check in verdict.checks)):
        reason = "it has no checks" if not verdict.checks else "it says otherwise than its checks"
        raise VerdictInvalid(gate=verdict.gate, model=model, version=version, reason=reason)
    with ws.change() as tx:
        check_model(tx.conn, ws.project, model)
        tables.lock_model(tx.conn, ws.project, model)
        find_at(tx.conn, ws.project, model, str(version))
        latest = tables.latest_verdict(tx.conn, ws.project, model, version)
        recorded = msgspec.structs.replace(
            verdict, id=verdict.id or ws.ids.new(), at_ms=verdict.at_ms or ws.clock.now_ms()
        )
        if latest is not None and verdict.id and latest.id == verdict.id:
            return tx.reply(latest)
        tables.add_verdict(tx.conn, ws.project, model, version, recorded)
        kind = "gate.passed" if recorded.passed else "gate.failed"
        tx.event(kind, subject=f"{model}@{version}", payload=recorded)
        return tx.reply(recorded)


@op("POST /models/{model}/aliases", allow="models.promote")
def set_alias(
    ws: "Workspace", model: str, *, alias: str, version: int, expected: int | None = None, reason: str = ""
) -> Alias:
    """Point `alias` at a version; refuses one without a passing verdict.

    `expected` is the version the alias must point to now (0: none yet); raises AliasMoved where it points elsewhere,
    NoPassingVerdict where the newest verdict did not pass or there is none. Pointing it where it points changes nothing.
    """
    check_name(alias)
    if alias.isdigit() or alias == "latest":
        raise AliasReserved(alias=alias)
    fault.point("promotion.before_alias")
    with ws.change() as tx:
        check_model(tx.conn, ws.project, model)
        tables.lock_model(tx.conn, ws.project, model)
        find_at(tx.conn, ws.project, model, str(version))
        now = tables.find_alias(tx.conn, ws.project, model, alias)
        found = now.version if now else 0
        if expected is not None and found != expected:
            raise AliasMoved(model=model, alias=alias, expected=expected, found=found)
        _check_passed(
            tables.latest_verdict(tx.conn, ws.project, model, version), model=model, version=version, alias=alias
        )
        if now is not None and found == version:
            return tx.reply(now)
        moved = Alias(
            model=model, alias=alias, version=version, previous=found, moved_ms=ws.clock.now_ms(), reason=reason
        )
        tables.move_alias(tx.conn, ws.project, moved)
        fault.point("promotion.after_alias")
        tx.event("model.promoted", subject=f"{model}@{version}", payload=moved)
        result = tx.reply(moved)
        fault.point("promotion.before_commit")
    fault.point("promotion.after_commit")
    return result


@op("GET /models", allow="models.read")
def list_models(ws: "Workspace", *, limit: int = 100, after: str = "") -> list[RegisteredModel]:
    """Models by name with their aliases; `after` is the last name of the page before."""
    _check_limit(limit)
    with ws.read() as conn:
        return tables.select_models(conn, ws.project, after=after, limit=limit)


@op("GET /models/{model}", allow="models.read")
def show_model(ws: "Workspace", model: str) -> RegisteredModel:
    """One model: how many versions it has, and its aliases."""
    with ws.read() as conn:
        check_model(conn, ws.project, model)
        found = tables.find_model(conn, ws.project, model)
    assert found is not None
    return found


@op("GET /models/{model}/versions", allow="models.read")
def list_versions(ws: "Workspace", model: str, *, limit: int = 100, before: int = 0) -> list[ModelVersion]:
    """Versions of a model, newest first; `before` is the last number of the page before."""
    _check_limit(limit)
    with ws.read() as conn:
        check_model(conn, ws.project, model)
        return tables.select_versions(conn, ws.project, model, before=before, limit=limit)


@op("GET /models/{model}/versions/{version}", allow="models.read")
def show_version(ws: "Workspace", model: str, version: str | int) -> ModelVersion:
    """One version, by number or alias."""
    with ws.read() as conn:
        check_model(conn, ws.project, model)
        return find_at(conn, ws.project, model, str(version))


@op("GET /models/{model}/versions/{version}/package", allow="models.read")
def show_package(ws: "Workspace", model: str, version: str | int) -> Package:
    """What the package of a version says: signature, splits, requirements, parameters."""
    return _read_package(ws, show_version(ws, model, version).package)[0]


@op("GET /models/{model}/versions/{version}/provenance", allow="models.read")
def show_provenance(ws: "Workspace", model: str, version: str | int) -> Provenance:
    """What a version was made from: code, datasets, parameters."""
    return read_member(ws.objects, show_version(ws, model, version).package, "provenance.json", Provenance)


@op("GET /models/{model}/versions/{version}/verdicts", allow="models.read")
def list_verdicts(ws: "Workspace", model: str, version: str | int, *, limit: int = 100) -> list[Verdict]:
    """The verdicts of gates on a version, newest first: the first one counts."""
    _check_limit(limit)
    with ws.read() as conn:
        check_model(conn, ws.project, model)
        number = find_at(conn, ws.project, model, str(version)).version
        return tables.select_verdicts(conn, ws.project, model, number, limit=limit)


@op("GET /model-diffs", allow="models.read")
def diff(ws: "Workspace", *, a: str, b: str) -> ModelDiff:
    """What differs between two versions, `NAME@VERSION` each: parameters, columns, rows, verdicts, environment, bytes."""
    first, second = resolve(ws, a), resolve(ws, b)
    with ws.read() as conn:
        verdicts = [tables.latest_verdict(conn, ws.project, v.model, v.version) for v in (first, second)]
    sides = [
        diffs.Side(
            version=version,
            package=_read_package(ws, version.package)[0],
            provenance=read_member(ws.objects, version.package, "provenance.json", Provenance),
            tree=read_tree(ws.objects, version.package),
            verdict=verdict,
        )
        for version, verdict in zip((first, second), verdicts, strict=True)
    ]
    return diffs.compare(*sides)


def _check_passed(verdict: Verdict | None, *, model: str, version: int, alias: str) -> None:
    if verdict is None:
        raise NoPassingVerdict(alias=alias, model=model, version=version, reason="no gate has judged it")
    if not verdict.passed:
        failed = ", ".join(check.message or check.name for check in verdict.checks if not check.passed)
        raise NoPassingVerdict(
            alias=alias, model=model, version=version, reason=f"gate '{verdict.gate}' did not pass: {failed}"
        )


def _read_package(ws: "Workspace", package: Digest) -> tuple[Package, int]:
    described = read_member(ws.objects, package, PACKAGE_FILE, Package)
    return described, sum(entry.size_bytes for entry in check_whole(ws.objects, package).entries)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= _MAX_LIMIT:
        raise LimitInvalid(limit=limit)
