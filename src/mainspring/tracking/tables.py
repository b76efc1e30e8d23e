"""The tables of runs, and every query on them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from mainspring.domain.artifact import Artifact
from mainspring.domain.pipeline import Graph
from mainspring.domain.run import InputRef, Metric, Run, RunFailure, RunId
from mainspring.storage.database import StructColumn, insert_ignore, metadata
from mainspring.storage.leases import leases

__all__ = [
    "add_artifacts",
    "add_metrics",
    "add_params",
    "add_tags",
    "artifacts",
    "end_run",
    "find_by_prefix",
    "find_run",
    "insert_runs",
    "list_points",
    "metrics",
    "owners_of_running",
    "params",
    "runs",
    "select_runs",
    "tags",
    "without_lease",
]

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger, nullable=False),
    sa.Column("parent", sa.Text, nullable=False),
    sa.Column("pipeline", sa.Text, nullable=False),
    sa.Column("inputs", StructColumn(dict[str, InputRef]), nullable=False),
    sa.Column("failure", StructColumn(RunFailure)),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("cache_key", sa.Text, nullable=False),
    sa.Column("cached_from", sa.Text, nullable=False),
    sa.Column("trigger_id", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("graph", StructColumn(Graph)),
    # Which process runs it: what tells a run that goes on from one whose process died.
    sa.Column("owner", sa.Text, nullable=False),
    sa.Index("ix_runs_project_id", "project", "id"),
    sa.Index("ix_runs_project_kind_id", "project", "kind", "id"),
    sa.Index("ix_runs_project_pipeline_id", "project", "pipeline", "id"),
    sa.Index("ix_runs_project_status_id", "project", "status", "id"),
    sa.Index("ix_runs_project_parent_id", "project", "parent", "id"),
)

params = sa.Table(
    "params",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", StructColumn(Any), nullable=False),
)

metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, primary_key=True),
    # Null where the value was not a finite number: SQLite keeps no NaN.
    sa.Column("value", sa.Double),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
)

tags = sa.Table(
    "tags",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

_FILTERS = ("kind", "pipeline", "status", "parent")


def insert_runs(connection: sa.Connection, project: str, added: Sequence[Run], *, owner: str = "") -> None:
    """Insert runs with everything they carry."""
    if not added:
        return
    connection.execute(sa.insert(runs), [_row(run, project, owner) for run in added])
    # They are new, so nothing can be there already: one statement a table instead of one a value.
    for table, rows in (
        (params, [{"run": r.id, "name": n, "value": v} for r in added for n, v in r.params.items()]),
        (tags, [{"run": r.id, "name": n, "value": v} for r in added for n, v in r.tags.items()]),
        (artifacts, [{"run": r.id, **msgspec.structs.asdict(a)} for r in added for a in r.artifacts]),
        (metrics, [{"run": r.id, **msgspec.structs.asdict(p)} for r in added for p in _points(r)]),
    ):
        if rows:
            connection.execute(sa.insert(table), rows)


def end_run(connection: sa.Connection, run: Run) -> bool:
    """Write how `run` ended, with what it carries now; False where it was not running any more."""
    ended = connection.execute(
        sa.update(runs)
        .where(runs.c.id == run.id, runs.c.status == "running")
        .values(
            status=run.status,
            ended_ms=run.ended_ms,
            failure=run.failure,
            snapshot=run.snapshot,
            cache_key=run.cache_key,
            cached_from=run.cached_from,
        )
    )
    if ended.rowcount == 0:
        return False
    add_artifacts(connection, run.id, run.artifacts)
    add_metrics(connection, run.id, _points(run))
    return True


def add_params(connection: sa.Connection, run: str, values: Mapping[str, Any]) -> None:
    """Add parameters; one that is there already stays as it is."""
    for name, value in values.items():
        insert_ignore(connection, params, {"run": run, "name": name, "value": value})


def add_tags(connection: sa.Connection, run: str, values: Mapping[str, str]) -> None:
    """Add tags; one that is there already stays as it is."""
    for name, value in values.items():
        insert_ignore(connection, tags, {"run": run, "name": name, "value": value})


def add_metrics(connection: sa.Connection, run: str, points: Iterable[Metric]) -> None:
    """Add points; one of the same name, step and time stays as it is."""
    for point in points:
        values = {"name": point.name, "step": point.step, "at_ms": point.at_ms, "value": point.value}
        insert_ignore(connection, metrics, {"run": run, **values})


def add_artifacts(connection: sa.Connection, run: str, added: Iterable[Artifact]) -> None:
    """Add artifacts; one of the same name stays as it is."""
    for item in added:
        values = {"name": item.name, "kind": item.kind, "digest": item.digest, "size_bytes": item.size_bytes}
        insert_ignore(connection, artifacts, {"run": run, **values})


def find_run(connection: sa.Connection, project: str, run: str) -> Run | None:
    """The run with this whole id, or None."""
    found = _load(connection, sa.select(runs).where(runs.c.project == project, runs.c.id == run))
    return found[0] if found else None


def find_by_prefix(connection: sa.Connection, project: str, prefix: str) -> list[Run]:
    """At most two runs whose id begins or ends with `prefix`: ids begin with the time, so their tails tell them apart."""
    match = runs.c.id.startswith(prefix, autoescape=True) | runs.c.id.endswith(prefix, autoescape=True)
    return _load(connection, sa.select(runs).where(runs.c.project == project, match).limit(2))


def select_runs(
    connection: sa.Connection, project: str, *, filters: Mapping[str, str], limit: int, after: str = ""
) -> list[Run]:
    """Newest first, those older than the run `after`; `parent` may be `none` for runs that are not part of another."""
    query = sa.select(runs).where(runs.c.project == project)
    for name in _FILTERS:
        if wanted := filters.get(name, ""):
            query = query.where(runs.c[name] == ("" if (name, wanted) == ("parent", "none") else wanted))
    if after:
        query = query.where(runs.c.id < after)
    return _load(connection, query.order_by(runs.c.id.desc()).limit(limit))


def owners_of_running(connection: sa.Connection, project: str, *, limit: int = 1000) -> list[tuple[str, str]]:
    """(id, owner) of pipeline runs that are marked as running."""
    query = sa.select(runs.c.id, runs.c.owner).where(
        runs.c.project == project, runs.c.status == "running", runs.c.kind == "pipeline"
    )
    return [(str(row.id), str(row.owner)) for row in connection.execute(query.limit(limit))]


def without_lease(connection: sa.Connection, names: Sequence[str], *, now_ms: int) -> list[str]:
    """The runs among these leases' names (`run/<id>`) whose lease has run out or was never taken."""
    held = set()
    if names:
        query = sa.select(leases.c.name).where(leases.c.name.in_(names), leases.c.expires_ms > now_ms)
        held = {row.name for row in connection.execute(query)}
    return [name.partition("/")[2] for name in names if name not in held]


def list_points(connection: sa.Connection, run: str, name: str, *, limit: int) -> list[Metric]:
    """The points of one metric, by step and time."""
    query = sa.select(metrics).where(metrics.c.run == run, metrics.c.name == name)
    rows = connection.execute(query.order_by(metrics.c.step, metrics.c.at_ms).limit(limit))
    return [Metric(name=row.name, value=row.value, step=row.step, at_ms=row.at_ms) for row in rows]


def _load(connection: sa.Connection, query: sa.Select[Any]) -> list[Run]:
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    given = _by_run(connection, params, ids)
    tagged = _by_run(connection, tags, ids)
    made = _by_run(connection, artifacts, ids)
    measured = _by_run(connection, metrics, ids)
    return [
        Run(
            id=RunId(row.id),
            kind=row.kind,
            name=row.name,
            status=row.status,
            started_ms=row.started_ms,
            ended_ms=row.ended_ms,
            parent=row.parent,
            pipeline=row.pipeline,
            params={item.name: item.value for item in given.get(row.id, [])},
            inputs=row.inputs,
            metrics={item.name: item.value for item in measured.get(row.id, [])},
            artifacts=tuple(_artifact(item) for item in made.get(row.id, [])),
            tags={item.name: item.value for item in tagged.get(row.id, [])},
            failure=row.failure,
            snapshot=row.snapshot,
            cache_key=row.cache_key,
            cached_from=row.cached_from,
            trigger_id=row.trigger_id,
            principal=row.principal,
            graph=row.graph,
        )
        for row in rows
    ]


# Any: the columns of a row belong to its table; they become Structs in `_load`.
def _by_run(connection: sa.Connection, table: sa.Table, ids: Sequence[str]) -> dict[str, list[Any]]:
    query = sa.select(table).where(table.c.run.in_(ids)).order_by(table.c.name)
    if table is metrics:
        # The last point of each metric is its value: the history may be long, so only that one is read.
        last = sa.func.row_number().over(
            partition_by=(metrics.c.run, metrics.c.name), order_by=(metrics.c.step.desc(), metrics.c.at_ms.desc())
        )
        ranked = sa.select(metrics, last.label("rank")).where(metrics.c.run.in_(ids)).subquery()
        query = sa.select(ranked).where(ranked.c.rank == 1).order_by(ranked.c.name)
    out: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        out.setdefault(row.run, []).append(row)
    return out


# Any: see `_by_run`.
def _artifact(row: Any) -> Artifact:
    return Artifact(name=row.name, kind=row.kind, digest=row.digest, size_bytes=row.size_bytes)


def _points(run: Run) -> list[Metric]:
    at_ms = run.ended_ms or run.started_ms
    return [Metric(name=name, value=value, step=0, at_ms=at_ms) for name, value in run.metrics.items()]


def _row(run: Run, project: str, owner: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "project": project,
        "kind": run.kind,
        "name": run.name,
        "status": run.status,
        "started_ms": run.started_ms,
        "ended_ms": run.ended_ms,
        "parent": run.parent,
        "pipeline": run.pipeline,
        "inputs": run.inputs,
        "failure": run.failure,
        "snapshot": run.snapshot,
        "cache_key": run.cache_key,
        "cached_from": run.cached_from,
        "trigger_id": run.trigger_id,
        "principal": run.principal,
        "graph": run.graph,
        "owner": owner,
    }
