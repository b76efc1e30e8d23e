"""A toy endpoint: packages whose answers are known by heart, a real process, and requests to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import polars as pl
import served_features
from sklearn.linear_model import LinearRegression

from mainspring.domain.endpoint import EndpointProcess, Route, RouteVariant
from mainspring.kernel import canonical
from mainspring.models import packages, trees
from mainspring.serving.captures import Answered, Record, Told, read_segment
from mainspring.serving.loading import Model
from mainspring.serving.route import read_route, write_route

EXAMPLE = pl.DataFrame(
    {"distance": [1.0, 2.0], "city": ["near", "far"], "riders": [1, 2]},
    schema={"distance": pl.Float64, "city": pl.String, "riders": pl.Int64},
)


def write_package(folder: Path, *, slope: float = 2.0) -> Path:
    """A package that answers `slope` times the distance, and 10 more for the city that is far."""
    features = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    line = LinearRegression().fit(features, np.round(features @ [slope, 10.0], 9))
    line.coef_, line.intercept_ = np.array([slope, 10.0]), 0.0
    packages.write(Model(line, transform=served_features.prepare, example=EXAMPLE), folder)
    return folder


def variant(folder: Path, *, version: int = 1, name: str = "", weight: float = 1.0, role: str = "live") -> RouteVariant:
    """A variant of the model `ride` from a package's folder."""
    return RouteVariant(
        name=name or f"v{version}",
        model="ride",
        version=version,
        package=trees.digest_folder(folder),
        folder=str(folder),
        weight=weight,
        role="shadow" if role == "shadow" else "live",
    )


class Running:
    """An endpoint's process and a stock HTTP client for it."""

    def __init__(self, folder: Path, child: "subprocess.Popen[bytes]", port: int) -> None:
        self.folder = folder
        self.child = child
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def infer(self, distances: list[Any], *, cities: list[Any] | None = None, **fields: Any) -> httpx.Response:
        """An inference request of the Open Inference Protocol."""
        return self.client.post("/v2/models/rides/infer", json=infer_body(distances, cities=cities) | fields)

    def kill(self) -> None:
        """End it as a crash would."""
        self.child.kill()
        self.child.wait(30)

    def reroute(self, *variants: RouteVariant, **changes: Any) -> dict[str, Any]:
        """Give it another route, numbered one higher; what it says of that."""
        path = self.folder / "route.json"
        before = read_route(path)
        changes = {"number": before.number + 1, "clock": "system"} | changes
        write_route(msgspec.structs.replace(before, variants=variants, **changes), path)
        said: dict[str, Any] = self.client.post("/-/nudge").json()
        return said

    def rotate(self) -> None:
        """Close the open segment."""
        self.client.post("/-/rotate")

    def records(self) -> list[Record]:
        """All that is in closed segments of its spool."""
        paths = sorted((self.folder / "spool").glob("*.segment"))
        return [record for path in paths for record in read_segment(path).records]

    def answered(self, prefix: str = "") -> list[Answered]:
        """The answers in closed segments to requests whose id begins with `prefix`."""
        return [r for r in self.records() if isinstance(r, Answered) and r.request_id.startswith(prefix)]

    def told(self, prefix: str = "") -> list[Told]:
        """The feedback in closed segments on requests whose first id begins with `prefix`."""
        return [r for r in self.records() if isinstance(r, Told) and r.ids[0].startswith(prefix)]


def infer_body(distances: list[Any], *, cities: list[Any] | None = None) -> dict[str, Any]:
    """A body that names each column as a tensor."""
    count = len(distances)
    return {
        "inputs": [
            {"name": "distance", "shape": [count], "datatype": "FP64", "data": distances},
            {"name": "city", "shape": [count], "datatype": "BYTES", "data": cities or ["near"] * count},
            {"name": "riders", "shape": [count], "datatype": "INT64", "data": [1] * count},
        ]
    }


@contextmanager
def serving(
    folder: Path, *variants: RouteVariant, environment: dict[str, str] | None = None, **route: Any
) -> Iterator[Running]:
    """An endpoint named `rides` as a process of its own, ended at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "route.json"
    fields: dict[str, Any] = {"endpoint": "rides", "number": 1, "salt": "salt", "spool": str(folder / "spool")} | route
    write_route(Route(variants=variants, **fields), path)
    (folder / "process.json").unlink(missing_ok=True)
    child = start(path, environment or {})
    try:
        process = wait_for(folder, child)
        running = Running(folder, child, process.port)
        yield running
        running.client.close()
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        child.wait(30)


def start(path: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """The process, started as the controller starts it."""
    with (path.parent / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "mainspring.serving.endpoint", str(path)],
            env=os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"} | environment,
            stdout=log,
            stderr=log,
        )


def wait_for(folder: Path, child: "subprocess.Popen[bytes]") -> EndpointProcess:
    """What the process says of itself once it listens."""
    until = time.monotonic() + 60
    while not (folder / "process.json").exists():
        assert child.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until
        time.sleep(0.01)
    return canonical.loads((folder / "process.json").read_bytes(), type=EndpointProcess)
