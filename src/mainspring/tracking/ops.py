"""The use cases of runs: create, log, finish, list, show, compare."""

import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mainspring.domain.artifact import Artifact
from mainspring.domain.run import Comparison, Metric, Run, RunFailure, RunId
from mainspring.kernel.hashing import Digest
from mainspring.kernel.names import check_name, check_relative
from mainspring.kernel.op import op
from mainspring.tracking import tables
from mainspring.tracking.errors import (
    ComparisonInvalid,
    LimitInvalid,
    LogInvalid,
    ParamConflict,
    RunAmbiguous,
    RunEnded,
    RunUnknown,
)

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = [
    "compare_runs",
    "create_run",
    "finish_run",
    "list_metrics",
    "list_runs",
    "log_artifact",
    "log_metrics",
    "log_params",
    "show_run",
]

_MAX_LIMIT = 1000
_MAX_PARAM_BYTES = 6000
_MAX_COMPARED = 20
_MIN_PREFIX = 4
_ID_CHARS = 32


@op("POST /runs", allow="runs.write")
def create_run(
    ws: "Workspace",
    *,
    name: str,
    parent: str = "",
    # Any: parameters are plain JSON values.
    params: dict[str, Any] = {},  # noqa: B006  msgspec and the op table read the default; nothing changes it
    tags: dict[str, str] = {},  # noqa: B006
) -> Run:
    """Start the run of a script that logs by itself; pipelines make their own runs."""
    check_name(name)
    if parent:
        _whole_run(ws, parent)
    run = Run(
        id=RunId(ws.ids.new()),
        kind="script",
        name=name,
        status="running",
        started_ms=ws.clock.now_ms(),
        parent=parent,
        params=_checked_params(params),
        tags={check_name(tag): value for tag, value in tags.items()},
        principal=ws.principal.name,
    )
    with ws.change() as tx:
        tables.insert_runs(tx.conn, ws.project, [run])
        tx.event("run.started", subject=f"run/{run.id}", payload=run)
        return tx.reply(run)


@op("POST /runs/{run}/finish", allow="runs.write")
def finish_run(
    ws: "Workspace", run: str, *, status: Literal["succeeded", "failed", "cancelled"] = "succeeded", message: str = ""
) -> Run:
    """End a script's run; ending it again the same way changes nothing. Raises RunEnded, RunUnknown."""
    found = _whole_run(ws, run)
    failure = RunFailure(kind="raised", type="", message=message) if message else None
    if found.kind != "script" or found.status not in ("running", status):
        raise RunEnded(run=run, status=found.status)
    if found.status == status:
        return found
    ended = msgspec.structs.replace(found, status=status, ended_ms=ws.clock.now_ms(), failure=failure)
    with ws.change() as tx:
        if not tables.end_run(tx.conn, msgspec.structs.replace(ended, metrics={}, artifacts=())):
            raise RunEnded(run=run, status="by another call")
        tx.event("run.finished", subject=f"run/{run}", payload=ended)
        return tx.reply(ended)


@op("POST /runs/{run}/params", allow="runs.write")
def log_params(
    ws: "Workspace",
    run: str,
    *,
    # Any: parameters are plain JSON values.
    params: dict[str, Any],
) -> Run:
    """Log parameters of a run; the same value again is fine, another one raises ParamConflict."""
    found = _open_run(ws, run)
    checked = _checked_params(params)
    with ws.change() as tx:
        current = tables.find_run(tx.conn, ws.project, run)
        known = current.params if current else found.params
        for name, value in checked.items():
            if name in known and known[name] != value:
                raise ParamConflict(name=name, run=run, found=known[name], given=value)
        tables.add_params(tx.conn, run, checked)
        return tx.reply(msgspec.structs.replace(found, params={**known, **checked}))


@op("POST /runs/{run}/metrics", allow="runs.write")
def log_metrics(ws: "Workspace", run: str, *, metrics: dict[str, float], step: int = 0, at_ms: int = 0) -> list[Metric]:
    """Log one point of each metric at `step`; the same point again changes nothing. NaN and infinity are kept as None.

    at_ms: when it was measured, UTC; 0 means now.
    """
    _open_run(ws, run)
    at_ms = at_ms or ws.clock.now_ms()
    points = [
        Metric(
            name=check_relative(name),
            value=float(value) if value is not None and math.isfinite(value) else None,
            step=step,
            at_ms=at_ms,
        )
        for name, value in metrics.items()
    ]
    with ws.change() as tx:
        tables.add_metrics(tx.conn, run, points)
        return tx.reply(points)


@op("POST /runs/{run}/artifacts", allow="runs.write")
def log_artifact(ws: "Workspace", run: str, *, name: str, digest: str, kind: str = "file") -> Artifact:
    """Name an object as an output of a run; its bytes are stored first. Raises ObjectUnknown, LogInvalid."""
    found = _open_run(ws, run)
    check_relative(name)
    check_name(kind)
    size_bytes = ws.objects.path(Digest(digest)).stat().st_size
    artifact = Artifact(name=name, kind=kind, digest=Digest(digest), size_bytes=size_bytes)
    for other in found.artifacts:
        if other.name == name and other != artifact:
            raise LogInvalid(what=f"artifact '{name}'", reason="the run has another artifact of that name")
    with ws.change() as tx:
        tables.add_artifacts(tx.conn, run, [artifact])
        return tx.reply(artifact)


@op("GET /runs", allow="runs.read")
def list_runs(
    ws: "Workspace",
    *,
    kind: str = "",
    pipeline: str = "",
    status: str = "",
    parent: str = "",
    limit: int = 100,
    after: str = "",
) -> list[Run]:
    """Runs, newest first; `parent` is a run's id for its steps, or `none` for runs that are not part of another."""
    filters = {"kind": kind, "pipeline": pipeline, "status": status, "parent": parent}
    with ws.read() as connection:
        return tables.select_runs(connection, ws.project, filters=filters, limit=_checked_limit(limit), after=after)


@op("GET /runs/{run}", allow="runs.read")
def show_run(ws: "Workspace", run: str) -> Run:
    """One run, by its id or by enough of its beginning or end; raises RunUnknown, RunAmbiguous."""
    with ws.read() as connection:
        found = tables.find_run(connection, ws.project, run)
        if found is not None:
            return found
        near = tables.find_by_prefix(connection, ws.project, run) if _MIN_PREFIX <= len(run) < _ID_CHARS else []
    if len(near) > 1:
        raise RunAmbiguous(run=run)
    if not near:
        raise RunUnknown(run=run, project=ws.project)
    return near[0]


@op("GET /runs/{run}/metrics", allow="runs.read")
def list_metrics(ws: "Workspace", run: str, *, name: str, limit: int = 1000) -> list[Metric]:
    """The history of one metric of a run, by step and time."""
    _whole_run(ws, run)
    with ws.read() as connection:
        return tables.list_points(connection, run, name, limit=_checked_limit(limit))


@op("GET /run-comparison", allow="runs.read")
def compare_runs(ws: "Workspace", *, runs: str) -> Comparison:
    """What differs between runs, and their metrics side by side; `runs` is a list of 2 to 20 ids divided by commas."""
    names = [name.strip() for name in runs.split(",") if name.strip()]
    if not 2 <= len(names) <= _MAX_COMPARED:
        raise ComparisonInvalid(count=len(names))
    found = [show_run(ws, name) for name in names]
    digests = [{name: ref.digest for name, ref in run.inputs.items()} for run in found]
    facts = [{"status": run.status, "pipeline": run.pipeline, "code": run.snapshot, **run.tags} for run in found]
    return Comparison(
        runs=tuple(run.id for run in found),
        params=_differing([run.params for run in found]),
        inputs=_differing(digests),
        facts={name: tuple(v or "" for v in values) for name, values in _differing(facts).items()},
        metrics={
            name: tuple(run.metrics.get(name) for run in found)
            for name in sorted({n for run in found for n in run.metrics})
        },
    )


# Any: parameters are plain JSON values; what comes out is of the type that went in.
def _differing(sides: list[Any]) -> dict[str, tuple[Any, ...]]:
    names = sorted({name for side in sides for name in side})
    table = {name: tuple(side.get(name) for side in sides) for name in names}
    return {name: values for name, values in table.items() if any(value != values[0] for value in values)}


def _whole_run(ws: "Workspace", run: str) -> Run:
    with ws.read() as connection:
        found = tables.find_run(connection, ws.project, run)
    if found is None:
        raise RunUnknown(run=run, project=ws.project)
    return found


def _open_run(ws: "Workspace", run: str) -> Run:
    found = _whole_run(ws, run)
    if found.status != "running":
        raise RunEnded(run=run, status=found.status)
    return found


def _checked_params(params: dict[str, Any]) -> dict[str, Any]:
    for name, value in params.items():
        check_relative(name)
        if len(msgspec.json.encode(value)) > _MAX_PARAM_BYTES:
            raise LogInvalid(what=f"parameter '{name}'", reason=f"its value is longer than {_MAX_PARAM_BYTES} bytes")
    return params


def _checked_limit(limit: int) -> int:
    if not 1 <= limit <= _MAX_LIMIT:
        raise LimitInvalid(limit=limit, most=_MAX_LIMIT)
    return limit
