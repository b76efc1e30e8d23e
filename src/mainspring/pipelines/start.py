"""Starting a pipeline: from its project's folder, or from a snapshot of it that needs no folder any more."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainspring.domain.pipeline import Graph
from mainspring.domain.run import Run, RunId
from mainspring.kernel.errors import from_wire
from mainspring.kernel.hashing import Digest
from mainspring.pipelines.errors import PipelineInvalid, PipelineRemote
from mainspring.pipelines.failure import report
from mainspring.pipelines.inputs import resolve_inputs
from mainspring.pipelines.key import declared_by
from mainspring.pipelines.project import find_project
from mainspring.pipelines.protocol import Plan
from mainspring.pipelines.runner import Prepared, Runner, prepare
from mainspring.pipelines.schedule import Schedule
from mainspring.pipelines.snapshot import Sources, load_sources, read_sources, store
from mainspring.tracking.lost import mark_lost

if TYPE_CHECKING:
    from mainspring.pipelines.definition import Pipeline
    from mainspring.workspace import Workspace

__all__ = ["run_pipeline", "run_snapshot"]


# Any: inputs are values, datasets or references; parameters plain JSON values; a pipeline's types are its own.
def run_pipeline(
    ws: "Workspace",
    pipeline: "Pipeline[..., Any]",
    *,
    inputs: Mapping[str, Any],
    params: Mapping[str, Any],
    use_cache: bool = True,
    trigger_id: str = "",
) -> Run:
    """Snapshot the pipeline's project, run the pipeline and wait for it; see `Pipeline.run` for what it raises."""
    _check_local(ws, pipeline.name)
    project = find_project(pipeline.function.__module__, pipeline=pipeline.name)
    names = {"__main__": project.module, pipeline.function.__module__: project.module}
    graph = pipeline.graph(params, names=names)
    sources = read_sources(project)
    run = _new_run(ws, graph, sources, trigger_id=trigger_id)
    scratch = _scratch(ws, run.id)
    try:
        ready = resolve_inputs(ws, graph, inputs, scratch=scratch / "inputs")
        _sweep(ws)
        store(ws.objects, sources)
        schedule = Schedule(ws, graph, sources, ready, use_cache=use_cache)
        run = msgspec.structs.replace(run, inputs={name: item.ref for name, item in ready.items()})
        return Runner(ws, schedule, run, scratch=scratch, root=project.root).run()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


# Any: see `run_pipeline`.
def run_snapshot(
    ws: "Workspace",
    snapshot_digest: str,
    pipeline_name: str,
    inputs: Mapping[str, Any],
    params: Mapping[str, Any],
    *,
    use_cache: bool = True,
    trigger_id: str = "",
) -> Run:
    """Run a pipeline from a stored snapshot, in new processes; `pipeline_name` is its function's name or `module:name`.

    inputs: references for datasets, values, or the InputRefs of an earlier run. Raises as `Pipeline.run` does, and
    PipelineUnknown, ObjectUnknown, SnapshotInvalid.
    """
    _check_local(ws, pipeline_name)
    sources = load_sources(ws.objects, Digest(snapshot_digest))
    run_id = RunId(ws.ids.new())
    scratch = _scratch(ws, run_id)
    _sweep(ws)
    function = pipeline_name if ":" in pipeline_name else f"{sources.manifest.module}:{pipeline_name}"
    prepared: Prepared | None = None
    try:
        prepared = prepare(ws, sources, pipeline=pipeline_name, threads=1, declared=(), scratch=scratch)
        graph = _plan(prepared, function, params)
        if graph.threads != 1 or declared_by(graph):
            # What it is to be given is known only now that its own code has said so.
            prepared.worker.close()
            prepared = None
        run = _new_run(ws, graph, sources, trigger_id=trigger_id, run_id=run_id)
        ready = resolve_inputs(ws, graph, inputs, scratch=scratch / "inputs")
        schedule = Schedule(ws, graph, sources, ready, use_cache=use_cache)
        run = msgspec.structs.replace(run, inputs={name: item.ref for name, item in ready.items()})
        return Runner(ws, schedule, run, scratch=scratch, root=None, prepared=prepared).run()
    finally:
        if prepared is not None:
            prepared.worker.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _check_local(ws: "Workspace", pipeline: str) -> None:
    # `ms.connect` gives a server's workspace under the same type: it answers ops, and has no folder.
    if not hasattr(ws, "folder"):
        raise PipelineRemote(pipeline=pipeline, where=getattr(ws, "url", "a server"))


# Any: see `run_pipeline`.
def _plan(prepared: Prepared, function: str, params: Mapping[str, Any]) -> Graph:
    """The graph as the snapshot's own code puts it together."""
    pipeline = function.partition(":")[2]
    failure = prepared.loaded.failure
    if failure is None:
        prepared.worker.send(Plan(id="plan", function=function, params=dict(params)))
        done = prepared.worker.wait_for("plan")
        if done.report is None:
            raise PipelineInvalid(pipeline=pipeline, reason="the process that reads it ended without an answer")
        if done.report.refusal is not None:
            raise from_wire(done.report.refusal.status, msgspec.to_builtins(done.report.refusal))
        failure = done.report.failure
        if done.report.graph is not None:
            return done.report.graph
    assert failure is not None
    raise PipelineInvalid(pipeline=pipeline, reason=report(failure, root=None))


def _new_run(ws: "Workspace", graph: Graph, sources: Sources, *, trigger_id: str, run_id: str = "") -> Run:
    return Run(
        id=RunId(run_id or ws.ids.new()),
        kind="pipeline",
        name=graph.pipeline,
        status="running",
        started_ms=ws.clock.now_ms(),
        pipeline=graph.pipeline,
        params=graph.params,
        snapshot=sources.digest,
        trigger_id=trigger_id,
        principal=ws.principal.name,
        graph=graph,
    )


def _scratch(ws: "Workspace", run: str) -> Path:
    return ws.folder / "scratch" / run


def _sweep(ws: "Workspace") -> None:
    """Mark the runs of dead processes as lost, and remove what they left in the scratch folder."""
    for run in mark_lost(ws):
        shutil.rmtree(_scratch(ws, run), ignore_errors=True)
