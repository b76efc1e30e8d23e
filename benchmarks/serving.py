"""Requests a second and latency of an endpoint with capture on, beside the floor: the same server with no model.

    python benchmarks/serving.py [--seconds 3]

Single-row requests of 20 numbers as Open Inference Protocol v2 JSON over kept-open loopback connections. The server
runs on the first core and the client on the last one; with one core they share it and the figures mean less.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import uvloop
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from mainspring.domain.endpoint import EndpointProcess, Route, RouteVariant
from mainspring.kernel import canonical
from mainspring.models import packages, trees
from mainspring.serving.loading import Model
from mainspring.serving.route import write_route

COLUMNS = [f"x{index}" for index in range(20)]
BODIES = 256
CONNECTIONS = (1, 16)
WARM_UP_S = 1.0

ECHO = """
import asyncio, os, socket, sys, uvicorn, uvloop

async def app(scope, receive, send):
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    body = b'{"outputs":[]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"14")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

listening = socket.socket()
listening.bind(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(listening.getsockname()[1]))
config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", access_log=False, log_config=None,
                        server_header=False, date_header=False)
uvloop.run(uvicorn.Server(config).serve(sockets=[listening]))
"""


class Client(asyncio.Protocol):
    """One connection that sends the next request as soon as the last one is answered."""

    def __init__(self, requests: Sequence[bytes], latencies: list[float], until: float) -> None:
        self._requests = requests
        self._latencies = latencies
        self._until = until
        self._sent = 0
        self._buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, split, rest = self._buffer.partition(b"\r\n\r\n")
        if not split:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        assert head.startswith(b"HTTP/1.1 200"), self._buffer
        now = time.perf_counter()
        self._latencies.append(now - self._started)
        self._buffer = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent += 1
        self._started = time.perf_counter()
        self._transport.write(self._requests[self._sent % len(self._requests)])


async def load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> tuple[float, list[float]]:
    """Answers a second and latencies in seconds, sorted."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    started = time.perf_counter()
    clients = []
    for index in range(connections):
        shifted = [*requests[index:], *requests[:index]]
        protocol = Client(shifted, latencies, started + seconds)
        await loop.create_connection(lambda made=protocol: made, "127.0.0.1", port)  # type: ignore[misc]  # bound now
        clients.append(protocol)
    await asyncio.gather(*(client.done for client in clients))
    return len(latencies) / (time.perf_counter() - started), sorted(latencies)


def request_bytes(random: np.random.Generator) -> bytes:
    """One request of one row."""
    inputs = [{"name": n, "shape": [1], "datatype": "FP64", "data": [round(random.normal(), 6)]} for n in COLUMNS]
    body = json.dumps({"inputs": inputs}, separators=(",", ":")).encode()
    head = "POST /v2/models/bench/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def prepare(rows: pl.DataFrame) -> pl.DataFrame:
    """A transformation as users write them: a few expressions on frames."""
    total = pl.sum_horizontal(COLUMNS[:5])
    return rows.with_columns(total.alias("x0"), (pl.col("x1") * pl.col("x2")).alias("x1"), pl.col("x3").clip(-2, 2))


def package(folder: Path, estimator: Any, **more: Any) -> Path:
    """A package of an estimator fitted on made-up data."""
    random = np.random.default_rng(0)
    features = random.normal(size=(5000, len(COLUMNS)))
    label = features @ random.normal(size=len(COLUMNS)) + random.normal(size=5000)
    example = pl.DataFrame(features[:8], schema=COLUMNS)
    packages.write(Model(estimator.fit(features, label), example=example, **more), folder)
    return folder


def start(command: list[str], announced: Path) -> "subprocess.Popen[bytes]":
    """A server on the first core, once it says where it listens."""
    core = min(os.sched_getaffinity(0))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(child.pid, {core})
    while not announced.exists() or not announced.read_bytes():
        assert child.poll() is None, "the server ended"
        time.sleep(0.01)
    return child


def endpoint(folder: Path, package_folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """An endpoint's process as the controller starts it, capturing into its spool."""
    folder.mkdir()
    variant = RouteVariant("v1", "bench", 1, trees.digest_folder(package_folder), str(package_folder), 1.0, "live")
    route = Route(endpoint="bench", number=1, salt="s", variants=(variant,), spool=str(folder / "spool"))
    write_route(route, folder / "route.json")
    command = [sys.executable, "-P", "-m", "mainspring.serving.endpoint", str(folder / "route.json")]
    child = start(command, folder / "process.json")
    return child, canonical.loads((folder / "process.json").read_bytes(), type=EndpointProcess).port


def measure(name: str, child: "subprocess.Popen[bytes]", port: int, *, seconds: float) -> None:
    """One line of the table."""
    random = np.random.default_rng(1)
    requests = [request_bytes(random) for _ in range(BODIES)]
    cells = []
    try:
        uvloop.run(load(port, requests, connections=4, seconds=WARM_UP_S))
        for connections in CONNECTIONS:
            before = cpu_s(child.pid)
            rate, latencies = uvloop.run(load(port, requests, connections=connections, seconds=seconds))
            spent = (cpu_s(child.pid) - before) / len(latencies) * 1e6
            p50, p99 = (1000 * latencies[int(len(latencies) * share)] for share in (0.5, 0.99))
            cells.append(f"{rate:>8,.0f} {p50:>8.2f} {p99:>8.2f} {spent:>8.0f}")
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)
    print(f"{name:<34}" + " |".join(cells))


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of load for each cell")
    seconds = parser.parse_args().seconds
    cores = sorted(os.sched_getaffinity(0))
    trees = HistGradientBoostingRegressor(max_iter=100, random_state=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = {
            "linear model": package(folder / "linear", LinearRegression()),
            "100 boosted trees": package(folder / "trees", trees),
            "100 boosted trees, transformation": package(folder / "transformed", trees, transform=prepare),
        }
        os.sched_setaffinity(0, {cores[-1]})
        print(
            f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; latencies in ms, CPU of the server in us an answer"
        )
        print(f"{'':<34}" + " |".join(f"{f'c={c}: req/s':>8} {'p50':>6} {'p99':>8} {'CPU':>8}" for c in CONNECTIONS))
        echo = start([sys.executable, "-c", ECHO, str(folder / "echo")], folder / "echo")
        measure("echo floor, no model", echo, int((folder / "echo").read_text()), seconds=seconds)
        for title, package_folder in made.items():
            child, port = endpoint(folder / f"{package_folder.name}-endpoint", package_folder)
            measure(title, child, port, seconds=seconds)


if __name__ == "__main__":
    main()
