"""Pages of datasets: the list, the versions of one, one version with its schema, profile and parts."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup
from starlette.requests import Request

from mainspring.data import ops
from mainspring.domain.dataset import Dataset, DatasetVersion, Part, Quarantined
from mainspring.domain.profile import ColumnProfile
from mainspring.domain.schema import ColumnSchema, Example, Schema, Value, Violation
from mainspring.tracking import ops as tracking
from mainspring.web import figures, sketches, steps
from mainspring.web.page import Crumb, Shown, link

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["listed", "show", "versions"]

_RUNS_LOOKED_AT = 100
_EXAMPLES = 3
_SHOWN = 100
_NEWEST = 12
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


class _Row(msgspec.Struct, frozen=True):
    dataset: Dataset
    href: str


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[_Row, ...]


class _VersionRow(msgspec.Struct, frozen=True):
    version: DatasetVersion
    href: str


class _Violation(msgspec.Struct, frozen=True):
    violation: Violation
    examples: tuple[str, ...]


class _Refused(msgspec.Struct, frozen=True):
    batch: Quarantined
    violations: tuple[_Violation, ...]


class _Versions(msgspec.Struct, frozen=True):
    name: str
    command: str
    rows: tuple[_VersionRow, ...]
    older: tuple[_VersionRow, ...]
    quarantined: tuple[_Refused, ...]


class _Column(msgspec.Struct, frozen=True):
    name: str
    type: str
    picture: Markup
    top: str
    null_share: float | None
    distinct: int | None
    low: str
    low_full: str
    mean: float | None
    high: str
    high_full: str
    rules: str


class _Part(msgspec.Struct, frozen=True):
    part: Part
    ids: str


class _Use(msgspec.Struct, frozen=True):
    name: str
    status: str
    href: str
    started_ms: int


class _Version(msgspec.Struct, frozen=True):
    version: DatasetVersion
    sub: str
    chips: tuple[str, ...]
    command: str
    columns: tuple[_Column, ...]
    parts: tuple[_Part, ...]
    consumers: tuple[_Use, ...]


def listed(ws: "Workspace", _request: Request) -> Shown:
    """Every dataset with its newest version."""
    view = _Listed(tuple(_Row(found, link(ws.project, "datasets", found.name)) for found in ops.list_datasets(ws)))
    return Shown("datasets.html", "Datasets", "datasets", (Crumb("Datasets"),), view)


def versions(ws: "Workspace", request: Request) -> Shown:
    """The versions of a dataset, newest first, and the batches that were refused, with why."""
    dataset = ops.show_dataset(ws, request.path_params["dataset"])
    found = sorted(
        ops.list_versions(ws, dataset.name, after=max(0, dataset.latest - _SHOWN)), key=lambda version: -version.number
    )
    refused = ops.list_quarantined(ws, dataset.name)
    rows = [_VersionRow(version, link(ws.project, "datasets", dataset.name, version.number)) for version in found]
    view = _Versions(
        name=dataset.name,
        command=f"mainspring data show {dataset.name}",
        rows=tuple(rows[:_NEWEST]),
        older=tuple(rows[_NEWEST:]),
        quarantined=tuple(_refused(batch) for batch in refused),
    )
    return Shown(
        "dataset.html",
        dataset.name,
        "datasets",
        (Crumb("Datasets", link(ws.project, "datasets")), Crumb(dataset.name)),
        view,
    )


def show(ws: "Workspace", request: Request) -> Shown:
    """One version: what its schema demands, what its rows are like, what it is made of and who read it."""
    name, number = request.path_params["dataset"], request.path_params["version"]
    analysis = ops.analyse(ws, name, number=number)
    version = analysis.version
    view = _Version(
        version=version,
        sub=_span(version),
        chips=_chips(analysis.schema),
        command=f"mainspring data analyse {version.reference}",
        columns=_columns(analysis.schema, analysis.profile.columns),
        parts=tuple(
            _Part(part, f"{part.first_row_id:,} to {part.first_row_id + part.rows - 1:,}") for part in version.parts
        ),
        consumers=_consumers(ws, version.reference),
    )
    crumbs = (
        Crumb("Datasets", link(ws.project, "datasets")),
        Crumb(name, link(ws.project, "datasets", name)),
        Crumb(str(number)),
    )
    return Shown("dataset_version.html", version.reference, "datasets", crumbs, view)


def _span(version: DatasetVersion) -> str:
    how = (
        "the first version"
        if not version.parent
        else f"version {version.parent} {'with rows appended' if version.mode == 'append' else 'replaced'}"
    )
    if version.event_from_ms is None:
        return how
    return f"{how}; {version.event_time} from {figures.clock(version.event_from_ms)} to {figures.clock(version.event_to_ms)} UTC"


def _chips(schema: Schema) -> tuple[str, ...]:
    return tuple(
        filter(
            None,
            (
                f"event time: {schema.event_time}" if schema.event_time else "",
                f"key: {', '.join(schema.key)}" if schema.key else "",
            ),
        )
    )


def _columns(schema: Schema, profiles: tuple[ColumnProfile, ...]) -> tuple[_Column, ...]:
    demands = {column.name: column for column in schema.columns}
    return tuple(_column(profile, demands.get(profile.name)) for profile in profiles)


def _column(profile: ColumnProfile, demand: ColumnSchema | None) -> _Column:
    stats = profile.stats
    return _Column(
        name=profile.name,
        type=profile.type,
        picture=_picture(profile),
        top=", ".join(item.value for item in profile.top[:3]),
        null_share=stats.null_share,
        distinct=profile.distinct,
        low=_value(stats.minimum),
        low_full=figures.full(stats.minimum),
        mean=stats.mean,
        high=_value(stats.maximum),
        high_full=figures.full(stats.maximum),
        rules=_rules(demand, profile.type) if demand else "not in the schema",
    )


def _picture(profile: ColumnProfile) -> Markup:
    if profile.histogram:
        edges = profile.histogram.edges
        names = [f"{figures.sig(low)} to {figures.sig(high)}" for low, high in pairwise(edges)]
        return sketches.bars(profile.histogram.counts, label=f"Histogram of {profile.name}", names=names)
    return sketches.bars(
        [item.count for item in profile.top],
        label=f"Most frequent values of {profile.name}",
        names=[item.value for item in profile.top],
    )


def _rules(demand: ColumnSchema, held: str) -> str:
    said = [] if demand.type == held else [f"type {demand.type}"]
    if demand.null_limit == 0:
        said.append("never null")
    elif demand.null_limit < 1:
        said.append(f"at most {figures.percent(demand.null_limit)} null")
    if demand.minimum is not None or demand.maximum is not None:
        said.append(f"{figures.sig(demand.minimum)} to {figures.sig(demand.maximum)}")
    if demand.categories is not None:
        said.append(
            f"one of {len(demand.categories)} values"
            + (f", {figures.percent(demand.new_limit)} new allowed" if demand.new_limit else "")
        )
    if demand.scale is not None:
        said.append(f"unit within a factor of {figures.sig(demand.scale.factor, 3)}")
    return "; ".join(said) or "any value"


def _value(value: Value) -> str:
    if isinstance(value, bool) or value is None:
        return figures.full(value)
    if isinstance(value, int | float):
        return figures.sig(float(value))
    if _MOMENT.match(value):
        return value[:10]
    return value if len(value) <= 12 else value[:11] + "\N{HORIZONTAL ELLIPSIS}"


def _refused(batch: Quarantined) -> _Refused:
    return _Refused(batch, tuple(_Violation(item, _examples(item)) for item in batch.report.violations))


def _examples(violation: Violation) -> tuple[str, ...]:
    return tuple(f"row {item.row:,}: {_cells(item)}" for item in violation.examples[:_EXAMPLES])


def _cells(example: Example) -> str:
    return ", ".join(f"{name}={'null' if value is None else value}" for name, value in example.values.items())


def _consumers(ws: "Workspace", reference: str) -> tuple[_Use, ...]:
    recent = tracking.list_runs(ws, parent="none", limit=_RUNS_LOOKED_AT)
    users = [
        run
        for run in recent
        if any(ref.reference.removeprefix(f"{ws.project}/") == reference for ref in run.inputs.values())
    ]
    return tuple(
        _Use(f"{run.name} {run.id[-8:]}", steps.status_of(run), link(ws.project, "runs", run.id), run.started_ms)
        for run in users
    )
