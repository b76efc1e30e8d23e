"""The identity of the packages a step uses: the distributions reached, by version; sources where there is no version.

Only what the step's code imports counts, with what that requires: an upgrade of anything else must not flush the cache.
"""

import functools
import importlib.metadata
import importlib.util
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from mainspring.kernel.hashing import digest_file, digest_of

__all__ = ["environment_of", "machine"]

_EDITABLE = re.compile(r'"editable":\s*true')
_HEADER = re.compile(r"^(Name|Version|Requires-Dist):(.*)$", re.MULTILINE)
_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")
# Scanning every distribution for the packages it brings costs 120 ms; these differ from their distribution's name.
_KNOWN = {
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "PIL": "pillow",
    "dateutil": "python-dateutil",
    "cv2": "opencv-python",
}


def environment_of(packages: Iterable[str]) -> dict[str, str]:
    """Distribution (or package without one) -> version or digest of sources, for everything these packages reach."""
    found: dict[str, str] = {}
    for package in packages:
        if package not in sys.stdlib_module_names and package != "__future__":
            found.update(_reached(package))
    return found


def machine() -> tuple[str, str, str]:
    """What results may differ by on another machine: Python's minor version, system, processor."""
    return (f"{sys.version_info.major}.{sys.version_info.minor}", sys.platform, platform.machine())


@functools.cache
def _reached(package: str) -> dict[str, str]:
    distribution = _distribution_of(package)
    if distribution is None:
        return {package: _source_digest(package)}
    found: dict[str, str] = {}
    pending = [distribution]
    while pending:
        item = pending.pop()
        name, version, requirements = _headers(item)
        if name in found:
            continue
        # What is being worked on has one version for many states: its sources count instead.
        editable = _EDITABLE.search(item.read_text("direct_url.json") or "")
        found[name] = f"{version}+{_source_digest(package)[:16]}" if editable else version
        # What Mainspring's server and database need cannot change a step's result, and the packages whose values pass
        # between steps are reached by the project's own imports.
        if name != "mainspring":
            pending += [needed for requirement in requirements if (needed := _distribution(requirement))]
    return found


def _headers(distribution: importlib.metadata.Distribution) -> tuple[str, str, list[str]]:
    """Name, version and required names. By hand: the library's own parser takes 1 ms for each distribution."""
    text = (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or "").partition("\n\n")[0]
    fields: dict[str, list[str]] = {}
    for key, value in _HEADER.findall(text):
        fields.setdefault(key, []).append(value.strip())
    needed = [line for line in fields.get("Requires-Dist", []) if "extra ==" not in line]
    names = [match.group() for line in needed if (match := _REQUIREMENT.match(line))]
    return fields.get("Name", [""])[0], fields.get("Version", [""])[0], names


def _distribution_of(package: str) -> importlib.metadata.Distribution | None:
    for name in (package, _KNOWN.get(package, "")):
        if name and (found := _distribution(name)):
            return found
    names = _scanned().get(package)
    return _distribution(names[0]) if names else None


def _distribution(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _scanned() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def _source_digest(package: str) -> str:
    """Digest of a package's Python files, empty where it is not installed."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return ""
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    if not files and spec.origin and Path(spec.origin).is_file():
        files = [Path(spec.origin)]
    return digest_of([[file.name, digest_file(file)] for file in files])
