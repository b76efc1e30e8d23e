"""Backups: everything comes back, on either database; anything less than every byte is refused."""

import math
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from mainspring.cli.errors import FolderNotEmpty
from mainspring.cli.restore import restore
from mainspring.kernel.hashing import digest
from mainspring.storage import events
from mainspring.storage.archive import ArchiveDamaged
from mainspring.storage.backup import BackupExists, HistoryBroken, reflect, write_backup
from mainspring.storage.migrate import SchemaNewer
from mainspring.storage.objects import ObjectDamaged
from mainspring.storage.restore import DatabaseNotEmpty, load_backup, verify_backup
from mainspring.workspace import Workspace, create_workspace, open_workspace

NOW_MS = 1_356_998_400_000


def fill(ws: Workspace) -> None:
    """Two objects and two events."""
    ws.objects.put_bytes(b"first object")
    ws.objects.put_bytes(b"x" * 3_000_000)
    for number in (1, 2):
        with ws.change() as tx:
            tx.event("thing.made", subject=f"thing@{number}", payload={"text": "é\n'", "number": number})


def backup(ws: Workspace, path: Path) -> Path:
    """A backup of `ws` at `path`."""
    write_backup(ws.db, ws.objects, path, now_ms=NOW_MS)
    return path


def rows_of(ws: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with ws.read() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in reflect(connection)
        }


def test_restored_workspace_has_the_same_rows_objects_and_chain(any_ws: Workspace, tmp_path: Path) -> None:
    fill(any_ws)
    restore(backup(any_ws, tmp_path / "b.tar"), tmp_path / "restored")

    back = open_workspace(tmp_path / "restored")
    assert rows_of(back) == rows_of(any_ws)
    assert back.objects.names() == any_ws.objects.names()
    assert back.objects.get_bytes(digest(b"first object")) == b"first object"
    with back.read() as connection:
        assert events.verify(connection, "default").events == 2
    back.close()


@pytest.mark.slow
def test_backup_of_sqlite_restores_to_postgresql(ws: Workspace, tmp_path: Path, postgres_url: str) -> None:
    import psycopg

    fill(ws)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS restored")
        connection.execute("CREATE DATABASE restored")
    url = postgres_url.replace("/postgres?", "/restored?")
    path = backup(ws, tmp_path / "b.tar")

    restore(path, tmp_path / "restored", database=url)

    back = open_workspace(tmp_path / "restored")
    assert rows_of(back) == rows_of(ws)
    with pytest.raises(DatabaseNotEmpty):
        load_backup(path, back.db, back.objects)
    back.close()
    with pytest.raises(DatabaseNotEmpty):
        restore(path, tmp_path / "again", database=url)


def test_bytes_and_numbers_that_json_lacks_survive(ws: Workspace, tmp_path: Path) -> None:
    odd = "CREATE TABLE odd (id INTEGER PRIMARY KEY, value FLOAT, data BLOB)"
    rows = [(1, math.inf, b"\x00\xff"), (2, None, b""), (3, 0.1, None)]
    restored = create_workspace(tmp_path / "restored")
    for each in (ws, restored):
        with each.db.write() as connection:
            connection.exec_driver_sql(odd)
    with ws.db.write() as connection:
        connection.exec_driver_sql("INSERT INTO odd VALUES (?, ?, ?)", rows)

    load_backup(backup(ws, tmp_path / "b.tar"), restored.db, restored.objects)

    assert rows_of(restored)["odd"] == rows
    restored.close()


def test_two_backups_of_one_state_are_the_same_bytes(ws: Workspace, tmp_path: Path) -> None:
    fill(ws)

    assert backup(ws, tmp_path / "a.tar").read_bytes() == backup(ws, tmp_path / "b.tar").read_bytes()


def test_any_tar_program_can_read_a_backup(ws: Workspace, tmp_path: Path) -> None:
    fill(ws)
    with tarfile.open(backup(ws, tmp_path / "b.tar")) as archive:
        names = archive.getnames()

    assert names[:2] == ["manifest.json", "manifest.blake3"]
    assert f"objects/{digest(b'first object')}" in names


def test_one_changed_bit_anywhere_is_found(ws: Workspace, tmp_path: Path) -> None:
    with ws.change() as tx:
        tx.event("thing.made", subject="thing@1")
    ws.objects.put_bytes(b"an object")
    whole = backup(ws, tmp_path / "b.tar").read_bytes()
    damaged = tmp_path / "damaged.tar"

    for position in range(0, len(whole), 13):
        damaged.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << position % 8]) + whole[position + 1 :])
        with pytest.raises(ArchiveDamaged):
            verify_backup(damaged)


@pytest.mark.parametrize("keep", [0, 1, 511, 512, 1000, -1, -512, -1024])
def test_cut_file_is_refused_and_leaves_nothing(ws: Workspace, tmp_path: Path, keep: int) -> None:
    fill(ws)
    path = backup(ws, tmp_path / "b.tar")
    path.write_bytes(path.read_bytes()[:keep])
    before = sorted(tmp_path.iterdir())

    with pytest.raises(ArchiveDamaged):
        restore(path, tmp_path / "restored")

    assert sorted(tmp_path.iterdir()) == before


def test_bytes_after_the_end_are_refused(ws: Workspace, tmp_path: Path) -> None:
    path = backup(ws, tmp_path / "b.tar")
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(ArchiveDamaged):
        verify_backup(path)


def test_another_tar_is_not_a_backup(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        archive.add(tmp_path / "evil", arcname="../../evil")

    with pytest.raises(ArchiveDamaged):
        restore(tmp_path / "b.tar", tmp_path / "restored")

    assert not (tmp_path / "restored").exists()


def test_broken_history_is_told_before_it_is_backed_up(ws: Workspace, tmp_path: Path) -> None:
    fill(ws)
    with ws.db.write() as connection:
        connection.exec_driver_sql("UPDATE events SET principal = 'somebody' WHERE number = 1")

    with pytest.raises(HistoryBroken, match="event 1 was changed"):
        backup(ws, tmp_path / "b.tar")

    assert not (tmp_path / "b.tar").exists()


def test_broken_chain_in_a_well_made_file_is_refused_and_leaves_nothing(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ws)
    with ws.db.write() as connection:
        connection.exec_driver_sql("UPDATE events SET principal = 'somebody' WHERE number = 1")
    # A file from elsewhere may hold what this version would not have written.
    monkeypatch.setattr("mainspring.storage.backup.verify_chains", lambda _connection: [])
    path = backup(ws, tmp_path / "b.tar")
    before = sorted(tmp_path.iterdir())

    with pytest.raises(ArchiveDamaged, match="event 1 was changed"):
        restore(path, tmp_path / "restored")

    assert sorted(tmp_path.iterdir()) == before


def test_backup_of_a_newer_schema_is_refused_with_what_to_do(ws: Workspace, tmp_path: Path) -> None:
    with ws.db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    path = backup(ws, tmp_path / "b.tar")

    with pytest.raises(SchemaNewer):
        restore(path, tmp_path / "restored")


def test_damaged_object_is_not_backed_up_in_silence(ws: Workspace, tmp_path: Path) -> None:
    path = ws.objects.path(ws.objects.put_bytes(b"an object"))
    path.chmod(0o600)
    path.write_bytes(b"an 0bject")

    with pytest.raises(ObjectDamaged):
        backup(ws, tmp_path / "b.tar")

    assert [file.name for file in tmp_path.iterdir()] == [".mainspring"]


def test_backup_overwrites_nothing(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("precious")

    with pytest.raises(BackupExists):
        backup(ws, tmp_path / "b.tar")

    assert (tmp_path / "b.tar").read_text() == "precious"


def test_restore_overwrites_nothing(ws: Workspace, tmp_path: Path) -> None:
    path = backup(ws, tmp_path / "b.tar")
    target = tmp_path / "restored"
    target.mkdir()
    (target / "precious").write_text("x")

    with pytest.raises(FolderNotEmpty):
        restore(path, target)

    assert [file.name for file in target.iterdir()] == ["precious"]


def test_empty_folder_is_a_fine_target(ws: Workspace, tmp_path: Path) -> None:
    target = tmp_path / "restored"
    target.mkdir()

    restore(backup(ws, tmp_path / "b.tar"), target)

    assert (target / "workspace.json").is_file()
