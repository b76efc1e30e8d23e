"""Processes of this machine, told apart by their start time: a pid alone may belong to somebody else by now."""

import os
import signal
import time
from pathlib import Path

__all__ = ["is_running", "start_ticks", "stop"]

_STATE, _START = 0, 19
_POLL_S = 0.02


def start_ticks(pid: int) -> int:
    """When process `pid` started, in kernel ticks since boot; 0 where there is none, or only its remains."""
    try:
        # The command's name may hold spaces and brackets: what follows the last one is plain.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[_STATE] in ("Z", "X") else int(fields[_START])


def is_running(pid: int, ticks: int, *, argument: str) -> bool:
    """Whether `pid` is the process that started at `ticks` with `argument` on its command line."""
    if not ticks or start_ticks(pid) != ticks:
        return False
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return argument.encode() in arguments


def stop(pid: int, ticks: int, *, argument: str, timeout_s: float) -> bool:
    """End that process, and no other: politely, then by force after `timeout_s`; whether it needed force."""
    if not is_running(pid, ticks, argument=argument):
        return False
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if not is_running(pid, ticks, argument=argument):
            return False
        time.sleep(_POLL_S)
    if is_running(pid, ticks, argument=argument):
        os.kill(pid, signal.SIGKILL)
        while is_running(pid, ticks, argument=argument):
            time.sleep(_POLL_S)
    return True
