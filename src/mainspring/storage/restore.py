"""Restoring a backup: read twice, first to check every byte, then to fill a new workspace in one transaction."""

import base64
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from mainspring.kernel import canonical, fault
from mainspring.kernel.errors import Conflict
from mainspring.kernel.hashing import digest, is_digest
from mainspring.storage import migrate
from mainspring.storage.archive import ArchiveReader
from mainspring.storage.backup import FORMAT, Manifest, TableEntry, reflect
from mainspring.storage.database import Database
from mainspring.storage.integrity import verify_chains
from mainspring.storage.objects import LocalObjects

__all__ = ["DatabaseNotEmpty", "load_backup", "verify_backup"]

_MANIFEST_MOST_BYTES = 1 << 30
_ROWS_AT_ONCE = 1_000


class DatabaseNotEmpty(Conflict):
    code = "backup.database_not_empty"
    template = "the database has rows in '{table}' already"
    hint = "restore into a new database"


def verify_backup(path: Path) -> Manifest:
    """Read the whole file and check every byte of it; raises ArchiveDamaged, and SchemaNewer for a later version's."""
    with path.open("rb") as file:
        reader = ArchiveReader(file, path)
        manifest = _read_manifest(reader)
        for table in manifest.tables:
            for _ in reader.member(f"tables/{table.name}.jsonl", table.size_bytes, table.digest):
                pass
        for entry in manifest.objects:
            for _ in reader.member(f"objects/{entry.digest}", entry.size_bytes, entry.digest):
                pass
        reader.end()
    return manifest


def load_backup(path: Path, database: Database, objects: LocalObjects) -> Manifest:
    """Fill an empty database and object store from a verified backup.

    The rows become visible in one transaction, after the event chain of every project has been verified in it.
    Raises ArchiveDamaged, DatabaseNotEmpty.
    """
    with path.open("rb") as file, tempfile.TemporaryDirectory(dir=objects.folder.parent, prefix=".restore-") as scratch:
        reader = ArchiveReader(file, path)
        manifest = _read_manifest(reader)
        for table in manifest.tables:
            pieces = reader.member(f"tables/{table.name}.jsonl", table.size_bytes, table.digest)
            _spill(pieces, Path(scratch) / table.name)
        for entry in manifest.objects:
            temporary = Path(scratch) / secrets.token_hex(8)
            _spill(reader.member(f"objects/{entry.digest}", entry.size_bytes, entry.digest), temporary)
            objects.put_file(temporary, move=True)
        reader.end()
        fault.point("backup.restore.before_rows")
        with database.write() as connection:
            _fill(connection, manifest, Path(scratch), reader)
            _verify_chains(connection, reader)
        fault.point("backup.restore.after_rows")
    return manifest


def _read_manifest(reader: ArchiveReader) -> Manifest:
    data = reader.first("manifest.json", most_bytes=_MANIFEST_MOST_BYTES)
    seal = digest(data).encode()
    if b"".join(reader.member("manifest.blake3", len(seal), digest(seal))) != seal:
        raise reader.damaged("its manifest has changed")
    try:
        manifest = canonical.loads(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise reader.damaged("its manifest cannot be read") from error
    if manifest.format > FORMAT or manifest.schema > migrate.HEAD:
        raise migrate.SchemaNewer(found=manifest.schema, known=migrate.HEAD)
    if not all(table.name.isidentifier() for table in manifest.tables):
        raise reader.damaged("its manifest names a table that cannot be")
    if not all(is_digest(entry.digest) for entry in manifest.objects):
        raise reader.damaged("its manifest names an object that cannot be")
    return manifest


def _spill(pieces: Iterator[bytes], path: Path) -> None:
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)


def _fill(connection: sa.Connection, manifest: Manifest, folder: Path, reader: ArchiveReader) -> None:
    tables = {table.name: table for table in reflect(connection)}
    for entry in manifest.tables:
        table = tables.get(entry.name)
        if table is None or not set(entry.columns) <= set(table.columns.keys()):
            raise reader.damaged(f"its table {entry.name} does not fit this version")
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise DatabaseNotEmpty(table=entry.name)
        for batch in _batches(folder / entry.name, entry):
            connection.execute(sa.insert(table), batch)


def _batches(path: Path, entry: TableEntry) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for line in file:
            cells = [_inward(cell) for cell in msgspec.json.decode(line)]
            batch.append(dict(zip(entry.columns, cells, strict=True)))
            if len(batch) == _ROWS_AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch


# Any: a cell is whatever its column holds.
def _inward(cell: Any) -> Any:
    if isinstance(cell, dict):
        return base64.b64decode(cell["bytes"]) if "bytes" in cell else float(cell["float"])
    return cell


def _verify_chains(connection: sa.Connection, reader: ArchiveReader) -> None:
    for report in verify_chains(connection):
        if not report.valid:
            raise reader.damaged(f"the events of project '{report.project}' do not verify: {report.reason}")
