"""Predictions: answered rows, and the feedback that came later for them."""

from typing import Any

import msgspec

__all__ = ["Capture", "Feedback", "Prediction", "ShadowAnswer"]


class Feedback(msgspec.Struct, frozen=True):
    """An outcome that came later for a prediction."""

    prediction_id: str
    label: float
    at_ms: int


class ShadowAnswer(msgspec.Struct, frozen=True):
    """What a shadow variant answered for the same row."""

    variant: str
    version: int
    prediction: float


class Prediction(msgspec.Struct, frozen=True):
    """One answered row, `id` being `<request id>/<row index>`, with what went in and what came of it."""

    id: str
    endpoint: str
    model: str
    version: int
    variant: str
    at_ms: int
    prediction: float
    # Any: the row's values as they came in, JSON-able.
    inputs: dict[str, Any]
    label: float | None = None
    label_at_ms: int | None = None
    shadows: tuple[ShadowAnswer, ...] = ()


class Capture(msgspec.Struct, frozen=True):
    """A registered spool segment: its rows as Parquet objects (empty where it had none), and the times they span.

    `dropped` counts records torn by a crash before their answer left, `duplicates` repeated request ids.
    """

    segment: str
    endpoint: str
    predictions: str
    feedback: str
    requests: int
    rows: int
    feedback_rows: int
    duplicates: int
    dropped: int
    from_ms: int
    to_ms: int
    feedback_from_ms: int
    feedback_to_ms: int
    ingested_ms: int
