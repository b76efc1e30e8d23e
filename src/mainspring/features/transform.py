"""The transformation a model carries: its sources are stored with the model, hashed, and run from there by the endpoint.

`pack` collects the sources of the function's module and of every project module that it imports, `unpack` makes the
function again from those sources alone, under a package name of their digest. Training calls the very function that is
packed; serving runs the packed sources; both are one code, or `TransformChanged` is raised.

Project code is what is neither in the standard library nor installed; `mainspring.demo` counts as a project. Packed code
is the model owner's own code and runs with the rights of the process: the digest guards against change, not malice.
"""

import ast
import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import linecache
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from mainspring.domain.package import Transform
from mainspring.features.errors import TransformChanged, TransformInvalid
from mainspring.kernel.hashing import digest_of
from mainspring.kernel.names import check_relative

__all__ = ["pack", "unpack"]

Function = Callable[[pl.DataFrame], pl.DataFrame]

_FORMAT = 1
_PREFIX = "mainspring_transform_"
_INSTALLED = ("site-packages", "dist-packages")
_lock = threading.RLock()


def pack(function: Function) -> Transform:
    """The sources that `function` needs, its entry and the digest of both; raises TransformInvalid.

    It must be a plain function at the top of a module that has a file, and its module's imports must be absolute or
    relative to its package.
    """
    entry = f"{_module_name(function.__module__)}:{getattr(function, '__qualname__', function)}"
    module = sys.modules.get(function.__module__)
    name = getattr(function, "__name__", "")
    plain = inspect.unwrap(function)
    if not inspect.isfunction(plain) or module is None or getattr(module, name, None) is not function:
        raise TransformInvalid(entry=entry, reason="it is not a function at the top of a module")
    if function.__module__.startswith(_PREFIX):
        raise TransformInvalid(entry=entry, reason="it came out of a model; carry on its stored form instead")
    collector = _Collector(entry)
    collector.collect(module)
    ordered = dict(sorted(collector.files.items()))
    return Transform(entry=entry, digest=_digest(entry, ordered), files=ordered)


def unpack(transform: Transform) -> Function:
    """The function of a stored transformation, made from its sources alone; raises TransformChanged, TransformInvalid.

    Modules of one digest are made once a process. The project's own modules on sys.path are never touched.
    """
    found = _digest(transform.entry, transform.files)
    if found != transform.digest:
        raise TransformChanged(entry=transform.entry, reason=f"digest {found[:12]}, recorded {transform.digest[:12]}")
    module_name, _, name = transform.entry.partition(":")
    package = _PREFIX + transform.digest[:32]
    with _lock:
        if package not in sys.modules:
            finder = _Finder(package, transform.files)
            sys.meta_path.insert(0, finder)
            sys.modules[package] = importlib.util.module_from_spec(finder.root)
        module = importlib.import_module(f"{package}.{module_name}")
    function = getattr(module, name, None)
    if not callable(function):
        raise TransformChanged(entry=transform.entry, reason=f"its module has no function '{name}'")
    return function  # type: ignore[no-any-return]  # what the entry names; its types are the owner's word


def _digest(entry: str, files: Mapping[str, str]) -> str:
    return digest_of(["transform", _FORMAT, entry, dict(files)])


class _Collector:
    """Collects a module's source and those of the project modules it imports, into `files` by relative path."""

    def __init__(self, entry: str) -> None:
        self.files: dict[str, str] = {}
        self._entry = entry
        self._home = entry.partition(":")[0].partition(".")[0]
        self._seen: set[str] = set()

    def collect(self, module: ModuleType) -> None:
        name = _module_name(module.__name__)
        if name in self._seen:
            return
        self._seen.add(name)
        path = Path(module.__file__ or "")
        try:
            source = path.read_bytes().decode()
            tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError) as error:
            reason = f"the source of module '{name}' cannot be read ({error})"
            raise TransformInvalid(entry=self._entry, reason=reason) from error
        is_package = path.name == "__init__.py"
        self.files[check_relative(name.replace(".", "/") + ("/__init__.py" if is_package else ".py"))] = source
        parent = name.rpartition(".")[0]
        for wanted in [*self._imports(tree, package=name if is_package else parent), parent]:
            found = self._project_module(wanted)
            if found is not None:
                self.collect(found)

    def _imports(self, tree: ast.Module, *, package: str) -> Iterator[str]:
        """The names of modules that may be imported; for `from a import b` both a and a.b, since b may be a module."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (self._checked(alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join([*above, base] if base else above)
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")

    def _checked(self, name: str) -> str:
        # `import mainspring.demo.x` binds `mainspring`, which is installed and not packed: other code would run.
        if name.startswith("mainspring.") and self._project_module(name) is not None:
            raise TransformInvalid(entry=self._entry, reason=f"write 'from … import …' instead of 'import {name}'")
        return name

    def _project_module(self, name: str) -> ModuleType | None:
        """The module if it is the project's own and has a source file, else None."""
        top = name.partition(".")[0]
        if not name or top in sys.stdlib_module_names or top.startswith(_PREFIX):
            return None
        if top == "mainspring" and not (name + ".").startswith("mainspring.demo."):
            return None
        # A project that is installed itself is packed too: its name is that of the function's own package.
        if top not in (self._home, "mainspring") and _is_installed(top):
            return None
        try:
            module = sys.modules.get(name) or importlib.import_module(name)
        except ImportError:
            # `from a import b` where b is not a module, or an import that the function guards by itself.
            return None
        return module if (getattr(module, "__file__", None) or "").endswith(".py") else None


def _is_installed(top: str) -> bool:
    """Whether a top-level module lies in an environment's folder of packages; found without importing it."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else []
    return any(part in _INSTALLED for place in places for part in Path(place).parts)


def _module_name(name: str) -> str:
    """`name`, or for a script's `__main__` the name it would be imported by."""
    if name != "__main__":
        return name
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    return str(spec.name) if spec is not None else Path(getattr(main, "__file__", "") or "main").stem


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and makes the modules below one package name from sources in memory."""

    def __init__(self, package: str, files: Mapping[str, str]) -> None:
        self._package = package
        self._sources = {_name_of(file): (file, source) for file, source in files.items()}
        # A folder whose __init__.py is not packed is a namespace.
        self._folders = {
            name.rsplit(".", depth)[0] for name in self._sources for depth in range(1, name.count(".") + 1)
        }
        self.root = importlib.machinery.ModuleSpec(package, None, is_package=True)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a packed module, or None for any other name."""
        inner = self._inner(fullname)
        if inner is None:
            return None
        if inner in self._sources:
            file = self._sources[inner][0]
            origin = f"<{self._package[:28]}>/{file}"
            is_package = file.endswith("__init__.py")
            return importlib.machinery.ModuleSpec(fullname, self, origin=origin, is_package=is_package)
        if inner in self._folders:
            return importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run a packed module's source, with imports of packed modules led to this package."""
        spec = module.__spec__
        assert spec is not None
        source = self._sources[spec.name.removeprefix(self._package + ".")][1]
        origin = str(spec.origin)
        linecache.cache[origin] = (len(source), None, source.splitlines(keepends=True), origin)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        exec(compile(source, origin, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  the model's own code

    # Any: the signature of builtins.__import__.
    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] = (), level: int = 0
    ) -> Any:
        if level or not self._packed(name):
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            inside = (
                {} if level else {item: f"{name}.{item}" for item in fromlist or () if self._packed(f"{name}.{item}")}
            )
            return self._overlay(found, inside) if inside else found
        module = importlib.import_module(f"{self._package}.{name}")
        if not fromlist:
            return importlib.import_module(f"{self._package}.{name.partition('.')[0]}")
        for item in fromlist:
            if not hasattr(module, item) and self._packed(f"{name}.{item}"):
                importlib.import_module(f"{self._package}.{name}.{item}")
        return module

    def _overlay(self, found: ModuleType, inside: Mapping[str, str]) -> ModuleType:
        """An installed module as packed code sees it: with those of its submodules that are packed (`mainspring.demo`)."""
        seen = ModuleType(found.__name__)
        seen.__dict__.update(vars(found))
        seen.__dict__.update(
            {item: importlib.import_module(f"{self._package}.{name}") for item, name in inside.items()}
        )
        return seen

    def _packed(self, name: str) -> bool:
        return name in self._sources or (name in self._folders and name != "mainspring")

    def _inner(self, fullname: str) -> str | None:
        return fullname[len(self._package) + 1 :] if fullname.startswith(self._package + ".") else None


def _name_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
