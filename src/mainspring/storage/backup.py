"""A backup: one file with every row, every object and a manifest of their digests, taken while the workspace is in use.

The rows are of one moment (one read transaction). Objects are written before the rows that name them and are never
changed, so the objects that are there after that moment hold all that the rows need.
"""

import base64
import math
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa

from mainspring.domain.object import Digest
from mainspring.kernel import canonical, fault
from mainspring.kernel.errors import Conflict, Failed, NotFound
from mainspring.kernel.hashing import digest, digest_file
from mainspring.storage import migrate
from mainspring.storage.archive import ArchiveWriter, blocks
from mainspring.storage.database import Database
from mainspring.storage.integrity import verify_chains
from mainspring.storage.objects import LocalObjects, ObjectDamaged

__all__ = ["FORMAT", "BackupExists", "Manifest", "ObjectEntry", "Progress", "TableEntry", "reflect", "write_backup"]

FORMAT = 1
_SYSTEM_TABLES = ("alembic_version",)
_ROWS_AT_ONCE = 2_000
Progress = Callable[[int, int], None]
"""Called with the bytes of objects written so far and their total."""


class BackupExists(Conflict):
    code = "backup.exists"
    template = "'{path}' is there already"
    hint = "choose another name; a backup never overwrites"


class BackupFolderUnknown(NotFound):
    code = "backup.folder"
    template = "there is no folder '{folder}' to write the backup to"
    hint = "make it first, or name another file"


class HistoryBroken(Failed):
    code = "backup.history"
    template = "the history of project '{project}' does not verify: {reason}; a backup of it could not be restored"
    hint = "see: mainspring events verify, and restore an earlier backup"


class TableEntry(msgspec.Struct, frozen=True):
    """One table: its columns in the order of each row's JSON array."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    digest: Digest


class ObjectEntry(msgspec.Struct, frozen=True):
    """One object."""

    digest: Digest
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, in the order in which it holds it."""

    format: int
    schema: str
    made_ms: int
    tables: tuple[TableEntry, ...]
    objects: tuple[ObjectEntry, ...]


def write_backup(
    database: Database, objects: LocalObjects, target: Path, *, now_ms: int, progress: Progress | None = None
) -> Manifest:
    """Write everything to the new file `target`, which appears only when it is whole; raises BackupExists, ObjectDamaged."""
    if target.exists():
        raise BackupExists(path=target)
    if not target.parent.is_dir():
        raise BackupFolderUnknown(folder=target.parent)
    with database.read() as connection:
        broken = [chain for chain in verify_chains(connection) if not chain.valid]
    if broken:
        # A restore would refuse it: better to hear of it now.
        raise HistoryBroken(project=broken[0].project, reason=broken[0].reason)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch, temporary.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            manifest = _write(database, objects, file, scratch=Path(scratch), now_ms=now_ms, progress=progress)
            file.flush()
            os.fsync(file.fileno())
        fault.point("backup.write.before_rename")
        # A link fails where the name was taken meanwhile; a rename would overwrite it.
        _link(temporary, target)
        fault.point("backup.write.after_rename")
    finally:
        temporary.unlink(missing_ok=True)
    return manifest


def _link(temporary: Path, target: Path) -> None:
    try:
        target.hardlink_to(temporary)
    except FileExistsError as error:
        raise BackupExists(path=target) from error


def _write(
    database: Database, objects: LocalObjects, file: BinaryIO, *, scratch: Path, now_ms: int, progress: Progress | None
) -> Manifest:
    schema, tables = _dump_tables(database, scratch)
    names = objects.names()
    entries = tuple(ObjectEntry(name, objects.path(name).stat().st_size) for name in names)
    manifest = Manifest(format=FORMAT, schema=schema, made_ms=now_ms, tables=tables, objects=entries)
    data = canonical.dumps(manifest)
    writer = ArchiveWriter(file)
    writer.add("manifest.json", len(data), [data])
    seal = digest(data).encode()
    writer.add("manifest.blake3", len(seal), [seal])
    for table in tables:
        with (scratch / table.name).open("rb") as rows:
            writer.add(f"tables/{table.name}.jsonl", table.size_bytes, blocks(rows))
    total = sum(entry.size_bytes for entry in entries)
    done = 0
    for entry in entries:
        with objects.open(entry.digest) as source:
            if writer.add(f"objects/{entry.digest}", entry.size_bytes, blocks(source)) != entry.digest:
                raise ObjectDamaged(digest=entry.digest)
        done += entry.size_bytes
        if progress is not None:
            progress(done, total)
    writer.close()
    return manifest


def reflect(connection: sa.Connection) -> list[sa.Table]:
    """The tables as the database has them, those that are referred to first."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in _SYSTEM_TABLES]


def _dump_tables(database: Database, scratch: Path) -> tuple[str, tuple[TableEntry, ...]]:
    """Every row into one file a table; the schema's revision and the tables' entries."""
    with database.engine.connect() as plain:
        # PostgreSQL's default would let each statement see another moment.
        level = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        connection = plain.execution_options(**level)
        with connection.begin():
            schema = migrate.revision(connection)
            return schema, tuple(_dump_table(connection, table, scratch) for table in reflect(connection))


def _dump_table(connection: sa.Connection, table: sa.Table, scratch: Path) -> TableEntry:
    path = scratch / table.name
    rows = 0
    with path.open("wb") as file:
        for row in _rows(connection, table):
            file.write(msgspec.json.encode([_outward(value) for value in row]) + b"\n")
            rows += 1
    return TableEntry(
        name=str(table.name),
        columns=tuple(str(column.name) for column in table.columns),
        rows=rows,
        size_bytes=path.stat().st_size,
        digest=digest_file(path),
    )


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[Any]:
    streamed = connection.execution_options(yield_per=_ROWS_AT_ONCE)
    yield from streamed.execute(sa.select(table).order_by(*table.primary_key.columns))


# Any: a cell is whatever its column holds; JSON has no bytes and no number that is not finite.
def _outward(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value
