"""`python -m mainspring.pipelines.forkserver FD`: imports a project once, then forks one child for each step.

It is exec'ed fresh, so nothing of the runner's process is in it; it imports and never executes a step itself, because a
library that has started threads hangs in a forked child. It opens no database. It dies with its owner: by the end of the
socket, and by the kernel's parent-death signal. With `--once` it runs a single step in its own process instead of a child.
"""

import contextlib
import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import time

import msgspec

from mainspring.pipelines import child
from mainspring.pipelines.failure import failure_of
from mainspring.pipelines.loading import import_project
from mainspring.pipelines.natives import watch_readers
from mainspring.pipelines.protocol import Done, Load, Loaded, Plan, Report, Request, Stop, Work
from mainspring.pipelines.recording import Recorder

__all__ = ["die_with_parent", "main", "unsafe_threads"]

_PR_SET_PDEATHSIG = 1
# Threads that importing polars starts; they hold no lock that a child could wait for (25 of 25 children went through).
_SAFE_THREADS = ("jemalloc_bg_thd", "polars-ooc-clea")
_RECEIVE_BYTES = 1 << 16


class _Child:
    """A forked child: its process, the pipe its report comes through, and what came."""

    def __init__(self, pid: int, pipe: int, work: str) -> None:
        self.pid = pid
        self.pipe = pipe
        self.work = work
        self.data = bytearray()


class _Server:
    """The loop: requests from the owner, reports from children, deaths of children."""

    def __init__(self, control: socket.socket, *, once: bool) -> None:
        self._control = control
        self._once = once
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray()
        self._recorder: Recorder | None = None
        self._kill_at = 0.0

    def serve(self) -> None:
        """Serve until the owner's end of the socket closes; then no child is left."""
        wake, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._control, selectors.EVENT_READ, "control")
        self._selector.register(wake, selectors.EVENT_READ, "wake")
        open_ = True
        while open_:
            timeout = max(0.0, self._kill_at - time.monotonic()) if self._kill_at else None
            for key, _ in self._selector.select(timeout):
                if key.data == "control":
                    open_ = self._receive()
                elif key.data == "wake":
                    os.read(wake, 4096)
                else:
                    self._read(key.data)
            if self._kill_at and time.monotonic() >= self._kill_at:
                self._kill_at = 0.0
                self._signal(signal.SIGKILL)
            self._reap()
        self._signal(signal.SIGKILL)

    def _receive(self) -> bool:
        data = self._control.recv(_RECEIVE_BYTES)
        if not data:
            return False
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._handle(msgspec.json.decode(line, type=Request))
        return True

    def _handle(self, request: Request) -> None:
        match request:
            case Load():
                self._send(self._import(request))
            case Work() | Plan():
                if self._once:
                    self._send(Done(id=request.id, report=self._perform(request)))
                    os._exit(0)
                self._fork(request)
            case Stop(grace_s=grace_s):
                self._signal(signal.SIGTERM)
                self._kill_at = time.monotonic() + grace_s

    def _import(self, load: Load) -> Loaded:
        self._recorder = Recorder(load.root, allowed=load.allowed)
        self._recorder.install()
        watch_readers(self._recorder)
        try:
            # Seeded in each child: imported there, it would cost 12 ms a step.
            import numpy.random  # noqa: F401

            import_project(load)
        except BaseException as error:  # noqa: BLE001  the edge of the process: a module may even raise SystemExit
            return Loaded(failure=failure_of(error, step="", root=load.root, kind="import"))
        # What is there now is shared with every child: scanning it for garbage there would copy its pages.
        gc.collect()
        gc.freeze()
        return Loaded(threads=unsafe_threads())

    def _fork(self, request: Work | Plan) -> None:
        read, write = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._become_child(read)
                self._write_all(write, msgspec.json.encode(self._perform(request)))
                code = 0
            finally:
                os._exit(code)
        os.close(write)
        # Both sides do this: a signal to the group must find it, whoever comes first.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)
        self._children[pid] = _Child(pid, read, request.id)
        self._selector.register(read, selectors.EVENT_READ, self._children[pid])

    def _become_child(self, read: int) -> None:
        server = os.getppid()
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.close(read)
        self._selector.close()
        self._control.close()
        for other in self._children.values():
            os.close(other.pipe)
        die_with_parent()
        if os.getppid() != server:
            os._exit(1)

    def _perform(self, request: Work | Plan) -> Report:
        assert self._recorder is not None
        if isinstance(request, Plan):
            return child.plan(request)
        child.redirect(request.log)
        return child.work(request, self._recorder)

    def _read(self, worker: _Child) -> None:
        data = os.read(worker.pipe, _RECEIVE_BYTES)
        worker.data += data
        if not data:
            self._selector.unregister(worker.pipe)

    def _reap(self) -> None:
        while self._children:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            # Whatever the step left running ends with it; before the wait, while the group's number is surely its own.
            _kill_group(ended.si_pid, signal.SIGKILL)
            pid, status = os.waitpid(ended.si_pid, 0)
            worker = self._children.pop(pid, None)
            if worker is None:
                continue
            self._drain(worker)
            signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
            report = _report(bytes(worker.data)) if not signalled and code == 0 else None
            self._send(Done(id=worker.work, exit_code=code, signal=signalled, report=report))

    def _drain(self, worker: _Child) -> None:
        """Read what is still in the pipe; a process that the step left behind may hold it open, so no end is waited for."""
        os.set_blocking(worker.pipe, False)
        try:
            while data := os.read(worker.pipe, _RECEIVE_BYTES):
                worker.data += data
        except BlockingIOError:
            pass
        if worker.pipe in self._selector.get_map():
            self._selector.unregister(worker.pipe)
        os.close(worker.pipe)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._children:
            _kill_group(pid, number)

    def _send(self, message: Loaded | Done) -> None:
        self._control.sendall(msgspec.json.encode(message) + b"\n")

    @staticmethod
    def _write_all(pipe: int, data: bytes) -> None:
        while data:
            data = data[os.write(pipe, data) :]


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the one that started it ends (Linux; elsewhere the socket's end does)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def unsafe_threads() -> tuple[str, ...]:
    """The names of this process's other threads that are not known to be safe to fork beside (Linux; elsewhere none)."""
    try:
        ids = os.listdir("/proc/self/task")
    except FileNotFoundError:
        return ()
    names = []
    for thread in ids:
        if int(thread) == os.getpid():
            continue
        try:
            with open(f"/proc/self/task/{thread}/comm", encoding="utf-8") as file:
                names.append(file.read().strip())
        except FileNotFoundError:
            continue
    return tuple(name for name in names if not name.startswith(_SAFE_THREADS))


def _report(data: bytes) -> Report | None:
    """What a child wrote; None where it ended before that was whole, as a step can make it by `os._exit(0)`."""
    try:
        return msgspec.json.decode(data, type=Report)
    except msgspec.DecodeError:
        return None


def _kill_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def main() -> None:
    """Serve the owner at the other end of the socket whose descriptor is given."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    _Server(control, once="--once" in sys.argv).serve()
    # Nothing is left to tidy, and taking the interpreter down costs the runner 60 ms.
    os._exit(0)


if __name__ == "__main__":
    main()
