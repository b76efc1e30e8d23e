"""Datasets from a program: add a frame or a file, resolve a reference, read the rows."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainspring.data import ops
from mainspring.data.errors import FileUnreadable, VersionUnknown
from mainspring.data.handle import Dataset, DatasetRef
from mainspring.data.sources import format_of
from mainspring.domain.dataset import AppendMode, DatasetVersion, FileFormat
from mainspring.domain.schema import Report, Schema
from mainspring.kernel.hashing import Digest
from mainspring.kernel.names import parse_reference

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["add", "frame", "open_dataset", "paths", "put_source", "resolve", "validate_source"]

LATEST = "latest"


def add(
    ws: "Workspace",
    name: str,
    source: pl.DataFrame | Path | str,
    *,
    mode: AppendMode = "append",
    event_time: str = "",
    key: Sequence[str] = (),
    schema: Schema | None = None,
    format: FileFormat | None = None,
    label: str = "",
) -> DatasetVersion:
    """Store a frame or a file and add its rows as a version (see `ops.add_version`).

    `format` is told by the file's name where it is None; `label` is what errors call the source by.
    """
    file, found, called = put_source(ws, source, format=format, label=label)
    return ops.add_version(
        ws,
        name,
        file=file,
        format=found,
        mode=mode,
        event_time=event_time,
        key=tuple(key),
        schema=schema,
        source=called,
    )


def validate_source(
    ws: "Workspace", name: str, source: pl.DataFrame | Path | str, *, format: FileFormat | None = None, label: str = ""
) -> Report:
    """What adding the source would say; nothing is recorded but the file as an object."""
    file, found, called = put_source(ws, source, format=format, label=label)
    return ops.validate(ws, name, file=file, format=found, source=called)


def put_source(
    ws: "Workspace", source: pl.DataFrame | Path | str, *, format: FileFormat | None, label: str
) -> tuple[Digest, FileFormat, str]:
    """Store a source as an object: its digest, its format and the name that errors call it by."""
    if isinstance(source, pl.DataFrame):
        with tempfile.TemporaryDirectory(prefix="mainspring-") as folder:
            path = Path(folder) / "frame.parquet"
            source.write_parquet(path, compression="zstd")
            return ws.objects.put_file(path, move=True), "parquet", label or "the frame"
    path = Path(source)
    found = format or format_of(path)
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileUnreadable(source=str(path), format=found, reason=what, fix="name a file that exists")
    return ws.objects.put_file(path.resolve()), found, label or path.name


def resolve(ws: "Workspace", reference: str | DatasetRef | DatasetVersion | Dataset) -> DatasetVersion:
    """The version that `name`, `name@3` or `name@latest` means now; raises DatasetUnknown, VersionUnknown."""
    if isinstance(reference, DatasetVersion):
        return reference
    text = (
        reference
        if isinstance(reference, str)
        else str(reference.text if isinstance(reference, DatasetRef) else reference.reference)
    )
    parsed = parse_reference(text)
    home = ws.in_project(parsed.project) if parsed.project else ws
    if parsed.at in ("", LATEST):
        return ops.show_version(home, parsed.name, 0)
    if parsed.version is None or parsed.version == 0:
        latest = ops.show_version(home, parsed.name, 0).number
        raise VersionUnknown(name=parsed.name, version=parsed.at, latest=latest)
    return ops.show_version(home, parsed.name, parsed.version)


def paths(ws: "Workspace", version: DatasetVersion | str | DatasetRef) -> list[Path]:
    """The local Parquet files of a version, in row order."""
    return [ws.objects.path(part.digest) for part in resolve(ws, version).parts]


def open_dataset(ws: "Workspace", reference: str | DatasetRef | DatasetVersion) -> Dataset:
    """The version as a handle on its local files, as a step gets it."""
    version = resolve(ws, reference)
    return Dataset(version.dataset, version.number, paths(ws, version))


def frame(ws: "Workspace", reference: str | DatasetRef | DatasetVersion) -> pl.DataFrame:
    """All rows of a version with their `_row_id`, by row id."""
    return open_dataset(ws, reference).frame()
