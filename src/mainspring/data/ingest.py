"""From a stored file to a version: read, validate, number the rows, write the part, profile, describe. No database here."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainspring.data.columns import column_type
from mainspring.data.content import content_digest
from mainspring.data.errors import ColumnsInvalid, ColumnUnknown, SchemaFixed, VersionDamaged
from mainspring.data.inference import infer_schema
from mainspring.data.profiling import extend_profile, profile_frame
from mainspring.data.sources import read_source
from mainspring.data.validation import validate_frame
from mainspring.domain.dataset import ROW_ID, AppendMode, DatasetVersion, FileFormat, Manifest, Part
from mainspring.domain.profile import Profile
from mainspring.domain.schema import ColumnType, Report, Schema
from mainspring.kernel import canonical, fault
from mainspring.kernel.hashing import Digest

if TYPE_CHECKING:
    from mainspring.storage.objects import Objects

__all__ = ["Batch", "Source", "State", "Stored", "examine", "find_part", "load_profile", "load_schema", "store_batch"]

_ROW_GROUP = 131_072


class Source(msgspec.Struct, frozen=True):
    """A stored file and how it is to be read; `name` is what errors call it."""

    file: Digest
    format: FileFormat
    name: str


class State(msgspec.Struct, frozen=True):
    """A dataset as a batch finds it: its newest version with its schema, and the next free row id."""

    name: str
    parent: DatasetVersion | None = None
    schema: Schema | None = None
    next_row_id: int = 0


class Batch(msgspec.Struct, frozen=True):
    """A batch that was read and judged; its frame may be stored if the report is valid."""

    frame: pl.DataFrame
    schema: Schema
    report: Report
    content: Digest


class Stored(msgspec.Struct, frozen=True):
    """What a version is made of, all of it objects by now."""

    digest: Digest
    manifest: Manifest
    event_from_ms: int | None = None
    event_to_ms: int | None = None


def examine(
    objects: "Objects",
    state: State,
    source: Source,
    *,
    mode: AppendMode,
    schema: Schema | None,
    event_time: str,
    key: tuple[str, ...],
) -> Batch:
    """Read a file and hold it against the schema: the given one, else the dataset's, else one inferred from the file."""
    rules = schema or state.schema
    if rules is not None:
        rules = _with_roles(rules, state, event_time=event_time, key=key)
    frame = read_source(objects.path(source.file), source.format, source=source.name, schema=rules)
    if rules is None:
        types = {name: column_type(dtype) for name, dtype in frame.schema.items()}
        _check_roles(types, source=source.name, event_time=event_time, key=key)
        rules = infer_schema(frame, event_time=event_time, key=key)
    earlier = None
    if state.parent is not None and mode == "append" and rules.key:
        scans = [pl.scan_parquet(path, glob=False) for path in _paths(objects, state.parent)]
        earlier = pl.concat([scan.select(rules.key) for scan in scans], how="vertical_relaxed").collect()
    aligned, violations = validate_frame(frame, rules, earlier=earlier)
    content = content_digest(aligned)
    if mode == "append" and find_part(state.parent, content) is not None:
        violations = ()
    report = Report(
        dataset=state.name,
        source=source.name,
        rows=frame.height,
        valid=not violations,
        violations=violations,
        against=state.parent.number if state.parent else 0,
    )
    return Batch(frame=aligned, schema=rules, report=report, content=content)


def find_part(version: DatasetVersion | None, content: Digest) -> Part | None:
    """The part of a version that has this content, or None."""
    return next((part for part in version.parts if part.content == content), None) if version else None


def store_batch(objects: "Objects", state: State, batch: Batch, source: Source, *, mode: AppendMode) -> Stored:
    """Write a valid batch as a part, with the schema, profile and manifest of the version that it makes."""
    fault.point("dataset.add.before_objects")
    part = _store_part(objects, batch, first_row_id=state.next_row_id, source=source.name)
    kept = state.parent.parts if state.parent and mode == "append" else ()
    if state.parent is not None and kept:
        before = load_profile(objects, state.parent)
        names = [column.name for column in batch.schema.columns]
        profile = extend_profile(before, batch.frame, _columns(objects, state.parent, batch.frame, names))
    else:
        profile = profile_frame(batch.frame)
    manifest = Manifest(
        parts=(*kept, part),
        schema=objects.put_bytes(canonical.dumps(batch.schema)),
        profile=objects.put_bytes(canonical.dumps(profile)),
    )
    digest = objects.put_bytes(canonical.dumps(manifest))
    fault.point("dataset.add.after_objects")
    start, end = _event_range(batch)
    if state.parent is not None and kept:
        start = min((t for t in (start, state.parent.event_from_ms) if t is not None), default=None)
        end = max((t for t in (end, state.parent.event_to_ms) if t is not None), default=None)
    return Stored(digest=digest, manifest=manifest, event_from_ms=start, event_to_ms=end)


def load_schema(objects: "Objects", version: DatasetVersion) -> Schema:
    """The schema of a version."""
    return canonical.loads(objects.get_bytes(version.schema), type=Schema)


def load_profile(objects: "Objects", version: DatasetVersion) -> Profile:
    """The profile of a version."""
    return canonical.loads(objects.get_bytes(version.profile), type=Profile)


def _with_roles(schema: Schema, state: State, *, event_time: str, key: tuple[str, ...]) -> Schema:
    for role, wanted, known in (("event time", event_time, schema.event_time), ("key", key, schema.key)):
        if wanted and known and wanted != known:
            raise SchemaFixed(name=state.name, role=role, known=known, wanted=wanted)
    out = msgspec.structs.replace(schema, event_time=schema.event_time or event_time, key=schema.key or key)
    types = {column.name: column.type for column in out.columns}
    source = f"the schema of dataset '{state.name}'"
    if len(types) < len(out.columns):
        raise ColumnsInvalid(source=source, reason="a column is there twice")
    _check_roles(types, source=source, event_time=out.event_time, key=out.key)
    return out


def _check_roles(types: Mapping[str, ColumnType], *, source: str, event_time: str, key: tuple[str, ...]) -> None:
    columns = ", ".join(types)
    for role, name in [("event time", event_time)] * bool(event_time) + [("key column", k) for k in key]:
        if name not in types:
            reason = "there is no such column"
            raise ColumnUnknown(role=role, column=name, source=source, reason=reason, columns=columns)
    if event_time and types[event_time] not in ("date", "datetime"):
        reason = f"it is {types[event_time]}, not a time"
        raise ColumnUnknown(role="event time", column=event_time, source=source, reason=reason, columns=columns)


def _store_part(objects: "Objects", batch: Batch, *, first_row_id: int, source: str) -> Part:
    end = first_row_id + batch.frame.height
    numbered = batch.frame.select(pl.int_range(first_row_id, end, dtype=pl.Int64).alias(ROW_ID), pl.all())
    with tempfile.TemporaryDirectory(prefix="mainspring-") as folder:
        path = Path(folder) / "part.parquet"
        numbered.write_parquet(path, compression="zstd", row_group_size=_ROW_GROUP, statistics=True)
        size = path.stat().st_size
        digest = objects.put_file(path, move=True)
    return Part(
        digest=digest,
        content=batch.content,
        rows=batch.frame.height,
        first_row_id=first_row_id,
        size_bytes=size,
        source=source,
    )


def _columns(objects: "Objects", parent: DatasetVersion, batch: pl.DataFrame, names: list[str]) -> Iterator[pl.Series]:
    """All values of each column, one column in memory at a time."""
    paths = _paths(objects, parent)
    for name in names:
        parts = [pl.read_parquet(path, columns=[name], glob=False).to_series() for path in paths]
        yield pl.concat([*parts, batch[name]])


def _paths(objects: "Objects", version: DatasetVersion) -> list[Path]:
    paths = [objects.path(part.digest) for part in version.parts]
    for path, part in zip(paths, version.parts, strict=True):
        if path.stat().st_size != part.size_bytes:
            reason = f"part {part.digest[:12]} has {path.stat().st_size} bytes, not {part.size_bytes}"
            raise VersionDamaged(name=version.dataset, version=version.number, reason=reason)
    return paths


def _event_range(batch: Batch) -> tuple[int | None, int | None]:
    if not batch.schema.event_time:
        return None, None
    times = batch.frame[batch.schema.event_time].cast(pl.Datetime("ms"))
    low, high = times.to_physical().min(), times.to_physical().max()
    return (low, high) if isinstance(low, int) and isinstance(high, int) else (None, None)
