"""What endpoints have answered and been told, read back from the workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from mainspring.domain.object import Digest
from mainspring.domain.prediction import Capture, Feedback, Prediction, ShadowAnswer
from mainspring.serving import tables
from mainspring.serving.errors import PredictionAmbiguous, PredictionUnknown, SpanTooLong
from mainspring.serving.intake import FEEDBACK_SCHEMA, PREDICTION_SCHEMA

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["captured", "feedback", "find_prediction", "told_ms"]

_SEGMENTS_READ = 100_000
_END_MS = 1 << 62


def captured(ws: "Workspace", endpoint: str, *, from_ms: int, to_ms: int) -> pl.DataFrame:
    """Rows answered at times in [from_ms, to_ms), ingested ones, by time: who answered what, then the inputs.

    Columns prediction_id, request_id, row, at_ms, variant, model, version, role, prediction, inputs in the models' own
    types. Rows of shadows have the prediction_id of the row they shadow, and no inputs. Reads only the segments that
    overlap the span; raises SpanTooLong where those are too many.
    """
    limit = _SEGMENTS_READ + 1
    with ws.read() as conn:
        held = tables.select_captures(conn, ws.project, endpoint, from_ms=from_ms, to_ms=to_ms, limit=limit)
    _check_whole(held, endpoint)
    inside = pl.col("at_ms").is_between(from_ms, to_ms, closed="left")
    frames = [pl.scan_parquet(_path(ws, capture.predictions)).filter(inside) for capture in held]
    found = (
        pl.concat(pl.collect_all(frames), how="diagonal_relaxed") if frames else pl.DataFrame(schema=PREDICTION_SCHEMA)
    )
    ids = pl.concat_str("request_id", pl.lit("/"), "row").alias("prediction_id")
    return found.select(ids, pl.all()).sort("at_ms", "request_id", "row", "role", maintain_order=True)


def feedback(ws: "Workspace", endpoint: str, *, from_ms: int, to_ms: int) -> pl.DataFrame:
    """Outcomes that became known at times in [from_ms, to_ms): prediction_id, label, at_ms; the latest for each id.

    Raises SpanTooLong where too many segments overlap the span.
    """
    held = _feedback_held(ws, endpoint, from_ms=from_ms, to_ms=to_ms)
    inside = pl.col("at_ms").is_between(from_ms, to_ms, closed="left")
    frames = [pl.scan_parquet(_path(ws, capture.feedback)).filter(inside) for capture in held]
    found = pl.concat(pl.collect_all(frames)) if frames else pl.DataFrame(schema=FEEDBACK_SCHEMA)
    return found.sort("at_ms", maintain_order=True).unique("prediction_id", keep="last", maintain_order=True)


def told_ms(ws: "Workspace", endpoint: str) -> int:
    """The latest time that a request or an outcome has told, 0 before the first: how far a replayed history has come."""
    with ws.read() as conn:
        return tables.latest_ms(conn, ws.project, endpoint)


def find_prediction(ws: "Workspace", prediction: str, *, endpoint: str = "") -> Prediction:
    """One answered row, found by the index of requests; raises PredictionUnknown, PredictionAmbiguous."""
    request, _, row = prediction.rpartition("/")
    if not request or not (row.isascii() and row.isdigit()):
        raise PredictionUnknown(id=prediction[:80], project=ws.project)
    with ws.read() as conn:
        holders = tables.holders(conn, ws.project, request)
        endpoints = sorted({name for name, _ in holders if not endpoint or name == endpoint})
        if len(endpoints) > 1:
            raise PredictionAmbiguous(id=prediction, endpoints=", ".join(endpoints))
        segments = [tables.find_capture(conn, segment) for name, segment in holders if name in endpoints]
    mine = (pl.col("request_id") == request) & (pl.col("row") == int(row))
    rows: list[dict[str, Any]] = []
    for capture in segments:
        if capture is not None and capture.predictions:
            rows += pl.scan_parquet(_path(ws, capture.predictions)).filter(mine).collect().to_dicts()
    live = [found for found in rows if found["role"] == "live"]
    if not live:
        raise PredictionUnknown(id=prediction[:80], project=ws.project)
    return _prediction(ws, prediction, endpoints[0], live[0], [found for found in rows if found["role"] != "live"])


# Any: the cells of a row, of the models' own types.
def _prediction(
    ws: "Workspace", id: str, endpoint: str, live: dict[str, Any], shadows: list[dict[str, Any]]
) -> Prediction:
    outcome = _outcome(ws, endpoint, id, from_ms=live["at_ms"])
    return Prediction(
        id=id,
        endpoint=endpoint,
        model=live["model"],
        version=live["version"],
        variant=live["variant"],
        at_ms=live["at_ms"],
        prediction=live["prediction"],
        inputs={name: value for name, value in live.items() if name not in PREDICTION_SCHEMA},
        label=outcome.label if outcome else None,
        label_at_ms=outcome.at_ms if outcome else None,
        shadows=tuple(
            ShadowAnswer(variant=found["variant"], version=found["version"], prediction=found["prediction"])
            for found in shadows
        ),
    )


def _outcome(ws: "Workspace", endpoint: str, id: str, *, from_ms: int) -> Feedback | None:
    held = _feedback_held(ws, endpoint, from_ms=from_ms, to_ms=_END_MS)
    found = [_matching(ws, capture, id) for capture in held]
    rows = [row for frame in found for row in frame.to_dicts()]
    latest = max(rows, key=lambda row: row["at_ms"], default=None)
    return None if latest is None else Feedback(**latest)


def _feedback_held(ws: "Workspace", endpoint: str, *, from_ms: int, to_ms: int) -> list[Capture]:
    limit = _SEGMENTS_READ + 1
    with ws.read() as conn:
        held = tables.select_feedback(conn, ws.project, endpoint, from_ms=from_ms, to_ms=to_ms, limit=limit)
    _check_whole(held, endpoint)
    return held


def _check_whole(held: list[Capture], endpoint: str) -> None:
    if len(held) > _SEGMENTS_READ:
        raise SpanTooLong(endpoint=endpoint, limit=_SEGMENTS_READ)


def _matching(ws: "Workspace", capture: Capture, id: str) -> pl.DataFrame:
    return pl.scan_parquet(_path(ws, capture.feedback)).filter(pl.col("prediction_id") == id).collect()


def _path(ws: "Workspace", digest: str) -> Path:
    return ws.objects.path(Digest(digest))
