"""Pages of runs: the table, one run, runs side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup
from starlette.requests import Request

from mainspring.domain.artifact import Artifact
from mainspring.domain.run import Run, RunFailure
from mainspring.tracking import ops
from mainspring.web import figures, sketches, steps
from mainspring.web.page import Crumb, Filter, Shown, Stop, link
from mainspring.web.pages.raw import Log, log_of
from mainspring.web.references import data_stop, to_dataset

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["RunRow", "compared", "elapsed", "listed", "row", "show"]

_PAGE = 50
_SHOWN_METRICS = 3
_DRAWN_METRICS = 12
_ENVIRONMENT = "environment."
_RUNS = Crumb("Runs", "")


class RunRow(msgspec.Struct, frozen=True):
    """One run as tables show it."""

    run: Run
    href: str
    status: str
    elapsed_ms: int | None
    by: str
    metrics: tuple[float | None, ...] = ()
    data: tuple[Crumb, ...] = ()


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[RunRow, ...]
    metric_names: tuple[str, ...]
    filters: tuple[Filter, ...]
    older: str
    command: str


class _Artifact(msgspec.Struct, frozen=True):
    artifact: Artifact
    href: str


class _Metric(msgspec.Struct, frozen=True):
    name: str
    value: float | None
    picture: Markup


class _Shown(msgspec.Struct, frozen=True):
    run: Run
    status: str
    elapsed_ms: int | None
    by: str
    command: str
    live: bool
    chips: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    cached: Crumb | None
    failure: RunFailure | None
    steps: tuple[steps.StepRow, ...]
    ran: int
    from_cache: int
    tabs: tuple[Filter, ...]
    picture: Markup
    strip: tuple[Stop, ...]
    inputs: tuple[Stop, ...]
    artifacts: tuple[_Artifact, ...]
    metrics: tuple[_Metric, ...]
    log: Log | None


class _Cell(msgspec.Struct, frozen=True):
    text: str
    full: str


class _Line(msgspec.Struct, frozen=True):
    name: str
    cells: tuple[_Cell, ...]


class _Table(msgspec.Struct, frozen=True):
    name: str
    column: str
    nothing: str
    rows: tuple[_Line, ...]


class _Compared(msgspec.Struct, frozen=True):
    runs: tuple[Crumb, ...]
    tables: tuple[_Table, ...]
    command: str


def listed(ws: "Workspace", request: Request) -> Shown:
    """The runs that are not part of another, newest first, filtered by `?status=` and `?pipeline=`."""
    status = request.query_params.get("status", "")
    pipeline = request.query_params.get("pipeline", "")
    after = request.query_params.get("after", "")
    found = ops.list_runs(ws, parent="none", status=status, pipeline=pipeline, limit=_PAGE, after=after)
    names = _common_metrics(found)
    options = f"{f' --status {status}' if status else ''}{f' --pipeline {pipeline}' if pipeline else ''}"
    view = _Listed(
        rows=tuple(row(ws, run, metric_names=names) for run in found),
        metric_names=names,
        filters=tuple(
            Filter(word or "all", link(ws.project, "runs", status=word, pipeline=pipeline), word == status)
            for word in ("", "running", "failed")
        ),
        older=link(ws.project, "runs", status=status, pipeline=pipeline, after=found[-1].id)
        if len(found) == _PAGE
        else "",
        command=f"mainspring runs list{options}",
    )
    return Shown("runs.html", "Runs", "runs", (_RUNS,), view)


def show(ws: "Workspace", request: Request) -> Shown:
    """One run: what it did, with what, and what came out; `?view=time` draws its steps along the time."""
    run = ops.show_run(ws, request.path_params["run"])
    children = ops.list_runs(ws, parent=run.id, limit=1000) if run.kind != "step" else []
    step_rows = steps.rows(ws.project, run, children, now_ms=ws.clock.now_ms())
    mode = "time" if request.query_params.get("view") == "time" else "graph"
    here = ("runs", run.id)
    view = _Shown(
        run=run,
        status=steps.status_of(run),
        elapsed_ms=elapsed(run, ws.clock.now_ms()),
        by=_by(run),
        command=f"mainspring runs show {run.id[-8:]}",
        live=run.status == "running",
        chips=tuple(
            f"{name}: {value}" for name, value in sorted(run.tags.items()) if not name.startswith(_ENVIRONMENT)
        ),
        environment=tuple(
            (name.removeprefix(_ENVIRONMENT), value)
            for name, value in sorted(run.tags.items())
            if name.startswith(_ENVIRONMENT)
        ),
        cached=Crumb(run.cached_from[-8:], link(ws.project, "runs", run.cached_from)) if run.cached_from else None,
        failure=run.failure,
        steps=step_rows,
        ran=sum(step.span_ms is not None and step.status != "cached" for step in step_rows),
        from_cache=sum(step.status == "cached" for step in step_rows),
        tabs=(
            Filter("graph", link(ws.project, *here), mode == "graph"),
            Filter("time", link(ws.project, *here, view="time"), mode == "time"),
        ),
        picture=_picture(run, step_rows, mode),
        strip=_strip(ws.project, run),
        inputs=tuple(
            Stop(name, ref.reference or ref.kind, to_dataset(ws.project, ref.reference), ref.digest)
            for name, ref in run.inputs.items()
        ),
        artifacts=tuple(_Artifact(item, _raw(ws.project, run, item)) for item in run.artifacts),
        metrics=_metrics(ws, run),
        log=log_of(ws, run),
    )
    parent = (Crumb(run.parent[-8:], link(ws.project, "runs", run.parent)),) if run.parent else ()
    crumbs = (Crumb("Runs", link(ws.project, "runs")), *parent, Crumb(run.id[-8:]))
    return Shown("run.html", f"{run.name} {run.id[-8:]}", "runs", crumbs, view)


def compared(ws: "Workspace", request: Request) -> Shown:
    """Runs side by side: `?runs=` is a list of ids divided by commas."""
    asked = request.query_params.get("runs", "")
    found = ops.compare_runs(ws, runs=asked)
    view = _Compared(
        runs=tuple(Crumb(run, link(ws.project, "runs", run)) for run in found.runs),
        tables=(
            _table("Metrics", "Metric", "None of these runs logged a metric.", found.metrics),
            _table("Parameters that differ", "Parameter", "They have the same parameters.", found.params),
            _table("Inputs that differ", "Input", "They read the same data.", found.inputs),
            _table("Code, status and tags that differ", "Fact", "Nothing else differs.", found.facts),
        ),
        command=f"mainspring runs compare {' '.join(run[-8:] for run in found.runs)}",
    )
    return Shown(
        "compare.html", "Compare runs", "runs", (Crumb("Runs", link(ws.project, "runs")), Crumb("Compare")), view
    )


def row(ws: "Workspace", run: Run, *, metric_names: Sequence[str] = ()) -> RunRow:
    """The run as a row of a table."""
    references = [ref.reference for ref in run.inputs.values() if ref.reference]
    return RunRow(
        run=run,
        href=link(ws.project, "runs", run.id),
        status=steps.status_of(run),
        elapsed_ms=elapsed(run, ws.clock.now_ms()),
        by=_by(run),
        metrics=tuple(run.metrics.get(name) for name in metric_names),
        data=tuple(Crumb(reference, to_dataset(ws.project, reference)) for reference in references),
    )


def _common_metrics(runs: Sequence[Run]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for run in runs:
        for name in run.metrics:
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(sorted(counts), key=lambda name: -counts[name])[:_SHOWN_METRICS])


def elapsed(run: Run, now_ms: int) -> int | None:
    """How long the run took, or takes so far; None where the workspace's clock stood still, as in a demo's played time."""
    return max(0, (run.ended_ms or now_ms) - run.started_ms) or None


def _by(run: Run) -> str:
    return f"{run.principal}, triggered" if run.trigger_id else run.principal


def _picture(run: Run, rows: Sequence[steps.StepRow], mode: str) -> Markup:
    if not rows:
        return Markup("")
    if mode == "time" or run.graph is None:
        return steps.draw_gantt(rows, label=f"Steps of {run.name} along the time")
    inputs = {name: ref.reference for name, ref in run.inputs.items()}
    return steps.draw_graph(run.graph, rows, inputs, label=f"Graph of {run.name}")


def _metrics(ws: "Workspace", run: Run) -> tuple[_Metric, ...]:
    """The metrics by name; the first dozen with their history as a small line, where there is one."""
    shown = []
    for index, (name, value) in enumerate(sorted(run.metrics.items())):
        points = ops.list_metrics(ws, run.id, name=name) if index < _DRAWN_METRICS else []
        shown.append(
            _Metric(name, value, sketches.spark([point.value for point in points], label=f"History of {name}"))
        )
    return tuple(shown)


def _strip(project: str, run: Run) -> tuple[Stop, ...]:
    data = data_stop(project, [ref.reference for ref in run.inputs.values() if ref.reference])
    code = [Stop("code", run.snapshot[:8], fact="snapshot")] if run.snapshot else []
    models = [Stop("package", item.name, fact=item.digest[:8]) for item in run.artifacts if item.kind == "model"]
    return (*data, *code, Stop("run", run.id[-8:], fact=run.status, here=True), *models) if data or code else ()


def _raw(project: str, run: Run, artifact: Artifact) -> str:
    return "" if artifact.kind == "model" else link(project, "runs", run.id, "raw", *artifact.name.split("/"))


# Any: parameters are plain JSON values.
def _table(name: str, column: str, nothing: str, found: dict[str, Any]) -> _Table:
    return _Table(
        name,
        column,
        nothing,
        tuple(_Line(line, tuple(_cell(value) for value in values)) for line, values in found.items()),
    )


def _cell(value: object) -> _Cell:
    if isinstance(value, float):
        return _Cell(figures.sig(value), str(value))
    text = figures.full(None) if value is None else str(value)
    return _Cell(text if len(text) <= 40 else text[:8], text)
