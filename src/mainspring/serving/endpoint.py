"""The endpoint's process: `python -m mainspring.serving.endpoint ROUTE_FILE`.

It reads the route file and packages, opens no database, and goes on answering when whoever started it is gone. Beside
the route file it keeps `process.json` (who it is, its port, what it serves or refused) and a lock that only one holds.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import random
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import msgspec
import uvicorn

from mainspring.domain.endpoint import EndpointProcess
from mainspring.kernel import canonical
from mainspring.kernel.clock import SystemClock
from mainspring.kernel.errors import MainspringError
from mainspring.kernel.ids import Ids
from mainspring.serving.actual import PROCESS_FILE
from mainspring.serving.app import App
from mainspring.serving.captures import Spool
from mainspring.serving.guard import Guard
from mainspring.serving.proc import start_ticks
from mainspring.serving.route import read_route
from mainspring.serving.variants import load_route

__all__ = ["LOCK_FILE", "main"]

LOCK_FILE = "endpoint.lock"
_TICK_S = 1.0
_OLDEST_SEGMENT_S = 60.0
_DRAIN_S = 10
_log = logging.getLogger("mainspring.serving.endpoint")


class _Server(uvicorn.Server):
    """Says that it is there once it listens, and leaves a closed spool behind."""

    def __init__(self, config: uvicorn.Config, process: "_Process") -> None:
        super().__init__(config)
        self._process = process

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._process.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets=sockets)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.app.shadows.drain(), _DRAIN_S)
        self._process.spool.rotate()


class _Process:
    """One endpoint's process: its application, its spool, and the files by which it is known."""

    def __init__(self, path: Path) -> None:
        self._path = path
        route = read_route(path)
        self._stamp = _stamp(path)
        # Two endpoints' ids must differ without a word between them: hence the system's random source.
        self._ids = Ids(SystemClock(), random.SystemRandom())
        loaded = load_route(route)
        self.socket = _bound(route.port, last=_last_port(path.with_name(PROCESS_FILE)))
        self._port = int(self.socket.getsockname()[1])
        self.spool = Spool(Path(route.spool), segment_bytes=route.segment_bytes, new_id=self._ids.new)
        guard = Guard(self._port, route.hosts)
        self.app = App(loaded, spool=self.spool, guard=guard, new_id=self._ids.new)
        self.app.controls = {"/-/nudge": self._nudge, "/-/rotate": self._rotate}
        self._reloading = asyncio.Lock()

    def announce(self) -> None:
        """Write who this is and what it serves, whole or not at all."""
        pid = os.getpid()
        said = EndpointProcess(
            pid=pid,
            start_ticks=start_ticks(pid),
            port=self._port,
            number=self.app.route.route.number,
            error=self.app.route_error,
        )
        target = self._path.with_name(PROCESS_FILE)
        temporary = target.with_suffix(".new")
        temporary.write_bytes(canonical.dumps(said))
        temporary.rename(target)

    async def run(self) -> None:
        """Serve until a signal, keeping the spool and the route fresh meanwhile."""
        config = uvicorn.Config(
            self.app,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        ticking = asyncio.create_task(self._tick())
        try:
            await _Server(config, self).serve(sockets=[self.socket])
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            try:
                descriptor = self.spool.take_unsynced()
                if descriptor >= 0:
                    await asyncio.to_thread(_sync_and_close, descriptor)
                if self.spool.age_s > _OLDEST_SEGMENT_S:
                    self.spool.rotate()
            except OSError:
                # The disk may come back; what cannot be captured is not answered, so nothing is lost meanwhile.
                _log.exception("the spool could not be brought to the disk")
            if _stamp(self._path) != self._stamp:
                await self._reload()

    async def _nudge(self) -> dict[str, object]:
        await self._reload()
        return {"number": self.app.route.route.number, "error": self.app.route_error}

    async def _rotate(self) -> dict[str, object]:
        return {"segment": self.spool.rotate()}

    async def _reload(self) -> None:
        """Load the route file off the hot path, then put it in place by one reference; on an error the old one stays."""
        async with self._reloading:
            stamp = _stamp(self._path)
            if stamp == self._stamp and not self.app.route_error:
                return
            try:
                route = read_route(self._path)
                loaded = await asyncio.to_thread(load_route, route, loaded=self.app.route)
            except (MainspringError, OSError) as error:
                _log.error("the new route was refused: %s", error)
                self.app.route_error = str(error)
            else:
                self.app.route, self.app.route_error = loaded, ""
            self._stamp = stamp
            self.announce()


def _bound(port: int, *, last: int) -> socket.socket:
    """A socket on the loopback: at `port`, or where that is 0 at the port it had `last`, if nobody has taken it."""
    for wanted in [port] if port or not last else [last, 0]:
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", wanted))
        except OSError:
            found.close()
            if wanted != last or port:
                raise
        else:
            return found
    raise OSError(f"port {port} cannot be had")


def _last_port(file: Path) -> int:
    try:
        return canonical.loads(file.read_bytes(), type=EndpointProcess).port
    except (OSError, msgspec.MsgspecError):
        return 0


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def main(arguments: list[str]) -> int:
    """Run the process; 0 after a signal, 2 where it cannot start, 5 where another one serves this route."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    path = Path(arguments[0])
    with path.with_name(LOCK_FILE).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.error("another process serves %s", path)
            return 5
        try:
            process = _Process(path)
        except (MainspringError, OSError) as error:
            _log.error("the endpoint cannot start: %s", error)
            return 2
        import uvloop  # only this process needs it

        # uvicorn raises the signals it took once more when it is done; the spool is closed by then.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _ignore)
        uvloop.run(process.run())
    return 0


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Leave a signal to uvicorn."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
