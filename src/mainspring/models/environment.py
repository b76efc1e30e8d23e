"""The environment a package needs: the distributions behind what it imports, at the versions it was made with."""

import ast
import importlib.metadata
import platform
import sys
from collections.abc import Iterable, Mapping

__all__ = ["find_requirements", "imported_names", "python_version"]

_ALWAYS = ("mainspring", "polars")
# The names that differ from their distribution's, of what models import most; any other is looked up.
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml", "PIL": "pillow", "cv2": "opencv-python"}


def python_version() -> str:
    """The running Python's version, such as `3.11.2`."""
    return platform.python_version()


def find_requirements(distributions: Iterable[str], sources: Mapping[str, str]) -> tuple[str, ...]:
    """`name==version` of the distributions and of what the sources import from outside the standard library, sorted."""
    names = {*_ALWAYS, *distributions}
    for source in sources.values():
        for module in imported_names(source):
            if module not in sys.stdlib_module_names and module != "__future__":
                names.add(_DISTRIBUTIONS.get(module, module))
    return tuple(f"{name}=={version}" for name in sorted(names) if (version := _version(name)))


def imported_names(source: str) -> set[str]:
    """The top-level names of the modules that `source` imports by absolute name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _version(name: str) -> str:
    # The project's own modules have no distribution; their sources are in the package.
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = importlib.metadata.packages_distributions().get(name, [])
        return importlib.metadata.version(found[0]) if found else ""
