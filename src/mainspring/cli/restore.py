"""`mainspring restore`: a backup becomes a new workspace, or nothing happens."""

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainspring.cli.backup import BackupReport, view
from mainspring.cli.errors import FileMissing, FolderNotEmpty
from mainspring.cli.frame import command
from mainspring.cli.session import Session

if TYPE_CHECKING:
    from mainspring.storage.backup import Manifest

__all__ = ["COMMAND", "restore"]


@command(
    "restore",
    view=view,
    examples=[
        "mainspring restore mainspring-monday.tar --to ./restored/.mainspring",
        "mainspring restore monday.tar --to ./.mainspring --database postgresql://me@db.example/mainspring",
    ],
    then=lambda report: f"mainspring doctor --workspace {report.path}",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="The new workspace's folder.")
@click.option("--database", default="", metavar="URL", help="An empty postgresql:// database instead of SQLite.")
def COMMAND(session: Session, *, file: Path, folder: Path, database: str) -> BackupReport:  # noqa: N802
    """Unpack a backup into a new folder, every digest verified.

    Every byte of the file is checked before anything is written, and the chain of events before anything is visible.
    The folder must not exist or be empty; a backup of SQLite restores to PostgreSQL and the other way round.
    """
    if not file.is_file():
        raise FileMissing(path=file)
    session.say(f"checking every byte of {file}")
    manifest = restore(file, folder, database=database)
    rows = sum(table.rows for table in manifest.tables)
    return BackupReport(str(folder), manifest.made_ms, rows, len(manifest.objects), os.path.getsize(file))


def restore(file: Path, folder: Path, *, database: str = "") -> "Manifest":
    """Make the workspace `folder` from `file`; on any error nothing is left behind. Raises FolderNotEmpty, ArchiveDamaged."""
    from mainspring.storage.restore import load_backup, verify_backup
    from mainspring.workspace import create_workspace

    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise FolderNotEmpty(path=folder)
    verify_backup(file)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        ws = create_workspace(temporary, database=database)
        try:
            manifest = load_backup(file, ws.db, ws.objects)
        finally:
            ws.close()
        # Replaces an empty folder, and fails where somebody filled it meanwhile.
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return manifest
