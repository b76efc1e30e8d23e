"""The year as it happens: the requests of each departure hour, the outcomes as they are reported, the weekly batches."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import polars as pl

from mainspring.demo.source import Year

__all__ = ["DAY_MS", "PROJECT", "Batch", "Request", "Traffic", "break_batch", "project_module"]

PROJECT = Path(__file__).parent / "project"
"""The demo's project folder: an ordinary one, with its `mainspring.toml`."""

DAY_MS = 86_400_000
_TYPES = {pl.String: "BYTES", pl.Int64: "INT64", pl.Float64: "FP64"}
_LONGEST_REPORT_MINUTES = 36 * 60


class Request(msgspec.Struct, frozen=True):
    """One departure hour: the flights that leave in it, as a body of the Open Inference Protocol."""

    id: str
    at_ms: int
    rows: int
    body: bytes


class Batch(msgspec.Struct, frozen=True):
    """A week of flights and weather, complete some hours after the week has ended."""

    at_ms: int
    flights: pl.DataFrame
    weather: pl.DataFrame


class Traffic:
    """What reaches the system from `start_ms` on."""

    def __init__(self, year: Year, *, start_ms: int) -> None:
        inputs = project_module("inputs")
        departed = inputs.depart(year.flights, year.weather, year.airports)
        hour = pl.col("departed_hour").dt.epoch("ms")
        departed = (
            departed.with_columns(at_ms=hour)
            .filter(pl.col("at_ms") >= start_ms)
            .sort("at_ms", "departed_at", "carrier", "flight")
        )
        self.departed = departed.with_columns(
            request_id=pl.col("departed_hour").dt.strftime("%Y-%m-%dT%HZ"), row=pl.int_range(pl.len()).over("at_ms")
        ).with_columns(prediction_id=pl.format("{}/{}", "request_id", "row"))
        self.inputs: tuple[str, ...] = inputs.INPUTS
        self._outcomes = _outcomes(self.departed)
        self._year = year
        self._start_ms = start_ms

    def requests(self, day: int) -> Iterator[Request]:
        """The requests of the day that many days after the start, hour by hour."""
        start = self._start_ms + day * DAY_MS
        rows = self.departed.filter(pl.col("at_ms").is_between(start, start + DAY_MS, closed="left"))
        for part in rows.partition_by("at_ms", maintain_order=True):
            yield Request(
                id=part["request_id"][0], at_ms=part["at_ms"][0], rows=part.height, body=_body(part, self.inputs)
            )

    def reports(self, day: int) -> pl.DataFrame:
        """The outcomes reported on that day, in the order they arrive: `prediction_id`, `label`, `reported_ms`."""
        start = self._start_ms + day * DAY_MS
        return self._outcomes.filter(pl.col("reported_ms").is_between(start, start + DAY_MS, closed="left"))

    def batch(self, day: int, *, days: int = 7) -> Batch:
        """The flights and weather of the `days` days before that day."""
        end = self._start_ms + day * DAY_MS
        during = pl.col("time_hour").dt.epoch("ms").is_between(end - days * DAY_MS, end, closed="left")
        return Batch(at_ms=end, flights=self._year.flights.filter(during), weather=self._year.weather.filter(during))


def break_batch(flights: pl.DataFrame) -> pl.DataFrame:
    """The batch as a careless export would write it: distances lost, delays in seconds, some carriers under new codes."""
    some = pl.int_range(pl.len()) % 9 == 0
    return flights.with_columns(
        distance=pl.lit(None, dtype=pl.Int64),
        dep_delay=pl.col("dep_delay") * 60,
        carrier=pl.when(some).then(pl.format("{}-X", "carrier")).otherwise("carrier"),
    )


def project_module(name: str) -> ModuleType:
    """A module of the demo's project, the same file that the pipeline's steps run."""
    spec = importlib.util.spec_from_file_location(f"mainspring_demo_{name}", PROJECT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _outcomes(departed: pl.DataFrame) -> pl.DataFrame:
    """Every landed flight's delay with the time its report arrives: after landing, up to 36 h late, out of order."""
    block = project_module("features").features(departed)["block_minutes"]
    landed = departed.with_columns(block=block).filter(pl.col("arr_delay").is_not_null())
    late = pl.col("flight") * 7919 % 97 / 97
    minutes = pl.col("block") + pl.col("arr_delay") - pl.col("dep_delay") + late.pow(6) * _LONGEST_REPORT_MINUTES
    reported = pl.col("departed_at").dt.epoch("ms") + (minutes * 60_000).cast(pl.Int64)
    return landed.select("prediction_id", label=pl.col("arr_delay").cast(pl.Float64), reported_ms=reported).sort(
        "reported_ms"
    )


def _body(rows: pl.DataFrame, columns: tuple[str, ...]) -> bytes:
    tensors: list[dict[str, Any]] = [
        {
            "name": name,
            "shape": [rows.height],
            "datatype": _TYPES[type(rows.schema[name])],
            "data": rows[name].to_list(),
        }
        for name in columns
    ]
    return msgspec.json.encode(
        {"id": rows["request_id"][0], "parameters": {"at_ms": rows["at_ms"][0]}, "inputs": tensors}
    )
