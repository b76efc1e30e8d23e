"""A made-up endpoint: days of rows, predictions and labels, and the reference they are held against."""

import numpy as np
import polars as pl

from mainspring import monitoring
from mainspring.domain.alert import Alert
from mainspring.domain.monitor import Monitor
from mainspring.domain.reference import Reference
from mainspring.stats import reference
from mainspring.workspace import Workspace

__all__ = ["DAY", "START", "day_of", "feedback_of", "make_monitor", "make_reference", "observe", "run"]

DAY = 86_400_000
START = 1_356_998_400_000
ROWS = 60


def day_of(
    day: int,
    *,
    version: int = 1,
    shift: float = 0.0,
    rows: int = ROWS,
    role: str = "live",
    carriers: tuple[str, ...] = ("AA", "B6", "UA"),
) -> pl.DataFrame:
    """What a version answered on a day after START; `shift` moves delays and predictions, `carriers` does not move these."""
    rng = np.random.default_rng(1000 + day)
    delay = rng.normal(10 + rng.normal(), 5, size=rows) + shift
    return pl.DataFrame(
        {
            "prediction_id": [f"d{day}/{row}" for row in range(rows)],
            "request_id": [f"d{day}"] * rows,
            "row": list(range(rows)),
            "at_ms": [START + day * DAY + row * (DAY // max(rows, 1)) for row in range(rows)],
            "variant": ["champion"] * rows,
            "version": [version] * rows,
            "role": [role] * rows,
            "prediction": delay + version,
            "dep_delay": delay,
            "carrier": rng.choice(carriers, size=rows),
        }
    )


def feedback_of(rows: pl.DataFrame, *, error: float = 5.0, late_ms: int = DAY // 2) -> pl.DataFrame:
    """The outcomes of these rows, wrong by `error` times a number between a half and one and a half."""
    scale = 0.5 + (pl.col("row") * 7 % 11) / 10
    return rows.select("prediction_id", label=pl.col("prediction") + error * scale, at_ms=pl.col("at_ms") + late_ms)


def make_reference(version: int = 1) -> Reference:
    """The reference of a version: sixty days before START, the last thirty of them held out."""
    rows = pl.concat(day_of(day, version=version) for day in range(-60, 0))
    labels = feedback_of(rows)["label"].to_numpy()
    predictions, at = rows["prediction"].to_numpy(), rows["at_ms"].to_numpy()
    # Errors of real days differ.
    level = np.random.default_rng(5).lognormal(0, 0.1, size=60)[(at - START) // DAY + 60]
    errors = np.where(at < START - 30 * DAY, np.nan, (predictions - labels) * level)
    return reference.build(rows.select("dep_delay", "carrier"), predictions, at, errors=errors)


def make_monitor(ws: Workspace) -> Monitor:
    """A monitor of version 1 from START on."""
    return monitoring.ensure_monitor(
        ws, endpoint="arrival-delay", model="arrival-delay", version=1, reference=make_reference(), since_ms=START
    )


def observe(ws: Workspace, predictions: pl.DataFrame, feedback: pl.DataFrame, *, now_ms: int) -> list[Alert]:
    """Let the monitor look at it."""
    return monitoring.observe(ws, "arrival-delay", predictions, feedback, now_ms=now_ms)


def run(
    ws: Workspace,
    days: range,
    *,
    shift: float = 0.0,
    error: float = 5.0,
    version: int = 1,
    carriers: tuple[str, ...] = ("AA", "B6", "UA"),
) -> list[Alert]:
    """Play days one by one, each looked at when it is over, with the rows that the monitor asks for."""
    played = range(days.start - 2, days.stop)
    frames = {day: day_of(day, shift=shift, version=version, carriers=carriers) for day in played}
    opened = []
    for day in days:
        now = START + (day + 1) * DAY
        needed = monitoring.needed(ws, "arrival-delay", now_ms=now)
        assert needed is not None
        first = (needed[0] - START) // DAY
        rows = pl.concat(frames[one] for one in range(max(first, days.start - 2), day + 1))
        opened += observe(ws, rows, feedback_of(rows, error=error), now_ms=now)
    return opened
