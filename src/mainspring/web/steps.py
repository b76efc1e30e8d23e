"""A pipeline run's steps, drawn as a graph or along the time."""

from collections.abc import Mapping, Sequence

import msgspec
from markupsafe import Markup

from mainspring.domain.artifact import Artifact
from mainspring.domain.pipeline import Graph
from mainspring.domain.run import Run
from mainspring.web import figures, gantt, graph
from mainspring.web.page import link

__all__ = ["StepRow", "draw_gantt", "draw_graph", "rows", "status_of"]


class StepRow(msgspec.Struct, frozen=True):
    """One step of a run as its table shows it; a step that has not begun has no address."""

    name: str
    status: str
    start_ms: int
    span_ms: int | None
    outputs: tuple[Artifact, ...]
    reason: str
    href: str = ""


def status_of(run: Run) -> str:
    """The run's status, or `cached` where its outputs were taken over from another run."""
    return "cached" if run.cached_from and run.status == "succeeded" else run.status


def rows(project: str, run: Run, steps: Sequence[Run], *, now_ms: int) -> tuple[StepRow, ...]:
    """The steps in the order of the graph, those not begun included."""
    by_name = {step.name: step for step in steps}
    order = (
        [node.name for node in run.graph.nodes]
        if run.graph
        else sorted(by_name, key=lambda name: by_name[name].started_ms)
    )
    return tuple(_row(project, name, by_name.get(name), run, now_ms) for name in order)


def _row(project: str, name: str, step: Run | None, run: Run, now_ms: int) -> StepRow:
    if step is None:
        return StepRow(name, "waiting" if run.status == "running" else "not run", 0, None, (), "")
    span = max(0, (step.ended_ms or now_ms) - step.started_ms)
    reason = (
        f"equal code, inputs and parameters: taken from {step.cached_from[-8:]}"
        if step.cached_from
        else "nothing equal was in the cache"
    )
    start = max(0, step.started_ms - run.started_ms)
    return StepRow(name, status_of(step), start, span, step.artifacts, reason, link(project, "runs", step.id))


def draw_graph(run_graph: Graph, steps: Sequence[StepRow], inputs: Mapping[str, str], *, label: str) -> Markup:
    """The graph of a run: its inputs (by name, with their references) and its steps with status, time and cache."""
    by_name = {step.name: step for step in steps}
    nodes = [
        graph.Node(f"input {port.name}", port.name, inputs.get(port.name, "") or port.kind, "data")
        for port in run_graph.inputs
    ]
    edges = []
    for node in run_graph.nodes:
        step = by_name[node.name]
        nodes.append(graph.Node(node.name, node.name, _fact(step), _kind(step.status), step.status, step.href))
        for source in sorted({source.node or f"input {source.output}" for source in node.inputs.values()}):
            edges.append(graph.Edge(source, node.name))
    return graph.draw(nodes, edges, label=label)


def draw_gantt(steps: Sequence[StepRow], *, label: str) -> Markup:
    """The steps that have begun, along the time since the run's start."""
    bars = [
        gantt.Bar(step.name, step.start_ms, step.span_ms or 0, _kind(step.status), step.href)
        for step in steps
        if step.span_ms is not None
    ]
    return gantt.draw(bars, label=label)


def _fact(step: StepRow) -> str:
    return figures.duration(step.span_ms) if step.span_ms and step.status != "cached" else ""


def _kind(status: str) -> str:
    match status:
        case "succeeded":
            return "ok"
        case "failed" | "lost":
            return "bad"
        case "cancelled":
            return "warn"
        case "running":
            return "busy"
        case "cached":
            return "cached"
        case _:
            return "idle"
