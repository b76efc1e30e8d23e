"""The runner's end of a fork server: it starts one, gives it work, and hears how each step ended."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mainspring.kernel.sandbox import SECRETS, child_environment
from mainspring.pipelines.errors import RunnerStopped
from mainspring.pipelines.protocol import Done, Load, Loaded, Plan, Request, Response, Stop, Work

__all__ = ["Worker", "environment"]

_RECEIVE_BYTES = 1 << 16
_END_S = 5.0
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


def environment(*, threads: int, declared: Iterable[str]) -> dict[str, str]:
    """The variables of a worker: what any process needs and what its steps declare, thread counts and hash seed pinned.

    Mainspring's own credentials are not given, declared or not: who may write steps need not be who runs the server.
    """
    own = {name: os.environ[name] for name in declared if name in os.environ and name not in SECRETS}
    pinned = {name: str(threads) for name in _THREAD_VARIABLES}
    return child_environment(**own | pinned | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"})


class Worker:
    """A running fork server, or with `once` a process for a single step."""

    def __init__(
        self, *, pipeline: str, threads: int, log: Path, declared: Iterable[str] = (), once: bool = False
    ) -> None:
        self._pipeline = pipeline
        self._log = log
        self._buffer = bytearray()
        self._once = once
        self.work = ""
        ours, theirs = socket.socketpair()
        self._socket = ours
        # -I would drop PYTHONPATH, -P only keeps the current folder off the path: the snapshot alone is the project.
        command = [sys.executable, "-P", "-m", "mainspring.pipelines.forkserver", str(theirs.fileno())]
        with theirs, log.open("ab") as out:
            self._process = subprocess.Popen(
                [*command, "--once"] if once else command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment(threads=threads, declared=declared),
                # A session of its own: Ctrl-C reaches the runner alone, which then stops the steps in order.
                start_new_session=True,
            )

    def fileno(self) -> int:
        """The socket's descriptor, for selectors."""
        return self._socket.fileno()

    def load(self, load: Load) -> Loaded:
        """Import the project there; raises RunnerStopped when the process ends instead."""
        self.send(load)
        while True:
            for message in self.receive():
                assert isinstance(message, Loaded)
                return message

    def send(self, request: Request) -> None:
        """Send a request; the end of the process shows at the next `receive`."""
        if isinstance(request, (Work, Plan)):
            self.work = request.id
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(msgspec.json.encode(request) + b"\n")

    def receive(self) -> list[Response]:
        """Wait for bytes and return the whole messages; raises RunnerStopped when the process has ended."""
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except ConnectionResetError:
            data = b""
        if not data:
            raise RunnerStopped(pipeline=self._pipeline, reason=self._why())
        self._buffer += data
        messages: list[Response] = []
        while (end := self._buffer.find(b"\n")) >= 0:
            messages.append(msgspec.json.decode(bytes(self._buffer[:end]), type=Response))
            del self._buffer[: end + 1]
        return messages

    def ended(self) -> Done:
        """How a `once` process ended that gave no report."""
        code = self._process.wait()
        return Done(id=self.work, exit_code=max(code, 0), signal=max(-code, 0))

    def wait_for(self, work: str) -> Done:
        """The end of that work, when nothing else is under way."""
        while True:
            for message in self.receive():
                if isinstance(message, Done) and message.id == work:
                    return message

    def stop(self, *, grace_s: float, expecting: int) -> None:
        """End `expecting` running steps, by force after `grace_s`, then the process; returns when it has ended."""
        if self._once:
            # It runs its step itself and hears nothing meanwhile.
            self._kill(signal.SIGTERM)
        self.send(Stop(grace_s=grace_s))
        until = time.monotonic() + 2 * grace_s
        with selectors.DefaultSelector() as selector, contextlib.suppress(RunnerStopped):
            selector.register(self._socket, selectors.EVENT_READ)
            while expecting > 0 and (left := until - time.monotonic()) > 0:
                if selector.select(left):
                    expecting -= sum(isinstance(message, Done) for message in self.receive())
        self.close()

    def close(self) -> None:
        """Close the socket, upon which the server kills what is left and ends; returns when it has ended."""
        self._socket.close()
        try:
            self._process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._kill(signal.SIGKILL)
            self._process.wait()

    def _kill(self, number: signal.Signals) -> None:
        """Signal the process and whatever its step started: it leads a session of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _why(self) -> str:
        code = self._process.wait()
        tail = self._log.read_text(errors="replace").strip().splitlines()[-1:] if self._log.exists() else []
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {tail[0]}" if tail else how
