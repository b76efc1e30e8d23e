"""A project in a folder of its own, written and imported as a user's would be."""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


class Project:
    """A project's folder; its modules are imported afresh each time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.write("mainspring.toml", "")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a file that is there."""
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def load(self, name: str = "flow") -> ModuleType:
        """The module as it is on disk now."""
        self.forget()
        importlib.invalidate_caches()
        return importlib.import_module(name)

    def forget(self) -> None:
        """Drop every module of the project that is loaded."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.root)):
                del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project on the import path."""
    made = Project(tmp_path / "project")
    monkeypatch.syspath_prepend(str(made.root))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield made
    made.forget()
