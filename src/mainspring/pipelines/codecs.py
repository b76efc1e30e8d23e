"""How values become artifacts: one codec for each kind, chosen by a step's annotations, same bytes for the same value."""

import importlib
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from mainspring.kernel import canonical
from mainspring.pipelines.metrics import Metrics

__all__ = ["CODECS", "Codec", "UnsupportedType", "is_instance", "kind_of", "name_of"]

# By name, so that only the packages a project imports are loaded.
_BY_NAME = (
    ("builtins", "bytes", "bytes"),
    ("mainspring.pipelines", "Metrics", "metrics"),
    ("mainspring.models", "Model", "model"),
    ("mainspring.data", "Dataset", "dataset"),
    ("mainspring.domain", "Evaluation", "evaluation"),
    ("polars", "DataFrame", "frame"),
    ("numpy", "ndarray", "array"),
    ("msgspec", "Struct", "record"),
)
_SCALARS = (bool, int, float, str, type(None))


class UnsupportedType(TypeError):
    """A type that no codec can write."""


class Codec(Protocol):
    """Writes values of one kind to a file, or to a folder where `tree`; `version` changes when the bytes do."""

    version: int
    tree: bool

    # Any: each codec has its own type of value.
    def write(self, value: Any, path: Path) -> None: ...
    def read(self, path: Path, hint: Any = Any) -> Any: ...


class _Frame:
    """A polars frame as an Arrow IPC file, uncompressed, so that a reader maps it instead of reading it.

    The same computation writes the same bytes. Equal frames that were computed differently may not: what lies under a
    null is not cleared, since that would copy every column.
    """

    version = 1
    tree = False

    def write(self, value: Any, path: Path) -> None:
        import polars as pl  # not needed by pipelines without frames

        # One chunk and the oldest layout of strings: in polars' own layout the bytes of a text column show how it was made.
        oldest = pl.CompatLevel.oldest()
        value.rechunk().write_ipc(path, compression="uncompressed", compat_level=oldest)

    def read(self, path: Path, hint: Any = Any) -> Any:
        import polars as pl

        return pl.read_ipc(path)


class _Array:
    """A numpy array as npy; arrays of Python objects are refused, since they would be pickled."""

    version = 1
    tree = False

    def write(self, value: Any, path: Path) -> None:
        import numpy as np  # not needed by pipelines without arrays

        with path.open("wb") as file:
            np.save(file, value, allow_pickle=False)

    def read(self, path: Path, hint: Any = Any) -> Any:
        import numpy as np

        return np.load(path, mmap_mode="r", allow_pickle=False)


class _Json:
    """Scalars, lists and dicts with text keys as JSON, in their own order; NaN and infinity as Python writes them."""

    version = 1
    tree = False

    def write(self, value: Any, path: Path) -> None:
        _check_plain(value, "the result")
        path.write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")

    def read(self, path: Path, hint: Any = Any) -> Any:
        return json.loads(path.read_text(encoding="utf-8"))


class _Metrics(_Json):
    """Named numbers as JSON."""

    def read(self, path: Path, hint: Any = Any) -> Any:
        return Metrics(super().read(path))


class _Bytes:
    """Bytes as they are."""

    version = 1
    tree = False

    def write(self, value: Any, path: Path) -> None:
        path.write_bytes(value)

    def read(self, path: Path, hint: Any = Any) -> Any:
        return path.read_bytes()


class _Record:
    """A msgspec Struct as canonical JSON."""

    version = 1
    tree = False

    def write(self, value: Any, path: Path) -> None:
        path.write_bytes(canonical.dumps(value))

    def read(self, path: Path, hint: Any = Any) -> Any:
        return canonical.loads(path.read_bytes(), type=hint)


class _Model:
    """A packaged model: a folder in the layout of models.packages."""

    version = 1
    tree = True

    def write(self, value: Any, path: Path) -> None:
        # By name: pipelines without models load none of it.
        importlib.import_module("mainspring.models.packages").write(value, path)

    def read(self, path: Path, hint: Any = Any) -> Any:
        packages = importlib.import_module("mainspring.models.packages")
        # Its types were trusted by the project whose step made it; steps alone read it, never the server.
        return packages.load(path, trusted=packages.read_package(path).trusted)


CODECS: dict[str, Codec] = {
    "array": _Array(),
    "bytes": _Bytes(),
    "evaluation": _Record(),
    "frame": _Frame(),
    "json": _Json(),
    "metrics": _Metrics(),
    "model": _Model(),
    "record": _Record(),
}
"""Kind of artifact -> its codec; the kind `dataset` has none, since steps read datasets and write none."""


# Any: annotations are type forms, of which `type` is only one.
def kind_of(annotation: Any) -> str:
    """The kind of artifact for values of `annotation`; raises UnsupportedType."""
    plain = typing.get_origin(annotation) or annotation
    if annotation is None or plain in (bool, int, float, str, list, dict, type(None)):
        return "json"
    if _is_union(annotation):
        kinds = {kind_of(member) for member in typing.get_args(annotation)} or {""}
        if len(kinds) == 1 and kinds != {""}:
            return kinds.pop()
    if not isinstance(plain, type):
        raise UnsupportedType(name_of(annotation))
    for module, name, kind in _BY_NAME:
        if any(base.__name__ == name and _within(base.__module__, module) for base in plain.__mro__):
            return kind
    raise UnsupportedType(name_of(annotation))


# Any: see `kind_of`.
def is_instance(value: Any, annotation: Any) -> bool:
    """Whether `value` is of the outer type of `annotation`; an int may stand for a float."""
    plain = typing.get_origin(annotation) or annotation
    if annotation is None:
        return value is None
    if _is_union(annotation):
        return any(is_instance(value, member) for member in typing.get_args(annotation))
    if plain is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if plain is int and isinstance(value, bool):
        return False
    return isinstance(value, plain) if isinstance(plain, type) else False


# Any: see `kind_of`.
def name_of(annotation: Any) -> str:
    """A type as a person writes it."""
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return annotation.__name__
    return str(annotation).replace("typing.", "")


# Any: see `kind_of`.
def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _within(module: str, package: str) -> bool:
    return (module + ".").startswith(package + ".")


def _check_plain(value: object, where: str) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}; JSON keys are text")
            _check_plain(item, f"{where}[{key!r}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]")
    elif not isinstance(value, _SCALARS):
        raise TypeError(f"{where} is {type(value).__name__}; only plain values can be kept as JSON")
