"""Files that native code opens by itself, which no audit hook sees: the readers of polars and pyarrow tell the recorder."""

import functools
import glob
import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

from mainspring.pipelines.recording import Recorder

__all__ = ["watch_readers"]

_READERS = {
    "polars": ("read_", "scan_"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.dataset": ("dataset",),
    "pyarrow.feather": ("read_table", "read_feather"),
    "pyarrow.parquet": ("read_table", "read_metadata", "read_schema"),
}


def watch_readers(recorder: Recorder) -> None:
    """From now on, these modules' readers report the paths they are given, as soon as a module is imported."""
    for name in _READERS:
        if name in sys.modules:
            _wrap(sys.modules[name], recorder)
    sys.meta_path.insert(0, _Finder(recorder))


class _Finder(importlib.abc.MetaPathFinder):
    """Wraps the readers of a module right after it is imported, before the project can take a name out of it."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _READERS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._recorder)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, recorder: Recorder) -> None:
        super().__init__(name, path)
        self._recorder = recorder

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _wrap(module, self._recorder)


def _wrap(module: ModuleType, recorder: Recorder) -> None:
    for name in dir(module):
        function = getattr(module, name)
        if name.startswith(_READERS[module.__name__]) and callable(function) and not isinstance(function, type):
            setattr(module, name, _reporting(function, recorder))


# Any: readers of many signatures, whose first argument is the source.
def _reporting(function: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    @functools.wraps(function)
    def read(*args: Any, **kwargs: Any) -> Any:
        for source in (*args[:1], *kwargs.values()):
            for path in _paths(source):
                recorder.read_native(path)
        return function(*args, **kwargs)

    return read


def _paths(source: object) -> Iterable[str]:
    """The paths in a reader's argument; a pattern stands for the files it matches now."""
    if isinstance(source, (list, tuple)):
        return [path for item in source for path in _paths(item)]
    if not isinstance(source, (str, os.PathLike)):
        return []
    text = os.fsdecode(source)
    if "://" in text:
        return [text]
    if glob.has_magic(text):
        return [text, *glob.glob(text, recursive=True)]
    if os.path.isdir(text):
        return [os.path.join(folder, name) for folder, _, names in os.walk(text) for name in names]
    return [text] if os.path.exists(text) else []
