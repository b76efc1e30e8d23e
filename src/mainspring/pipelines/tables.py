"""The table of the step cache: what each key made, and what that result depended on beyond its key."""

import msgspec
import sqlalchemy as sa

from mainspring.domain.artifact import Artifact
from mainspring.storage.database import StructColumn, insert_ignore, metadata

__all__ = ["Cached", "Dependency", "add", "find", "step_cache"]

_MAX_RESULTS = 50


class Dependency(msgspec.Struct, frozen=True, order=True):
    """One thing a step was seen to use: a project file, folder or module, or an environment variable; and its state then.

    digest: of the file's bytes, the folder's list of names, the module's normalised source, the variable's value;
    empty where it did not exist.
    """

    kind: str
    name: str
    digest: str


class Cached(msgspec.Struct, frozen=True):
    """The outputs of an earlier run of a step, and the recorded dependencies that must still hold for them to count."""

    key: str
    dependencies: tuple[Dependency, ...]
    artifacts: tuple[Artifact, ...]
    metrics: dict[str, float | None]
    run: str
    snapshot: str


step_cache = sa.Table(
    "step_cache",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    # Which state of the recorded dependencies: the same key may have one result for each.
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("dependencies", StructColumn(tuple[Dependency, ...]), nullable=False),
    sa.Column("artifacts", StructColumn(tuple[Artifact, ...]), nullable=False),
    sa.Column("metrics", StructColumn(dict[str, float | None]), nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
)


def add(connection: sa.Connection, project: str, result: Cached, *, state: str) -> None:
    """Keep a result; one kept before under the same key and state gives way, since its objects may be gone."""
    found = {"artifacts": result.artifacts, "metrics": result.metrics, "run": result.run, "snapshot": result.snapshot}
    place = {"project": project, "key": result.key, "state": state}
    if not insert_ignore(connection, step_cache, {**place, "dependencies": result.dependencies, **found}):
        same = [step_cache.c[name] == value for name, value in place.items()]
        connection.execute(sa.update(step_cache).where(*same).values(**found))


def find(connection: sa.Connection, project: str, key: str) -> list[Cached]:
    """The results kept under `key`, newest run first."""
    query = sa.select(step_cache).where(step_cache.c.project == project, step_cache.c.key == key)
    rows = connection.execute(query.order_by(step_cache.c.run.desc()).limit(_MAX_RESULTS))
    return [
        Cached(
            key=row.key,
            dependencies=row.dependencies,
            artifacts=row.artifacts,
            metrics=row.metrics,
            run=row.run,
            snapshot=row.snapshot,
        )
        for row in rows
    ]
