"""Pages of models: the list, the versions of one, one version with its gates and lineage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request

from mainspring.domain.endpoint import EndpointStatus
from mainspring.domain.model import ModelVersion, RegisteredModel
from mainspring.domain.package import Package
from mainspring.domain.run import Run
from mainspring.domain.verdict import Verdict
from mainspring.governance import ops as governance
from mainspring.kernel.errors import NotFound
from mainspring.models import ops
from mainspring.serving import ops as serving
from mainspring.tracking import ops as tracking
from mainspring.web import figures, gates
from mainspring.web.page import Crumb, Shown, Stop, link
from mainspring.web.references import data_stop, to_dataset

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["listed", "show", "versions"]

_SHOWN_METRICS = 2


class _Row(msgspec.Struct, frozen=True):
    model: RegisteredModel
    href: str
    aliases: tuple[str, ...]
    latest_href: str
    verdict: str


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[_Row, ...]


class _VersionRow(msgspec.Struct, frozen=True):
    version: ModelVersion
    href: str
    verdict: str
    data_href: str
    run_href: str


class _Versions(msgspec.Struct, frozen=True):
    name: str
    command: str
    rows: tuple[_VersionRow, ...]


class _Column(msgspec.Struct, frozen=True):
    name: str
    type: str
    dtype: str
    output: bool


class _Shown(msgspec.Struct, frozen=True):
    version: ModelVersion
    sub: str
    command: str
    verdict: str
    headline: str
    reason: str
    reproduced: str
    judged: str
    checks: tuple[gates.GateRow, ...]
    groups: tuple[gates.GateRow, ...]
    strip: tuple[Stop, ...]
    signature: tuple[_Column, ...]
    environment: tuple[tuple[str, str], ...]
    splits: tuple[tuple[str, str], ...]
    package: tuple[tuple[str, str], ...]


def listed(ws: "Workspace", _request: Request) -> Shown:
    """Every model, with its aliases and the verdict on its newest version."""
    rows = []
    for model in ops.list_models(ws):
        newest = ops.list_versions(ws, model.name, limit=1)
        rows.append(
            _Row(
                model=model,
                href=link(ws.project, "models", model.name),
                aliases=tuple(f"{alias.alias}: {alias.version}" for alias in model.aliases),
                latest_href=link(ws.project, "models", model.name, newest[0].version) if newest else "",
                verdict=gates.status_of(newest[0].passed if newest else None),
            )
        )
    return Shown("models.html", "Models", "models", (Crumb("Models"),), _Listed(tuple(rows)))


def versions(ws: "Workspace", request: Request) -> Shown:
    """The versions of a model, newest first."""
    model = ops.show_model(ws, request.path_params["model"])
    found = sorted(ops.list_versions(ws, model.name), key=lambda version: -version.version)
    view = _Versions(
        model.name,
        f"mainspring models show {model.name}",
        tuple(_version_row(ws.project, version) for version in found),
    )
    return Shown(
        "model.html", model.name, "models", (Crumb("Models", link(ws.project, "models")), Crumb(model.name)), view
    )


def show(ws: "Workspace", request: Request) -> Shown:
    """One version: may it go out, why, what made it and where it serves."""
    name, at = request.path_params["model"], request.path_params["at"]
    version = ops.show_version(ws, name, at)
    verdicts = ops.list_verdicts(ws, name, at, limit=10)
    verdict = verdicts[0] if verdicts else None
    package = ops.show_package(ws, name, at)
    run = _run(ws, version.run_id)
    checks = verdict.checks if verdict else ()
    view = _Shown(
        version=version,
        sub=f"{version.task}, {version.flavour}, {figures.size(version.size_bytes)}; registered {figures.clock(version.created_ms)} UTC",
        command=f"mainspring models show {version.reference}",
        verdict=gates.status_of(verdict.passed if verdict else None),
        headline=gates.headline(verdict),
        reason=_reason(verdict),
        reproduced=_reproduced(ws, version),
        judged=f"judged {figures.clock(verdict.at_ms)} UTC on {verdict.data}" if verdict else "",
        checks=gates.rows([check for check in checks if not check.group]),
        groups=gates.rows([check for check in checks if check.group]),
        strip=_strip(ws, version, run),
        signature=_signature(package),
        environment=(
            ("Python", package.python),
            *((line.partition("==")[0], line.partition("==")[2]) for line in package.requirements),
        ),
        splits=tuple((split.name, f"{split.rows:,} rows of {split.dataset}") for split in package.splits),
        package=_package(version, package),
    )
    crumbs = (
        Crumb("Models", link(ws.project, "models")),
        Crumb(name, link(ws.project, "models", name)),
        Crumb(str(version.version)),
    )
    return Shown("model_version.html", version.reference, "models", crumbs, view)


def _version_row(project: str, version: ModelVersion) -> _VersionRow:
    return _VersionRow(
        version=version,
        href=link(project, "models", version.model, version.version),
        verdict=gates.status_of(version.passed),
        data_href=to_dataset(project, version.dataset),
        run_href=link(project, "runs", version.run_id) if version.run_id else "",
    )


def _run(ws: "Workspace", run_id: str) -> Run | None:
    try:
        return tracking.show_run(ws, run_id) if run_id else None
    except NotFound:
        return None


def _reason(verdict: Verdict | None) -> str:
    if verdict is None:
        return "No alias can point to a version without a passing verdict."
    failed = [check.message for check in verdict.checks if not check.passed]
    if failed:
        return "; ".join(failed[:3])
    deciding = [check.message for check in verdict.checks if not check.group]
    return "; ".join(deciding[:3])


def _reproduced(ws: "Workspace", version: ModelVersion) -> str:
    """The newest reproduction that the history holds."""
    for event in governance.list_events(ws, subject=version.reference, newest=True, limit=100):
        if event.kind == "model.reproduced" and isinstance(event.payload, dict):
            return f"Made again on {figures.clock(event.at_ms)} UTC from recorded code and data: {event.payload.get('verdict', 'unknown')}."
    return ""


def _strip(ws: "Workspace", version: ModelVersion, run: Run | None) -> tuple[Stop, ...]:
    project = ws.project
    read = sorted(ref.reference for ref in run.inputs.values() if ref.reference) if run else []
    data = data_stop(project, read or ([version.dataset] if version.dataset else []))
    code = [Stop("code", run.snapshot[:8], fact="snapshot")] if run and run.snapshot else []
    trained = [Stop("run", run.id[-8:], link(project, "runs", run.id), run.pipeline or run.name)] if run else []
    model = Stop("model", version.reference, fact=", ".join(version.aliases), here=True)
    return (*data, *code, *trained, model, *_served(project, version, serving.list_endpoints(ws)))


def _served(project: str, version: ModelVersion, endpoints: Sequence[EndpointStatus]) -> list[Stop]:
    stops = []
    for endpoint in endpoints:
        for variant in endpoint.wanted.variants:
            if (variant.model, variant.version) == (version.model, version.version):
                fact = variant.role if variant.role == "shadow" else f"{figures.percent(variant.weight)} of traffic"
                stops.append(
                    Stop("endpoint", endpoint.wanted.name, link(project, "endpoints", endpoint.wanted.name), fact)
                )
    return stops or [Stop("endpoint", "serves nowhere")]


def _signature(package: Package) -> tuple[_Column, ...]:
    inputs = [
        _Column(field.name, field.type + (", may be null" if field.nullable else ""), field.dtype, False)
        for field in package.signature.inputs
    ]
    return (*inputs, *(_Column(field.name, field.type, field.dtype, True) for field in package.signature.outputs))


def _package(version: ModelVersion, package: Package) -> tuple[tuple[str, str], ...]:
    return (
        ("Digest", version.package),
        ("Model file", f"{package.model_file}, {package.model_digest[:16]}"),
        (
            "Transformation",
            f"{package.transform_entry}, {package.transform_digest[:16]}" if package.transform_entry else "none",
        ),
        ("Types it must trust", ", ".join(package.trusted) or "none"),
    )
