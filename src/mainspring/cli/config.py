"""mainspring.toml: the settings of a project folder."""

import difflib
import tomllib
from pathlib import Path

from mainspring.cli.errors import ConfigBroken, ConfigUnknownKey

__all__ = ["CONFIG_KEYS", "CONFIG_NAME", "Config", "find_config", "read_config"]

CONFIG_NAME = "mainspring.toml"
CONFIG_KEYS = {
    "pipelines": "The module of this folder that holds its pipelines.",
    "project": "The project; `default` where it is not given.",
    "workspace": "Folder or URL of the workspace; `.mainspring` beside the file where it is not given.",
}
"""What mainspring.toml may say."""


class Config:
    """What mainspring.toml says; `folder` is where it lies, None where there is none."""

    def __init__(self, folder: Path | None = None, values: dict[str, str] | None = None) -> None:
        values = values or {}
        self.folder = folder
        self.project = values.get("project", "")
        self.pipelines = values.get("pipelines", "")
        self.workspace = _beside(folder, values.get("workspace", ""))


def _beside(folder: Path | None, workspace: str) -> str:
    if folder is None or "://" in workspace:
        return workspace
    path = folder / (workspace or ".mainspring")
    return str(path) if folder != Path.cwd() else f"./{path.relative_to(folder)}"


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
    keys = ", ".join(CONFIG_KEYS)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigBroken(path=path, reason=error, keys=keys) from error
    for key, value in values.items():
        if key not in CONFIG_KEYS:
            near = difflib.get_close_matches(key, CONFIG_KEYS, n=1)
            raise ConfigUnknownKey(
                path=path, key=key, keys=keys, suggestion=f"did you mean {near[0]!r}? " if near else ""
            )
        if not isinstance(value, str):
            raise ConfigBroken(path=path, reason=f"{key} must be text", keys=keys)
    return Config(path.parent, values)
