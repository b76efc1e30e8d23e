"""Pages of pipelines: the list, and the graph of one pipeline's latest run."""

from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup
from starlette.requests import Request

from mainspring.domain.run import Run
from mainspring.kernel.errors import NotFound
from mainspring.tracking import ops
from mainspring.web import sketches, steps
from mainspring.web.page import Crumb, Filter, Shown, link
from mainspring.web.pages.runs import RunRow, elapsed, row

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["listed", "show"]

_LOOKED_AT = 500
_SHOWN_RUNS = 20


class PipelineNeverRun(NotFound):
    code = "pipeline.never_run"
    template = "no run of a pipeline '{name}' is recorded in project '{project}'"
    hint = "run it once: mainspring run {name}"


class _Row(msgspec.Struct, frozen=True):
    name: str
    href: str
    status: str
    steps: int
    elapsed_ms: int | None
    started_ms: int
    trend: Markup


class _Listed(msgspec.Struct, frozen=True):
    rows: tuple[_Row, ...]


class _Shown(msgspec.Struct, frozen=True):
    name: str
    status: str
    command: str
    live: bool
    tabs: tuple[Filter, ...]
    picture: Markup
    rows: tuple[RunRow, ...]
    all_runs: str


def listed(ws: "Workspace", _request: Request) -> Shown:
    """Every pipeline among the latest runs, with its last one."""
    by_name: dict[str, list[Run]] = {}
    for run in ops.list_runs(ws, kind="pipeline", limit=_LOOKED_AT):
        by_name.setdefault(run.pipeline or run.name, []).append(run)
    view = _Listed(tuple(_row(ws, name, runs) for name, runs in sorted(by_name.items())))
    return Shown("pipelines.html", "Pipelines", "pipelines", (Crumb("Pipelines"),), view)


def show(ws: "Workspace", request: Request) -> Shown:
    """The graph of the latest run, with status, time and cache of each step; `?view=time` draws it along the time."""
    name = request.path_params["pipeline"]
    runs = ops.list_runs(ws, kind="pipeline", pipeline=name, limit=_SHOWN_RUNS)
    if not runs:
        raise PipelineNeverRun(name=name, project=ws.project)
    latest = runs[0]
    children = ops.list_runs(ws, parent=latest.id, limit=1000)
    step_rows = steps.rows(ws.project, latest, children, now_ms=ws.clock.now_ms())
    along_time = request.query_params.get("view") == "time"
    here = ("pipelines", name)
    view = _Shown(
        name=name,
        status=steps.status_of(latest),
        command=f"mainspring run {name}",
        live=latest.status == "running",
        tabs=(
            Filter("graph", link(ws.project, *here), not along_time),
            Filter("time", link(ws.project, *here, view="time"), along_time),
        ),
        picture=_picture(latest, step_rows, along_time=along_time),
        rows=tuple(row(ws, run) for run in runs),
        all_runs=link(ws.project, "runs", pipeline=name),
    )
    return Shown(
        "pipeline.html", name, "pipelines", (Crumb("Pipelines", link(ws.project, "pipelines")), Crumb(name)), view
    )


def _picture(run: Run, rows: tuple[steps.StepRow, ...], *, along_time: bool) -> Markup:
    label = f"Steps of run {run.id[-8:]}"
    if along_time or run.graph is None:
        return steps.draw_gantt(rows, label=label)
    return steps.draw_graph(run.graph, rows, {name: ref.reference for name, ref in run.inputs.items()}, label=label)


def _row(ws: "Workspace", name: str, runs: list[Run]) -> _Row:
    latest = runs[0]
    spans = [elapsed(run, run.ended_ms) for run in reversed(runs[:30]) if run.ended_ms]
    return _Row(
        name=name,
        href=link(ws.project, "pipelines", name),
        status=steps.status_of(latest),
        steps=len(latest.graph.nodes) if latest.graph else 0,
        elapsed_ms=elapsed(latest, ws.clock.now_ms()),
        started_ms=latest.started_ms,
        trend=sketches.spark(spans, label=f"Durations of the last {len(spans)} runs"),
    )
