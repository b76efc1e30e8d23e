"""The project folder: its pipelines, imported by name, and the data it begins with."""

import difflib
import importlib
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainspring.cli.config import Config, FirstFile
from mainspring.cli.errors import FileMissing, NotAProject, PipelineAmbiguous, PipelineBroken
from mainspring.kernel.errors import MissingExtra

if TYPE_CHECKING:
    from mainspring.domain.dataset import DatasetVersion
    from mainspring.pipelines.definition import Pipeline
    from mainspring.workspace import Workspace

__all__ = ["add_first_data", "choose_pipeline", "load_pipelines", "read_param"]

_OF_EXTRAS = {"sklearn": "ml", "scipy": "ml", "skops": "ml", "pyarrow": "ml"}
"""Packages that a project may import and the extra that brings them."""


def load_pipelines(config: Config) -> "dict[str, Pipeline[..., Any]]":
    """The pipelines of the project's module by name; raises NotAProject, MissingExtra, PipelineBroken with the
    user's own line."""
    from mainspring.pipelines.definition import Pipeline

    if config.folder is None:
        raise NotAProject(folder=Path.cwd())
    if str(config.folder) not in sys.path:
        sys.path.insert(0, str(config.folder))
    try:
        module = importlib.import_module(config.pipelines)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (error.name or "") in _OF_EXTRAS:
            raise MissingExtra(package=error.name, extra=_OF_EXTRAS[error.name or ""]) from error
        raise PipelineBroken(
            module=config.pipelines, reason=_reason(error), where=_where(error, config.folder)
        ) from error
    return {value.name: value for value in vars(module).values() if isinstance(value, Pipeline)}


def choose_pipeline(pipelines: "Mapping[str, Pipeline[..., Any]]", name: str, *, module: str) -> "Pipeline[..., Any]":
    """The pipeline called `name`, or the only one; raises PipelineUnknown, PipelineAmbiguous."""
    from mainspring.pipelines.errors import PipelineUnknown

    wanted = name.replace("-", "_")
    if wanted in pipelines:
        return pipelines[wanted]
    if not name and len(pipelines) == 1:
        return next(iter(pipelines.values()))
    known = ", ".join(sorted(pipelines)) or "none"
    if not name and pipelines:
        raise PipelineAmbiguous(module=module, known=known)
    near = difflib.get_close_matches(wanted, pipelines, n=1)
    meant = f", did you mean {near[0]!r}?" if near else f"; it has: {known}"
    raise PipelineUnknown(pipeline=name or "at all", where=f"module {module}{meant}")


# Any: a parameter is whatever its annotation says.
def read_param(pipeline: "Pipeline[..., Any]", name: str, text: str) -> Any:
    """The value that `text` means for a parameter: text where that is its type, else JSON."""
    import msgspec

    if pipeline.hints.get(name) is str:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def add_first_data(ws: "Workspace", name: str, first: FirstFile) -> "DatasetVersion | None":
    """Begin a dataset with the file that mainspring.toml names; None where it exists already."""
    from mainspring import data
    from mainspring.data import ops
    from mainspring.data.errors import DatasetUnknown

    try:
        ops.show_dataset(ws, name)
    except DatasetUnknown:
        if not first.file.is_file():
            raise FileMissing(path=first.file) from None
        return data.add(ws, name, first.file, event_time=first.event_time, key=first.key)
    return None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _where(error: Exception, folder: Path) -> str:
    """The user's own line nearest to where it was raised."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"look at {error.filename}, line {error.lineno}"
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(folder)]
    return (
        f"look at {own[-1].filename}, line {own[-1].lineno}: {own[-1].line}"
        if own
        else "is its name right in mainspring.toml?"
    )
