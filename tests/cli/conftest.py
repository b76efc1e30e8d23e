"""A command line to call: in this process, in a folder of its own."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.main import root
from mainspring.workspace import create_workspace

Call = Callable[..., Result]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: an empty folder, without any MAINSPRING_* variable."""
    for name in [name for name in os.environ if name.startswith("MAINSPRING_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(empty: Path) -> Call:
    """`call("runs", "list")` in the working directory."""

    def invoke(*words: str, **options: Any) -> Result:
        return CliRunner().invoke(root, list(words), **options)

    return invoke


@pytest.fixture
def made(empty: Path) -> Path:
    """The working directory with an empty workspace in it."""
    create_workspace(empty / ".mainspring").close()
    return empty


def data_of(result: Result) -> Any:
    """The `data` of a --json answer."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["data"]
