"""Runs the server: holds the workspace, serves the application, and lets the controllers tick beside it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import uvicorn
from starlette.applications import Starlette

from mainspring.kernel.errors import MainspringError, Unavailable
from mainspring.loop.controllers import Failure, tick
from mainspring.server.app import create_app
from mainspring.server.security import check_bind
from mainspring.workspace import Workspace

__all__ = ["PortTaken", "serve"]

_log = logging.getLogger("mainspring.server")
_TICK_S = 1.0


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

        @contextlib.asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            controllers = asyncio.create_task(_control(ws))
            announce(f"http://{shown}:{bound}")
            try:
                yield
            finally:
                controllers.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await controllers

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


async def _control(ws: Workspace) -> None:
    """Let every controller take one idempotent step a second; what fails is told once, and tried again."""
    told: frozenset[Failure] = frozenset()
    while True:
        try:
            failures = frozenset((await asyncio.to_thread(tick, ws)).failures)
            for failure in failures - told:
                _log.warning("%s: %s", failure.subject, failure.message)
            told = failures
        except MainspringError as error:
            _log.warning("controllers: %s", error)
        except Exception:  # noqa: BLE001 - the edge of the controllers: they go on after a defect
            _log.exception("controllers hit a defect")
        await asyncio.sleep(_TICK_S)


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
