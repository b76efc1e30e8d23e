"""The use cases of datasets: add, list, show, analyse, diff, validate, and what was refused."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from mainspring.data import tables
from mainspring.data.comparison import compare_versions
from mainspring.data.errors import DataRefused, DatasetMoved, DatasetUnknown, LimitInvalid, SchemaFixed
from mainspring.data.ingest import (
    Batch,
    Source,
    State,
    Stored,
    examine,
    find_part,
    load_profile,
    load_schema,
    store_batch,
)
from mainspring.domain.dataset import (
    Analysis,
    AppendMode,
    Dataset,
    DatasetDiff,
    DatasetVersion,
    FileFormat,
    Manifest,
    Quarantined,
)
from mainspring.domain.schema import Report, Schema
from mainspring.kernel import canonical, fault
from mainspring.kernel.hashing import Digest
from mainspring.kernel.names import check_name
from mainspring.kernel.op import op

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = [
    "add_version",
    "analyse",
    "diff",
    "list_datasets",
    "list_quarantined",
    "list_versions",
    "set_schema",
    "show_dataset",
    "show_quarantined",
    "show_version",
    "validate",
]

_MAX_LIMIT = 1_000
_ATTEMPTS = 5
_SUMMARY = 3


@op("POST /datasets/{name}/versions", allow="data.write")
def add_version(
    ws: "Workspace",
    name: str,
    *,
    file: Digest,
    format: FileFormat,
    mode: AppendMode = "append",
    event_time: str = "",
    key: Sequence[str] = (),
    schema: Schema | None = None,
    source: str = "",
) -> DatasetVersion:
    """Add the rows of a stored file as a new version, or refuse them all.

    The first version's schema is inferred where none is given; later ones are held against the newest. The same rows
    again change nothing and answer the version that added them. `source` is the name that errors call the file by.
    Raises DataRefused after keeping the report and the file, and what `sources.read_source` raises.
    """
    check_name(name)
    given = Source(file=file, format=format, name=source or f"object {file[:12]}")
    for _ in range(_ATTEMPTS):
        state = _state(ws, name)
        if schema is not None and state.schema is not None and mode == "append":
            schema = _fitted(state.schema, schema, name=name)
        batch = examine(ws.objects, state, given, mode=mode, schema=schema, event_time=event_time, key=tuple(key))
        known = _known(ws, state, batch, mode=mode)
        if known is not None:
            return known if batch.schema == state.schema else set_schema(ws, name, schema=batch.schema)
        if not batch.report.valid:
            refused = _quarantine(ws, batch.report, given)
            raise DataRefused(
                source=given.name,
                dataset=name,
                summary=_summary(batch.report),
                id=refused.id,
                report=msgspec.to_builtins(batch.report),
            )
        stored = store_batch(ws.objects, state, batch, given, mode=mode)
        version = _commit(ws, state, stored, mode=mode, added=batch.frame.height, schema=batch.schema)
        if version is not None:
            return version
    raise DatasetMoved(name=name)


@op("PUT /datasets/{name}/schema", allow="data.write")
def set_schema(ws: "Workspace", name: str, *, schema: Schema) -> DatasetVersion:
    """Make a version of the same rows with another schema, which the batches that follow are held against.

    Its columns must be those of the data, by name and type. The rows that are there already are not validated again.
    """
    for _ in range(_ATTEMPTS):
        state = _state(ws, name)
        if state.parent is None or state.schema is None:
            raise DatasetUnknown(name=name, project=ws.project)
        schema = _fitted(state.schema, schema, name=name)
        if canonical.dumps(schema) == canonical.dumps(state.schema):
            return state.parent
        parent = state.parent
        manifest = Manifest(
            parts=parent.parts, schema=ws.objects.put_bytes(canonical.dumps(schema)), profile=parent.profile
        )
        stored = Stored(
            digest=ws.objects.put_bytes(canonical.dumps(manifest)),
            manifest=manifest,
            event_from_ms=parent.event_from_ms,
            event_to_ms=parent.event_to_ms,
        )
        version = _commit(ws, state, stored, mode="append", added=0, schema=schema)
        if version is not None:
            return version
    raise DatasetMoved(name=name)


@op("GET /datasets", allow="data.read")
def list_datasets(ws: "Workspace", *, after: str = "", limit: int = 100) -> list[Dataset]:
    """The datasets of the project by name, those after `after`."""
    with ws.read() as conn:
        return tables.list_datasets(conn, ws.project, after=after, limit=_checked(limit))


@op("GET /datasets/{name}", allow="data.read")
def show_dataset(ws: "Workspace", name: str) -> Dataset:
    """One dataset; raises DatasetUnknown."""
    with ws.read() as conn:
        return tables.find_dataset(conn, ws.project, name)


@op("GET /datasets/{name}/versions", allow="data.read")
def list_versions(ws: "Workspace", name: str, *, after: int = 0, limit: int = 100) -> list[DatasetVersion]:
    """The versions of a dataset by number, those after `after`."""
    with ws.read() as conn:
        tables.find_dataset(conn, ws.project, name)
        return tables.list_versions(conn, ws.project, name, after=after, limit=_checked(limit))


@op("GET /datasets/{name}/versions/{number}", allow="data.read")
def show_version(ws: "Workspace", name: str, number: int) -> DatasetVersion:
    """One version, the newest for 0; raises DatasetUnknown, VersionUnknown."""
    with ws.read() as conn:
        return tables.find_version(conn, ws.project, name, number)


@op("GET /datasets/{name}/versions/{number}/analysis", allow="data.read")
def analyse(ws: "Workspace", name: str, number: int) -> Analysis:
    """A version with its schema and the profile that was made when it was added; the newest for 0."""
    version = show_version(ws, name, number)
    return Analysis(version=version, schema=load_schema(ws.objects, version), profile=load_profile(ws.objects, version))


@op("GET /datasets/{name}/diff", allow="data.read")
def diff(ws: "Workspace", name: str, *, base: int = 0, other: int = 0) -> DatasetDiff:
    """What changed from version `base` to version `other`: the newest for 0, and its parent as its base."""
    after = show_version(ws, name, other)
    before = show_version(ws, name, base or after.parent or after.number)
    return compare_versions(
        before, after, before=load_profile(ws.objects, before), after=load_profile(ws.objects, after)
    )


@op("GET /datasets/{name}/validation", allow="data.read")
def validate(ws: "Workspace", name: str, *, file: Digest, format: FileFormat, source: str = "") -> Report:
    """What `add_version` would say to a stored file; nothing is recorded."""
    check_name(name)
    given = Source(file=file, format=format, name=source or f"object {file[:12]}")
    batch = examine(ws.objects, _state(ws, name), given, mode="append", schema=None, event_time="", key=())
    return batch.report


@op("GET /quarantined", allow="data.read")
def list_quarantined(ws: "Workspace", dataset: str = "", *, after: str = "", limit: int = 100) -> list[Quarantined]:
    """Refused batches, newest first, of one dataset or of all; `after` is the id of the last one seen."""
    with ws.read() as conn:
        return tables.list_quarantined(conn, ws.project, dataset=dataset, before=after, limit=_checked(limit))


@op("GET /quarantined/{id}", allow="data.read")
def show_quarantined(ws: "Workspace", id: str) -> Quarantined:
    """A refused batch with its report; raises QuarantinedUnknown."""
    with ws.read() as conn:
        return tables.find_quarantined(conn, ws.project, id)


def _state(ws: "Workspace", name: str) -> State:
    with ws.read() as conn:
        try:
            parent = tables.find_version(conn, ws.project, name)
        except DatasetUnknown:
            return State(name=name)
        next_id = tables.next_row_id(conn, ws.project, name)
    return State(name=name, parent=parent, schema=load_schema(ws.objects, parent), next_row_id=next_id)


def _known(ws: "Workspace", state: State, batch: Batch, *, mode: AppendMode) -> DatasetVersion | None:
    """The version that added these rows already: to the newest version's parts, or as all of them when replacing."""
    part = find_part(state.parent, batch.content)
    if state.parent is None or part is None:
        return None
    if mode == "replace":
        return state.parent if len(state.parent.parts) == 1 else None
    after = 0
    with ws.read() as conn:
        while page := tables.list_versions(conn, ws.project, state.name, after=after, limit=_MAX_LIMIT):
            for version in page:
                if part in version.parts:
                    return version
            after = page[-1].number
    return None


def _commit(
    ws: "Workspace", state: State, stored: Stored, *, mode: AppendMode, added: int, schema: Schema
) -> DatasetVersion | None:
    parent = state.parent.number if state.parent else 0
    version = DatasetVersion(
        project=ws.project,
        dataset=state.name,
        number=parent + 1,
        digest=stored.digest,
        parent=parent,
        mode=mode,
        rows=sum(part.rows for part in stored.manifest.parts),
        added_rows=added,
        columns=len(schema.columns),
        size_bytes=sum(part.size_bytes for part in stored.manifest.parts),
        parts=stored.manifest.parts,
        schema=stored.manifest.schema,
        profile=stored.manifest.profile,
        created_ms=ws.clock.now_ms(),
        principal=ws.principal.name,
        event_time=schema.event_time,
        event_from_ms=stored.event_from_ms,
        event_to_ms=stored.event_to_ms,
    )
    fault.point("dataset.add.before_change")
    with ws.change() as tx:
        if not tables.insert_version(tx.conn, version, next_id=state.next_row_id + added):
            return None
        tx.event("dataset.version_added", subject=version.reference, payload=version)
        tx.reply(version)
    fault.point("dataset.add.after_change")
    return version


def _quarantine(ws: "Workspace", report: Report, source: Source) -> Quarantined:
    batch = Quarantined(
        project=ws.project,
        id=ws.ids.new(),
        dataset=report.dataset,
        file=source.file,
        format=source.format,
        source=source.name,
        report=report,
        at_ms=ws.clock.now_ms(),
        principal=ws.principal.name,
    )
    fault.point("dataset.refuse.before_change")
    with ws.change() as tx:
        for earlier in tables.find_same(tx.conn, ws.project, report.dataset, source.file):
            if earlier.report == report:
                return earlier
        tables.quarantine(tx.conn, batch)
        tx.event("dataset.batch_refused", subject=report.dataset, payload=batch)
    fault.point("dataset.refuse.after_change")
    return batch


def _fitted(known: Schema, wanted: Schema, *, name: str) -> Schema:
    """`wanted` with its columns in the order of the data; raises SchemaFixed unless they are those, by name and type."""
    before = {column.name: column.type for column in known.columns}
    after = {column.name: column.type for column in wanted.columns}
    if before != after:
        odd = min(set(before.items()) ^ set(after.items()))[0]
        raise SchemaFixed(name=name, role=f"column '{odd}'", known=before.get(odd, ""), wanted=after.get(odd, ""))
    by_name = {column.name: column for column in wanted.columns}
    return msgspec.structs.replace(wanted, columns=tuple(by_name[column] for column in before))


def _summary(report: Report) -> str:
    told = [f"{violation.column}: {violation.message}" for violation in report.violations[:_SUMMARY]]
    more = len(report.violations) - _SUMMARY
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _checked(limit: int) -> int:
    if not 1 <= limit <= _MAX_LIMIT:
        raise LimitInvalid(limit=limit, most=_MAX_LIMIT)
    return limit
