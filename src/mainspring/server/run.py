"""Runs the server: holds the workspace, serves the application, and lets the controllers tick beside it."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import uvicorn
from starlette.applications import Starlette

from mainspring.kernel.errors import MainspringError, Unavailable
from mainspring.loop.controllers import Failure, Tick, attend, train
from mainspring.server.app import create_app
from mainspring.server.security import check_bind
from mainspring.workspace import Workspace

__all__ = ["PortTaken", "serve"]

_log = logging.getLogger("mainspring.server")
_TICK_S = 1.0
_END_S = 3.0


class PortTaken(Unavailable):
    code = "port.taken"
    template = "port {port} on {host} is in use"
    hint = "choose another with: mainspring up --port PORT (0 picks a free one)"


def serve(
    ws: Workspace,
    *,
    host: str = "127.0.0.1",
    port: int = 4700,
    auth_required: bool = False,
    hosts: Iterable[str] = (),
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until interrupted; `announce` is told the address once requests are answered there."""
    check_bind(host, auth_required=auth_required)
    with ws.hold("mainspring up"), _listen(host, port) as listener:
        bound = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host

        controllers = _Controllers(ws)

        @contextlib.asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            controllers.start()
            announce(f"http://{shown}:{bound}")
            try:
                yield
            finally:
                await asyncio.to_thread(controllers.stop)

        names = () if host in ("0.0.0.0", "::") else (host,)  # noqa: S104 - compared, not bound
        app = create_app(ws, auth_required=auth_required, hosts=(*names, *hosts), lifespan=lifespan)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=65536,
        )
        uvicorn.Server(config).run(sockets=[listener])


class _Controllers:
    """The controllers' two threads: one attends, the other trains, since a training may take long."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._over = threading.Event()
        # Daemons: a training under way must not keep the process from ending. It is safe against a kill.
        self._threads = [
            threading.Thread(target=self._repeat, args=(step,), daemon=True, name=step.__name__)
            for step in (attend, train)
        ]

    def start(self) -> None:
        """Let them begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait a moment for the steps under way; one that takes longer is cut short, and the next `up` goes on with it."""
        self._over.set()
        for thread in self._threads:
            thread.join(_END_S)
            if thread.is_alive():
                _log.warning("'%s' was cut short; the next 'mainspring up' goes on with it", thread.name)

    def _repeat(self, step: Callable[[Workspace], Tick]) -> None:
        """Take one idempotent step a second; what fails is told once, and tried again."""
        told: frozenset[Failure] = frozenset()
        while not self._over.wait(_TICK_S):
            try:
                failures = frozenset(step(self._ws).failures)
                for failure in failures - told:
                    _log.warning("%s: %s", failure.subject, failure.message)
                told = failures
            except MainspringError as error:
                _log.warning("controllers: %s", error)
            except Exception:  # noqa: BLE001 - the edge of the controllers: they go on after a defect
                _log.exception("controllers hit a defect")


@contextlib.contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise PortTaken(host=host, port=port) from error
        listener.listen(256)
        yield listener
