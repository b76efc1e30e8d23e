"""A small real workspace, made by the same operations that people use: data in, model out, served, watched."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mainspring import data, monitoring
from mainspring.cli.init import make_project
from mainspring.data.errors import DataRefused
from mainspring.loop import admission
from mainspring.loop import ops as loop
from mainspring.pipelines.definition import Pipeline
from mainspring.pipelines.errors import RunFailed
from mainspring.serving import ops as serving
from mainspring.stats import reference
from mainspring.workspace import Workspace

__all__ = ["MODEL", "seed"]

MODEL = "house-prices"
DAY_MS = 86_400_000


def seed(ws: Workspace, folder: Path) -> None:
    """Fill `ws` with a dataset, a refused batch, three runs, a judged version, an endpoint and ten watched days."""
    project = Path(make_project("prices", template="table", parent=folder).folder)
    houses = pl.read_csv(project / "data" / "houses.csv", try_parse_dates=True)
    data.add(ws, "houses", houses, event_time="sold_at")
    _refuse(ws, houses)
    with _pipeline(project) as pipeline:
        run = pipeline.run(ws, houses="houses", trees=20)
        pipeline.run(ws, houses="houses", trees=20)
        _fail(ws, pipeline)
    version = admission.admit(ws, MODEL, run=run.id)
    serving.deploy(ws, MODEL, model=f"{MODEL}@{version.version}")
    _watch(ws, version.version)
    loop.request_retraining(ws, MODEL, reason="to see one")


def _refuse(ws: Workspace, houses: pl.DataFrame) -> None:
    try:
        data.add(ws, "houses", houses.with_columns(area_m2=pl.col("area_m2") * 10.764))
    except DataRefused:
        return
    raise AssertionError("areas in square feet were let in")


# Any: a pipeline's own arguments, which its project declares.
@contextmanager
def _pipeline(project: Path) -> Iterator["Pipeline[..., Any]"]:
    before = set(sys.modules)
    sys.path.insert(0, str(project))
    try:
        yield importlib.import_module("pipeline").house_prices
    finally:
        sys.path.remove(str(project))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(project)):
                del sys.modules[name]


def _fail(ws: Workspace, pipeline: "Pipeline[..., Any]") -> None:
    try:
        pipeline.run(ws, houses="houses", trees=-1)
    except RunFailed:
        return
    raise AssertionError("a model of -1 trees was trained")


def _watch(ws: Workspace, version: int) -> None:
    """Ten days of predictions on a reference of thirty, the last days with houses twice as large."""
    random = np.random.default_rng(3)
    start = ws.clock.now_ms()
    areas, at_ms = random.normal(100, 20, 3000), start + np.repeat(np.arange(30), 100) * DAY_MS
    made = reference.build(pl.DataFrame({"area_m2": areas}), areas * 3, at_ms, errors=random.normal(0, 5, 3000))
    monitor = monitoring.ensure_monitor(ws, endpoint=MODEL, model=MODEL, version=version, reference=made)
    days = np.repeat(np.arange(10), 100)
    areas = random.normal(100, 20, 1000) * np.where(days > 6, 2, 1)
    predictions = pl.DataFrame(
        {
            "prediction_id": [f"{number}/0" for number in range(1000)],
            "at_ms": start + days * DAY_MS,
            "version": [version] * 1000,
            "role": ["live"] * 1000,
            "prediction": areas * 3,
            "area_m2": areas,
        }
    )
    outcomes = predictions.select(
        "prediction_id", pl.col("at_ms") + 1000, label=pl.col("prediction") + random.normal(0, 5, 1000)
    )
    monitoring.observe(ws, monitor.name, predictions, outcomes, now_ms=start + 10 * DAY_MS)
