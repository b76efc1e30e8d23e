"""The tables of datasets, and every query on them."""

import sqlalchemy as sa

from mainspring.data.errors import DatasetUnknown, QuarantinedUnknown, VersionUnknown
from mainspring.domain.dataset import Dataset, DatasetVersion, Quarantined
from mainspring.kernel.hashing import Digest
from mainspring.storage.database import StructColumn, insert_ignore, metadata

__all__ = [
    "dataset_versions",
    "datasets",
    "find_dataset",
    "find_quarantined",
    "find_same",
    "find_version",
    "insert_version",
    "list_datasets",
    "list_quarantined",
    "list_versions",
    "next_row_id",
    "quarantine",
    "quarantined",
]

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("latest", sa.Integer, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("next_row_id", sa.BigInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
)
dataset_versions = sa.Table(
    "dataset_versions",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("dataset", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("version", StructColumn[DatasetVersion](DatasetVersion), nullable=False),
    sa.Index("ix_dataset_versions_digest", "digest"),
)
quarantined = sa.Table(
    "quarantined",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("batch", StructColumn[Quarantined](Quarantined), nullable=False),
    sa.Index("ix_quarantined_dataset", "project", "dataset", "id"),
)


def find_dataset(conn: sa.Connection, project: str, name: str) -> Dataset:
    """The dataset; raises DatasetUnknown."""
    row = conn.execute(_datasets(project).where(datasets.c.name == name)).one_or_none()
    if row is None:
        raise DatasetUnknown(name=name, project=project)
    return Dataset(**row._mapping)


def list_datasets(conn: sa.Connection, project: str, *, after: str, limit: int) -> list[Dataset]:
    """Datasets by name, those after `after`."""
    rows = conn.execute(_datasets(project).where(datasets.c.name > after).order_by(datasets.c.name).limit(limit))
    return [Dataset(**row._mapping) for row in rows]


def next_row_id(conn: sa.Connection, project: str, name: str) -> int:
    """The first row id that no row of the dataset has had; 0 for a new dataset."""
    mine = (datasets.c.project == project) & (datasets.c.name == name)
    return int(conn.execute(sa.select(datasets.c.next_row_id).where(mine)).scalar() or 0)


def find_version(conn: sa.Connection, project: str, name: str, number: int = 0) -> DatasetVersion:
    """The version with that number, the newest for 0; raises DatasetUnknown, VersionUnknown."""
    dataset = find_dataset(conn, project, name)
    wanted = number or dataset.latest
    mine = (dataset_versions.c.project == project) & (dataset_versions.c.dataset == name)
    found: DatasetVersion | None = conn.execute(
        sa.select(dataset_versions.c.version).where(mine, dataset_versions.c.number == wanted)
    ).scalar_one_or_none()
    if found is None:
        raise VersionUnknown(name=name, version=wanted, latest=dataset.latest)
    return found


def list_versions(conn: sa.Connection, project: str, name: str, *, after: int, limit: int) -> list[DatasetVersion]:
    """Versions by number, those after `after`."""
    mine = (dataset_versions.c.project == project) & (dataset_versions.c.dataset == name)
    rows = conn.execute(
        sa.select(dataset_versions.c.version)
        .where(mine, dataset_versions.c.number > after)
        .order_by(dataset_versions.c.number)
        .limit(limit)
    )
    return list(rows.scalars())


def insert_version(conn: sa.Connection, version: DatasetVersion, *, next_id: int) -> bool:
    """Add the version and move its dataset to it; False, with nothing changed, where another writer was first."""
    key = {"project": version.project, "name": version.dataset}
    moved = {
        "latest": version.number,
        "rows": version.rows,
        "size_bytes": version.size_bytes,
        "next_row_id": next_id,
        "changed_ms": version.created_ms,
    }
    if version.parent == 0:
        if not insert_ignore(conn, datasets, {**key, **moved, "created_ms": version.created_ms}):
            return False
    else:
        mine = (datasets.c.project == version.project) & (datasets.c.name == version.dataset)
        result = conn.execute(sa.update(datasets).where(mine, datasets.c.latest == version.parent).values(**moved))
        if result.rowcount == 0:
            return False
    conn.execute(
        sa.insert(dataset_versions).values(
            project=version.project,
            dataset=version.dataset,
            number=version.number,
            digest=version.digest,
            version=version,
        )
    )
    return True


def quarantine(conn: sa.Connection, batch: Quarantined) -> None:
    """Keep the report of a refused batch."""
    conn.execute(
        sa.insert(quarantined).values(
            project=batch.project, id=batch.id, dataset=batch.dataset, file=batch.file, batch=batch
        )
    )


def find_same(conn: sa.Connection, project: str, dataset: str, file: Digest) -> list[Quarantined]:
    """The refusals of the same file for the same dataset, newest first, at most 20."""
    mine = (quarantined.c.project == project) & (quarantined.c.dataset == dataset) & (quarantined.c.file == file)
    rows = conn.execute(sa.select(quarantined.c.batch).where(mine).order_by(quarantined.c.id.desc()).limit(20))
    return list(rows.scalars())


def find_quarantined(conn: sa.Connection, project: str, id: str) -> Quarantined:
    """The refused batch; raises QuarantinedUnknown."""
    mine = (quarantined.c.project == project) & (quarantined.c.id == id)
    found: Quarantined | None = conn.execute(sa.select(quarantined.c.batch).where(mine)).scalar_one_or_none()
    if found is None:
        raise QuarantinedUnknown(id=id)
    return found


def list_quarantined(conn: sa.Connection, project: str, *, dataset: str, before: str, limit: int) -> list[Quarantined]:
    """Refused batches, newest first, of one dataset or of all where it is empty; those older than the id `before`."""
    wanted = [quarantined.c.project == project]
    if dataset:
        wanted.append(quarantined.c.dataset == dataset)
    if before:
        wanted.append(quarantined.c.id < before)
    rows = conn.execute(sa.select(quarantined.c.batch).where(*wanted).order_by(quarantined.c.id.desc()).limit(limit))
    return list(rows.scalars())


def _datasets(project: str) -> sa.Select[tuple[str, str, int, int, int, int, int, int]]:
    refused = (
        sa.select(sa.func.count())
        .select_from(quarantined)
        .where(quarantined.c.project == datasets.c.project, quarantined.c.dataset == datasets.c.name)
        .scalar_subquery()
    )
    return sa.select(
        datasets.c.project,
        datasets.c.name,
        datasets.c.latest,
        datasets.c.rows,
        datasets.c.size_bytes,
        datasets.c.created_ms,
        datasets.c.changed_ms,
        refused.label("quarantined"),
    ).where(datasets.c.project == project)
