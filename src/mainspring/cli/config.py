"""mainspring.toml: the settings of a project folder."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mainspring.cli.errors import ConfigBroken, ConfigUnknownKey

__all__ = ["CONFIG_KEYS", "CONFIG_NAME", "Config", "FirstFile", "find_config", "read_config"]

CONFIG_NAME = "mainspring.toml"
CONFIG_KEYS = {
    "pipelines": "The module of this folder that holds its pipelines; `pipeline` where it is not given.",
    "project": "The project; `default` where it is not given.",
    "workspace": "Folder or URL of the workspace; `.mainspring` beside the file where it is not given.",
    "data": "A table for each dataset that begins with a file of this folder: `file`, `event_time`, `key`.",
}
"""What mainspring.toml may say."""
_DATA_KEYS = ("event_time", "file", "key")


@dataclass(frozen=True)
class FirstFile:
    """The file that a dataset begins with where it does not exist yet."""

    file: Path
    event_time: str = ""
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """What mainspring.toml says; `folder` is where it lies, None where there is none."""

    folder: Path | None = None
    project: str = ""
    pipelines: str = "pipeline"
    workspace: str = ""
    data: Mapping[str, FirstFile] = field(default_factory=dict)


def find_config() -> Config:
    """The nearest mainspring.toml, from the working directory upwards."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / CONFIG_NAME
        if path.is_file():
            return read_config(path)
    return Config()


def read_config(path: Path) -> Config:
    """The settings in `path`; raises ConfigBroken and ConfigUnknownKey."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigBroken(path=path, reason=error) from error
    _check_keys(path, values, tuple(CONFIG_KEYS))
    folder = path.parent
    data = values.get("data", {})
    if not isinstance(data, dict):
        raise ConfigBroken(path=path, reason="data must be a table of datasets")
    return Config(
        folder=folder,
        project=_text(path, values, "project"),
        pipelines=_text(path, values, "pipelines") or "pipeline",
        workspace=_beside(folder, _text(path, values, "workspace")),
        data={name: _first_file(path, name, entry) for name, entry in data.items()},
    )


# Any: TOML values.
def _first_file(path: Path, name: str, entry: Any) -> FirstFile:
    if not isinstance(entry, dict):
        raise ConfigBroken(path=path, reason=f"data.{name} must be a table with a file")
    _check_keys(path, entry, _DATA_KEYS)
    file, key = _text(path, entry, "file"), entry.get("key", [])
    if not file or not isinstance(key, list) or not all(isinstance(column, str) for column in key):
        raise ConfigBroken(path=path, reason=f"data.{name} needs a file, and its key must be a list of columns")
    return FirstFile(file=path.parent / file, event_time=_text(path, entry, "event_time"), key=tuple(key))


def _check_keys(path: Path, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigUnknownKey(path=path, key=key, keys=", ".join(known), suggestion=meant)


def _text(path: Path, values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise ConfigBroken(path=path, reason=f"{key} must be text")
    return value


def _beside(folder: Path, workspace: str) -> str:
    """The workspace seen from the working directory; a relative folder lies beside the file."""
    if "://" in workspace:
        return workspace
    path = folder / (workspace or ".mainspring")
    here = Path.cwd()
    return f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)
