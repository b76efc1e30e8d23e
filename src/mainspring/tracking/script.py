"""`with ms.run("name") as run:` for scripts and notebooks that log by themselves."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mainspring.domain.artifact import Artifact
from mainspring.domain.run import RunId
from mainspring.tracking import ops
from mainspring.tracking.connection import current

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Script", "run"]


class Script:
    """An open run; leaving its block ends it: succeeded, failed with the exception, or cancelled by Ctrl-C."""

    def __init__(self, ws: "Workspace", name: str) -> None:
        self._ws = ws
        self._name = name
        self.id = RunId("")

    def __enter__(self) -> Self:
        self.id = ops.create_run(self._ws, name=self._name).id
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            ops.finish_run(self._ws, self.id)
        elif isinstance(error, KeyboardInterrupt):
            ops.finish_run(self._ws, self.id, status="cancelled")
        else:
            ops.finish_run(self._ws, self.id, status="failed", message=f"{type(error).__name__}: {error}")

    # Any: parameters are plain JSON values.
    def log_param(self, name: str, value: Any) -> None:
        """Log one parameter; the same value again is fine, another one raises ParamConflict."""
        self.log_params({name: value})

    # Any: parameters are plain JSON values.
    def log_params(self, params: dict[str, Any]) -> None:
        """Log parameters; see `log_param`."""
        ops.log_params(self._ws, self.id, params=params)

    def log_metric(self, name: str, value: float, *, step: int = 0) -> None:
        """Log one point of a metric."""
        self.log_metrics({name: value}, step=step)

    def log_metrics(self, metrics: dict[str, float], *, step: int = 0) -> None:
        """Log one point of each metric at `step`."""
        ops.log_metrics(self._ws, self.id, metrics=metrics, step=step)

    def log_artifact(self, name: str, path: Path) -> Artifact:
        """Store a file's bytes and name them as an output of this run."""
        digest = self._ws.objects.put_file(path)
        return ops.log_artifact(self._ws, self.id, name=name, digest=digest)


def run(name: str, ws: "Workspace | None" = None) -> Script:
    """A run to log into, for use in a `with` block; `ws` None means the connected workspace."""
    return Script(ws or current(), name)
