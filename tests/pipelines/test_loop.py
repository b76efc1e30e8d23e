"""Datasets in, models out: the pipeline of the README, reproduced to the same bytes."""

import polars as pl
import pytest

import mainspring as ms
from mainspring import data, pipelines, tracking
from mainspring.domain.run import Run
from mainspring.pipelines.errors import InputInvalid
from mainspring.workspace import Workspace
from pipelines.conftest import Project

FLOW = """
    import mainspring as ms
    import numpy as np
    import polars as pl
    from sklearn.linear_model import Ridge

    def features(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(pl.col("distance") * 2, pl.col("hour"))

    @ms.step
    def extract(flights: ms.Dataset) -> pl.DataFrame:
        return flights.frame()

    @ms.step
    def train(table: pl.DataFrame, *, strength: float = 0.1) -> ms.Model:
        inputs = table.select("distance", "hour")
        fitted = Ridge(alpha=strength)
        fitted.fit(features(inputs).to_numpy(), table["delay"].to_numpy())
        return ms.Model(fitted, transform=features, example=inputs.head(3), splits={"train": table["_row_id"]})

    @ms.step
    def judge(model: ms.Model, table: pl.DataFrame) -> ms.Metrics:
        return ms.Metrics(mae=float(np.abs(model.predict(table) - table["delay"].to_numpy()).mean()))

    @ms.pipeline
    def arrival_delay(flights: ms.Dataset, *, strength: float = 0.1):
        table = extract(flights)
        model = train(table, strength=strength)
        return {"model": model, "metrics": judge(model, table)}
"""


def _flights(rows: int, *, first: int = 0) -> pl.DataFrame:
    at = range(first, first + rows)
    return pl.DataFrame(
        {
            "distance": [float(i % 97) for i in at],
            "hour": [i % 24 for i in at],
            "delay": [float(i % 13 + i % 24) for i in at],
        }
    )


def _executed(ws: Workspace, run: Run) -> set[str]:
    return {step.name for step in tracking.list_runs(ws, parent=run.id) if not step.cached_from}


@pytest.mark.slow
def test_a_model_is_made_from_a_dataset_and_made_again_to_the_same_bytes(ws: Workspace, project: Project) -> None:
    project.write("delays.py", FLOW)
    data.add(ws, "flights", _flights(300))
    pipeline = project.load("delays").arrival_delay

    first = pipeline.run(ws, flights=ms.dataset("flights"))
    assert first.inputs["flights"].reference == "flights@1"
    assert first.metrics["mae"] is not None
    assert {a.name: a.kind for a in first.artifacts} == {"model": "model", "metrics": "metrics"}
    assert first.tags["environment.scikit-learn"]

    again = pipelines.run_snapshot(
        ws, first.snapshot, "arrival_delay", first.inputs, first.params, use_cache=False, trigger_id="alert-1"
    )
    assert _executed(ws, again) == {"extract", "train", "judge"}
    assert [a.digest for a in again.artifacts] == [a.digest for a in first.artifacts]
    assert again.trigger_id == "alert-1"

    assert _executed(ws, pipeline.run(ws, flights="flights@1")) == set()
    data.add(ws, "flights", _flights(100, first=300))
    assert _executed(ws, pipeline.run(ws, flights="flights")) == {"extract", "train", "judge"}
    with pytest.raises(InputInvalid, match="expected a dataset or its reference, given DataFrame"):
        pipeline.run(ws, flights=_flights(3))
