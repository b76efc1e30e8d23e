"""`mainspring backup`: the whole workspace in one file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from mainspring.cli.errors import LocalOnly
from mainspring.cli.frame import command
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, size, when
from mainspring.kernel.errors import MainspringError

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND", "BackupReport"]


class BackupReport(msgspec.Struct, frozen=True):
    """What a backup holds, or what a restore brought back."""

    path: str
    made_ms: int
    rows: int
    objects: int
    size_bytes: int


def view(report: BackupReport) -> Page:
    """The report as fields."""
    return [
        Fields(
            [
                ("path", report.path),
                ("made", when(report.made_ms)),
                ("rows", f"{report.rows:,}"),
                ("objects", f"{report.objects:,}"),
                ("size", size(report.size_bytes)),
            ]
        )
    ]


@command(
    "backup",
    view=view,
    examples=["mainspring backup", "mainspring backup /var/backups/mainspring-monday.tar"],
    then=lambda report: f"mainspring restore {report.path} --to FOLDER",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def COMMAND(session: Session, *, file: Path | None) -> BackupReport:  # noqa: N802 - the name every command file exports
    """Write the whole workspace to one verified file.

    It may be in use meanwhile; what endpoints have answered so far is taken in first. The file holds every row, every object and a manifest with their digests. It holds no secrets of tokens, since the
    workspace has none; treat it as you treat the data.
    """
    from mainspring.storage.backup import write_backup

    if session.is_remote:
        raise LocalOnly(command="backup", workspace=session.workspace)
    with session.open() as ws:
        _take_in(session, ws)
        now_ms = ws.clock.now_ms()
        target = file or Path(f"mainspring-{when(now_ms).replace(' ', '-').replace(':', '')}.tar")
        with session.progress("backup") as progress:
            manifest = write_backup(ws.db, ws.objects, target, now_ms=now_ms, progress=progress)
    rows = sum(table.rows for table in manifest.tables)
    return BackupReport(str(target), manifest.made_ms, rows, len(manifest.objects), os.path.getsize(target))


def _take_in(session: Session, ws: "Workspace") -> None:
    """Bring what endpoints have answered so far out of their spools into the workspace, so that the backup has it."""
    from mainspring import serving
    from mainspring.serving import tables
    from mainspring.serving.actual import damaged_segments

    with ws.read() as connection:
        wanted = tables.select_endpoints(connection, limit=10_000)
    for endpoint in wanted:
        try:
            serving.ingest(ws.in_project(endpoint.project), endpoint.name)
        except MainspringError as error:
            session.say(f"the last answers of endpoint {endpoint.name} are not in the backup: {error}")
    for path in damaged_segments(ws):
        session.say(f"answers that could not be read are not in the backup: {path}")
