"""Where a pipeline's project lies, and under which names its modules are imported from a snapshot of it.

The project is the nearest folder above the pipeline's module with a mainspring.toml, pyproject.toml or .git; without one,
the module's own folder. For an installed package (anything below site-packages, and Mainspring's own `demo`) it is the
package's folder: the snapshot then takes the place of that package, under the same name.
"""

import sys
from pathlib import Path
from types import ModuleType

import msgspec

from mainspring.pipelines.errors import PipelineInvalid

__all__ = ["Project", "find_project", "main_name"]

_MARKERS = ("mainspring.toml", "pyproject.toml", ".git")
_INSTALLED = ("site-packages", "dist-packages")


class Project(msgspec.Struct, frozen=True):
    """A project: its folder, the package that the folder is (empty where it is none), the import folders inside it
    relative to it, and the importable name of the pipeline's module.
    """

    root: Path
    package: str
    paths: tuple[str, ...]
    module: str


def main_name(module: str) -> str:
    """The importable name of `module`, which may be `__main__`: a script's file name, or what `python -m` was given."""
    if module != "__main__":
        return module
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    return Path(getattr(main, "__file__", "") or "").stem


def find_project(module_name: str, *, pipeline: str) -> Project:
    """The project of a loaded module; raises PipelineInvalid for a module without a file, such as a notebook's."""
    module = sys.modules.get(module_name)
    file = _file(module)
    if module is None or file is None:
        raise PipelineInvalid(pipeline=pipeline, reason="its module has no file; move it into one")
    name = main_name(module_name)
    parts = name.split(".")
    is_package = file.name == "__init__.py"
    # The folder on sys.path that this module was found in.
    depth = len(parts) - 1 + (1 if is_package else 0)
    base = file.parents[depth]
    if _fits(file, parts, is_package=is_package, base=base):
        root = _root(file, parts, base)
    else:
        base, root, name = file.parent, file.parent, file.stem
    if root == base or base.is_relative_to(root):
        return Project(root=root, package="", paths=_paths(root, base), module=name)
    return Project(root=root, package=".".join(root.relative_to(base).parts), paths=(), module=name)


def _root(file: Path, parts: list[str], base: Path) -> Path:
    if any(part in _INSTALLED for part in base.parts):
        return base / parts[0] if (base / parts[0]).is_dir() else file.parent
    if parts[0] == "mainspring" and len(parts) > 1:
        return base / parts[0] / parts[1]
    for folder in file.parents:
        if any((folder / marker).exists() for marker in _MARKERS):
            return folder
    return file.parent


def _paths(root: Path, base: Path) -> tuple[str, ...]:
    """The import folders inside the project, the pipeline's own first; `.` is the project's folder."""
    others = [Path(entry).resolve() for entry in sys.path if entry]
    found = [base, *(p for p in others if not any(part in _INSTALLED for part in p.parts))]
    inside = [p for p in found if p.is_relative_to(root)]
    return tuple(dict.fromkeys(p.relative_to(root).as_posix() for p in inside))


def _fits(file: Path, parts: list[str], *, is_package: bool, base: Path) -> bool:
    below = file.parent if is_package else file.with_suffix("")
    return below.relative_to(base).parts == tuple(parts)


def _file(module: ModuleType | None) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name).resolve() if name else None
