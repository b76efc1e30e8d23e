"""Why a step failed, as a person wants to read it: their own line first, other people's lines folded."""

import linecache
import signal
import traceback
from pathlib import Path
from types import TracebackType

from mainspring.domain.run import Frame, RunFailure

__all__ = ["died", "failure_of", "report"]

_OURS = str(Path(__file__).parent)
_MAX_MESSAGE = 4000
_MAX_FRAMES = 20


def failure_of(error: BaseException, *, step: str, root: str, kind: str = "raised") -> RunFailure:
    """The failure that `error` is; files below `root` are the user's own and named relative to it."""
    frames = [_frame(item.filename, item.lineno or 0, item.name, root) for item in _walk(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append(_frame(error.filename, error.lineno or 0, "<module>", root))
    own = [frame for frame in reversed(frames) if frame.own]
    name = type(error).__name__ if type(error).__module__ == "builtins" else _qualified(type(error))
    return RunFailure(
        kind="import" if kind == "import" else "output" if kind == "output" else "raised",
        type=name,
        message=_text(error),
        step=step,
        frames=tuple(own[:_MAX_FRAMES]),
        folded=sum(not frame.own and not frame.file.startswith(_OURS) for frame in frames),
    )


def died(*, step: str, exit_code: int, killed_by: int, out_of_memory: bool) -> RunFailure:
    """The failure of a step whose process ended without a report."""
    if out_of_memory:
        return RunFailure(kind="memory", type="", message="the system killed it for want of memory", step=step)
    if killed_by:
        try:
            name = signal.Signals(killed_by).name
        except ValueError:
            name = f"signal {killed_by}"
        return RunFailure(kind="killed", type=name, message=f"its process was killed by {name}", step=step)
    return RunFailure(
        kind="exited", type="", message=f"its process ended with exit code {exit_code} and no result", step=step
    )


def report(failure: RunFailure, *, root: Path | None) -> str:
    """The failure in a few lines, the user's own frame first; files as paths from here where `root` is known."""
    what = f"{failure.type}: {failure.message}" if failure.type and failure.kind != "killed" else failure.message
    lines = [f"step '{failure.step}' failed: {what}" if failure.step else what]
    for frame in failure.frames:
        lines.append(f"  {_shown(frame.file, root)}:{frame.line}, in {frame.function}")
        if frame.source:
            lines.append(f"    {frame.source}")
    if failure.folded:
        lines.append(f"  ({failure.folded} frames of libraries folded)")
    return "\n".join(lines)


def _walk(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(trace))


def _frame(file: str, line: int, function: str, root: str) -> Frame:
    prefix = root.rstrip("/") + "/"
    own = file.startswith(prefix)
    source = linecache.getline(file, line).strip() if own else ""
    return Frame(file=file.removeprefix(prefix), line=line, function=function, source=source[:500], own=own)


def _text(error: BaseException) -> str:
    try:
        text = "\n".join([str(error), *getattr(error, "__notes__", [])])
    except Exception as broken:  # noqa: BLE001  the user's exception may fail to say what it is
        text = f"(its message could not be made: {type(broken).__name__})"
    return text[:_MAX_MESSAGE]


def _qualified(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _shown(file: str, root: Path | None) -> str:
    if root is None:
        return file
    path = root / file
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
