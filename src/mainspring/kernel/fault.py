"""Fault points: named places before and after each durable step, where a test can kill the process.

`MAINSPRING_FAULT=artifact.commit.before_rename` kills at the first pass of that point, `name:3` at the third.
`MAINSPRING_FAULT_LOG=FILE` appends the name of every point passed, which is how a test finds them all.
Without these variables a point costs one truth test.
"""

import os
import signal

__all__ = ["point"]

_target, _, _nth = os.environ.get("MAINSPRING_FAULT", "").partition(":")
_left = int(_nth or 1)
_log = os.environ.get("MAINSPRING_FAULT_LOG", "")
_armed = bool(_target or _log)


def point(name: str) -> None:
    """Pass the point `name` (`<thing>.<act>.<before|after>_<step>`), or die here with SIGKILL if a test asked for it."""
    if _armed:
        _pass(name)


def _pass(name: str) -> None:
    global _left
    if _log:
        with open(_log, "a", encoding="utf-8") as file:
            file.write(name + "\n")
    if name == _target:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
