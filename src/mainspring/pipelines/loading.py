"""Importing a project from its snapshot, inside a process that is there for nothing else."""

import ast
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from mainspring.pipelines.entry import definitions
from mainspring.pipelines.errors import PipelineUnknown
from mainspring.pipelines.protocol import Load

__all__ = ["find", "import_project"]


def import_project(load: Load) -> ModuleType:
    """Import the pipeline's module, and with it all that it imports, from the snapshot and from nowhere else."""
    sys.dont_write_bytecode = True
    os.chdir(load.root)
    for name in [n for n in sys.modules if load.package and (n + ".").startswith(load.package + ".")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(load))
    sys.path[:0] = [str(Path(load.root, path)) for path in load.paths]
    if load.package:
        importlib.import_module(load.package)
    project = importlib.import_module(load.module)
    _import_codecs()
    return project


def _import_codecs() -> None:
    """What writing and reading models needs, once for all steps: in each child it would cost half a second."""
    if "mainspring.models" not in sys.modules:
        return
    importlib.import_module("mainspring.models.packages")
    if "sklearn" in sys.modules:
        # Without the package a step that makes a model says so; others do not need it.
        with contextlib.suppress(ImportError):
            importlib.import_module("skops.io")


def find(function: str) -> Any:
    """The step or pipeline `module:name`; raises PipelineUnknown."""
    module, _, name = function.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (AttributeError, ModuleNotFoundError) as error:
        raise PipelineUnknown(pipeline=name, where=module) from error


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the package that the snapshot stands for, and the pipeline's module without its script's tail."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if self._load.package and name == self._load.package:
            return self._package(name)
        if name != self._load.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _EntryLoader(spec.loader.name, spec.loader.path)
        return spec

    def _package(self, name: str) -> importlib.machinery.ModuleSpec:
        start = Path(self._load.root, "__init__.py")
        if start.exists():
            spec = importlib.util.spec_from_file_location(name, start, submodule_search_locations=[self._load.root])
            assert spec is not None
            return spec
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [self._load.root]
        return spec


class _EntryLoader(importlib.machinery.SourceFileLoader):
    # Any: as its base class has it.
    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        code: CodeType = compile(
            definitions(ast.parse(data, path)), path, "exec", dont_inherit=True, optimize=_optimize
        )
        return code
