"""From the spool into the workspace, exactly once: objects first, then the rows that name them, then the file goes.

A kill at any moment leaves the segment in the spool or its rows in the table, and the next call does the rest: requests
are claimed by segment before the objects are written, so a second try keeps what the first one kept. A segment that is
damaged is put aside as `<id>.damaged` for a person to look at, and the others are taken in.
"""

import fcntl
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainspring.domain.endpoint import VariantCount
from mainspring.domain.object import Digest
from mainspring.domain.package import Package, Signature
from mainspring.domain.prediction import Capture
from mainspring.kernel import fault
from mainspring.models.packages import PACKAGE_FILE
from mainspring.models.signature import build_frame
from mainspring.models.trees import read_member
from mainspring.serving import tables
from mainspring.serving.actual import endpoint_folder, read_process, spool_folder, tell
from mainspring.serving.captures import Answered, Segment, Told, adopt, read_segment
from mainspring.serving.errors import SegmentDamaged

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["FEEDBACK_SCHEMA", "PREDICTION_SCHEMA", "ingest", "ingest_closed"]

PREDICTION_SCHEMA: dict[str, pl.DataType] = {
    "request_id": pl.String(),
    "row": pl.Int32(),
    "at_ms": pl.Int64(),
    "variant": pl.String(),
    "model": pl.String(),
    "version": pl.Int64(),
    "role": pl.String(),
    "prediction": pl.Float64(),
}
FEEDBACK_SCHEMA: dict[str, pl.DataType] = {
    "prediction_id": pl.String(),
    "label": pl.Float64(),
    "at_ms": pl.Int64(),
}
_log = logging.getLogger(__name__)
_CLAIMED_AT_ONCE = 2000
_ROTATE_TIMEOUT_S = 30.0


def ingest(ws: "Workspace", endpoint: str) -> list[Capture]:
    """Take in everything that an endpoint of this machine has answered so far; the segments that were new.

    Its open segment is closed for this, so calling it often leaves many small objects: see `ingest_closed`.
    """
    process = read_process(endpoint_folder(ws, ws.project, endpoint))
    if process is not None:
        # An endpoint that does not answer keeps its open segment, which is taken in another time.
        tell(process, "/-/rotate", timeout_s=_ROTATE_TIMEOUT_S)
    return ingest_closed(ws, endpoint)


def ingest_closed(ws: "Workspace", endpoint: str) -> list[Capture]:
    """Take in the segments that are closed, which an endpoint does by itself every minute; those that were new."""
    spool = spool_folder(endpoint_folder(ws, ws.project, endpoint))
    if not spool.is_dir():
        return []
    with _only_one(spool):
        adopt(spool)
        # A segment's name is its time of opening: the first answer to a request is taken in first.
        taken = [_ingest_segment(ws, endpoint, path) for path in sorted(spool.glob("*.segment"))]
    return [capture for capture in taken if capture is not None]


def _ingest_segment(ws: "Workspace", endpoint: str, path: Path) -> Capture | None:
    with ws.read() as conn:
        known = tables.find_capture(conn, path.stem) is not None
    capture = None
    if not known:
        try:
            segment = read_segment(path)
        except SegmentDamaged as error:
            aside = path.with_suffix(".damaged")
            _log.error("endpoint '%s' of project '%s': %s; it is now %s", endpoint, ws.project, error, aside.name)
            fault.point("capture.ingest.before_aside")
            path.rename(aside)
            fault.point("capture.ingest.after_aside")
            return None
        answered = _claim(ws, endpoint, segment)
        told = [record for record in segment.records if isinstance(record, Told)]
        fault.point("capture.ingest.before_objects")
        capture = _store(ws, endpoint, segment, answered, told)
        fault.point("capture.ingest.after_objects")
        with ws.change() as tx:
            tables.add_capture(tx.conn, ws.project, capture, _counts(answered))
            fault.point("capture.ingest.before_commit")
        fault.point("capture.ingest.after_commit")
    path.unlink(missing_ok=True)
    fault.point("capture.ingest.after_delete")
    return capture


def _claim(ws: "Workspace", endpoint: str, segment: Segment) -> list[Answered]:
    """The answers of the segment that count: the first to each request and slot, unless an earlier segment holds it."""
    first: dict[tuple[str, str], Answered] = {}
    for record in segment.records:
        if isinstance(record, Answered):
            first.setdefault((record.request_id, _slot(record)), record)
    slots = list(first)
    for start in range(0, len(slots), _CLAIMED_AT_ONCE):
        with ws.change() as tx:
            some = slots[start : start + _CLAIMED_AT_ONCE]
            tables.claim_requests(tx.conn, ws.project, endpoint, segment=segment.id, slots=some)
    with ws.read() as conn:
        owners = tables.owners_of(conn, ws.project, endpoint, slots)
    return [record for slot, record in first.items() if owners[slot] == segment.id]


def _slot(record: Answered) -> str:
    return "live" if record.role == "live" else f"shadow:{record.variant}"


def _store(ws: "Workspace", endpoint: str, segment: Segment, answered: list[Answered], told: list[Told]) -> Capture:
    predictions = _predictions(ws, answered)
    feedback = _feedback(told)
    all_answers = sum(isinstance(record, Answered) for record in segment.records)
    return Capture(
        segment=segment.id,
        endpoint=endpoint,
        predictions=_put(ws, predictions),
        feedback=_put(ws, feedback),
        requests=sum(record.role == "live" for record in answered),
        rows=predictions.height,
        feedback_rows=feedback.height,
        duplicates=all_answers - len(answered),
        dropped=segment.dropped,
        from_ms=min((record.at_ms for record in answered), default=0),
        to_ms=max((record.at_ms for record in answered), default=0),
        feedback_from_ms=min((at for record in told for at in record.at_ms), default=0),
        feedback_to_ms=max((at for record in told for at in record.at_ms), default=0),
        ingested_ms=ws.clock.now_ms(),
    )


def _put(ws: "Workspace", frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return ""
    scratch = ws.folder / "scratch"
    scratch.mkdir(exist_ok=True, mode=0o700)
    path = scratch / f"{os.getpid()}-{ws.ids.new()}.parquet"
    try:
        frame.write_parquet(path, compression="zstd")
        return ws.objects.put_file(path, move=True)
    finally:
        path.unlink(missing_ok=True)


def _predictions(ws: "Workspace", answered: list[Answered]) -> pl.DataFrame:
    by_package: dict[tuple[Digest, bool], list[Answered]] = {}
    for record in answered:
        by_package.setdefault((record.package, record.role == "live"), []).append(record)
    frames = [
        _facts(records).hstack(_inputs(read_member(ws.objects, package, PACKAGE_FILE, Package).signature, records))
        if live
        else _facts(records)
        for (package, live), records in by_package.items()
    ]
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame(schema=PREDICTION_SCHEMA)


def _facts(records: list[Answered]) -> pl.DataFrame:
    lengths = [len(record.predictions) for record in records]
    columns = {
        name: [getattr(record, name) for record, length in zip(records, lengths, strict=True) for _ in range(length)]
        for name in ("request_id", "at_ms", "variant", "model", "version", "role")
    }
    columns["row"] = [row for length in lengths for row in range(length)]
    columns["prediction"] = [value for record in records for value in record.predictions]
    return pl.DataFrame({name: columns[name] for name in PREDICTION_SCHEMA}, schema=PREDICTION_SCHEMA)


def _inputs(signature: Signature, records: list[Answered]) -> pl.DataFrame:
    columns = {
        field.name: [value for record in records for value in record.columns[field.name]] for field in signature.inputs
    }
    return build_frame(signature, columns)


def _feedback(told: list[Told]) -> pl.DataFrame:
    columns = {
        "prediction_id": [name for record in told for name in record.ids],
        "label": [label for record in told for label in record.labels],
        "at_ms": [at for record in told for at in record.at_ms],
    }
    return pl.DataFrame(columns, schema=FEEDBACK_SCHEMA)


def _counts(answered: list[Answered]) -> list[VariantCount]:
    rows: Counter[tuple[str, int, str]] = Counter()
    requests: Counter[tuple[str, int, str]] = Counter()
    for record in answered:
        key = (record.variant, record.version, record.role)
        rows[key] += len(record.predictions)
        requests[key] += 1
    return [
        VariantCount(
            variant=variant,
            version=version,
            role="live" if role == "live" else "shadow",
            rows=rows[variant, version, role],
            requests=count,
        )
        for (variant, version, role), count in requests.items()
    ]


@contextmanager
def _only_one(spool: Path) -> Iterator[None]:
    with (spool / "ingest.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
