"""The static identity of a step's code: edits that must change it, and edits that must not."""

import textwrap
from pathlib import Path

import pytest

from mainspring.domain.object import TreeEntry
from mainspring.kernel.hashing import Digest, digest
from mainspring.pipelines import environment
from mainspring.pipelines.closure import Code
from mainspring.pipelines.environment import environment_of, machine
from mainspring.pipelines.snapshot import Manifest, Sources

FILES = {
    "flow.py": """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        import mainspring as ms
        import sidecar
        from tools import scale, Scaler
        from tools import LIMITS as bounds
        import deep.er as er
        if TYPE_CHECKING:
            from tools import Unused

        THRESHOLD, OTHER = 1, 2
        KINDS = {name: len(name) for name in ("a", "b")}

        def entry() -> int:
            '''Docstring.'''
            from lazy import late
            return scale(THRESHOLD) + bounds[0] + er.value() + late() + Scaler().apply() + len(KINDS)

        def other() -> int:
            return OTHER
        """,
    "tools.py": """
        import sklearn.linear_model
        LIMITS = (1, 2)
        def scale(x, by=lambda: 1):
            return x * helper()
        def helper():
            return 1
        class Scaler:
            '''Scales.'''
            factor: float = 2.0
            def apply(self):
                return self.factor
        class Unused:
            pass
        """,
    "deep/er.py": "from . import est\n\ndef value():\n    return est.depth()\n",
    "deep/est.py": "def depth():\n    return open('table.csv')\n",
    "lazy.py": "def late():\n    return 1\n",
    "sidecar.py": "import warnings\nimport antigravity_of_another_kind\nwarnings.simplefilter('ignore')\n",
    "table.csv": "1",
    "unread.csv": "1",
}


def _code(files: dict[str, str], *, package: str = "") -> Code:
    data = {name: textwrap.dedent(text).encode() for name, text in files.items()}
    entries = tuple(TreeEntry(path=n, digest=digest(d), size_bytes=len(d)) for n, d in data.items())
    prefix = f"{package}." if package else ""
    manifest = Manifest(package=package, paths=() if package else (".",), module=f"{prefix}flow", files=entries)
    return Code(Sources(manifest=manifest, digest=Digest(""), files=data))


def _identity(file: str, old: str, new: str) -> str:
    assert old in FILES[file]
    return _code({**FILES, file: FILES[file].replace(old, new)}).identity("flow:entry").digest


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flow.py", "THRESHOLD, OTHER = 1", "THRESHOLD, OTHER = 3"),
        ("flow.py", "import LIMITS as", "import scale as"),
        ("flow.py", '"b")', '"c")'),
        ("tools.py", "return 1", "return 2"),
        ("tools.py", "factor: float = 2.0", "factor: float = 3.0"),
        ("tools.py", "by=lambda: 1", "by=lambda: 2"),
        ("deep/er.py", "est.depth()", "est.depth() + 1"),
        ("deep/est.py", "table.csv", "other.csv"),
        ("lazy.py", "return 1", "return 2"),
        ("sidecar.py", "'ignore'", "'error'"),
        ("table.csv", "1", "2"),
    ],
)
def test_what_can_matter_counts(file: str, old: str, new: str) -> None:
    assert _identity(file, old, new) != _identity(file, old, old)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flow.py", "'''Docstring.'''", "'''Another.'''"),
        ("flow.py", "return OTHER", "return OTHER + 1"),
        ("flow.py", "KINDS =", "# why\n        KINDS ="),
        ("tools.py", "'''Scales.'''", ""),
        ("tools.py", "class Unused:\n            pass", "class Unused:\n            x = 1"),
        ("unread.csv", "1", "2"),
    ],
)
def test_what_cannot_matter_does_not_count(file: str, old: str, new: str) -> None:
    assert _identity(file, old, new) == _identity(file, old, old)


def test_docstrings_count_where_code_reads_them() -> None:
    reading = {**FILES, "reader.py": "import flow\nprint(flow.entry.__doc__)\n"}
    other = {**reading, "flow.py": reading["flow.py"].replace("Docstring", "Another")}
    assert _code(reading).identity("flow:entry").digest != _code(other).identity("flow:entry").digest


def test_outside_packages_are_those_used_or_imported_for_effect() -> None:
    identity = _code(FILES).identity("flow:entry")
    assert {"warnings", "antigravity_of_another_kind", "sklearn"} <= set(identity.packages)
    assert set(identity.imported) == {"flow", "tools", "deep.er", "deep.est", "lazy", "sidecar"}


def test_a_package_counts_under_its_own_name() -> None:
    files = {
        "flow.py": "from acme.parts.tool import f\n\ndef entry():\n    return f()\n",
        "tool.py": "def f():\n    return 1\n",
    }
    changed = {**files, "tool.py": "def f():\n    return 2\n"}
    one, two = (_code(each, package="acme.parts").identity("acme.parts.flow:entry") for each in (files, changed))
    assert one.digest != two.digest
    assert one.imported == ("acme.parts.flow", "acme.parts.tool")


def test_the_environment_is_what_is_reached(tmp_path: Path) -> None:
    found = environment_of(["sklearn", "json", "__future__", "antigravity_of_another_kind"])
    assert {"scikit-learn", "scipy", "numpy", "joblib"} <= set(found)
    assert "polars" not in found
    assert found["antigravity_of_another_kind"] == ""
    assert list(environment_of(["mainspring"])) == ["mainspring"]
    assert machine()[0].startswith("3.")


def test_a_package_being_worked_on_counts_by_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inwork.py").write_text("x = 1\n")
    folder = tmp_path / "inwork-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: inwork\nVersion: 1.0\nRequires-Dist: polars>=1; extra == 'all'\n\nText\n")
    (folder / "direct_url.json").write_text('{"dir_info":{"editable":true}}')
    monkeypatch.syspath_prepend(str(tmp_path))
    one = environment_of(["inwork"])
    environment._reached.cache_clear()
    (tmp_path / "inwork.py").write_text("x = 2\n")
    two = environment_of(["inwork"])
    assert set(one) == set(two) == {"inwork"}
    assert one["inwork"].startswith("1.0")
    assert one != two
