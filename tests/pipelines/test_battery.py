"""Does the cache notice? One project whose steps reach what they depend on in many ways; each edit and what must rerun."""

from typing import NamedTuple

import pytest

from mainspring import pipelines, tracking
from mainspring.domain.run import Run
from mainspring.workspace import Workspace
from pipelines.conftest import Project

FILES = {
    "flow.py": '''
        """The pipeline."""
        import importlib
        import json
        import os
        from pathlib import Path

        import mainspring as ms
        import polars as pl

        import config_reader
        import helper
        import patching
        import registered
        from facade import exported
        from pkg.sub import relative
        from registry import REGISTRY
        from shapes import Square, SHAPES
        from stars import *

        HERE = Path(__file__).parent
        LIMIT = 3

        def own(x):
            """Doubles."""
            return x * 2

        def unrelated():
            return 1

        @ms.step
        def by_function() -> int:
            return own(1)

        @ms.step
        def by_constant() -> int:
            return LIMIT

        @ms.step
        def by_helper() -> int:
            return helper.double(1)

        @ms.step
        def by_deeper() -> int:
            return helper.deep()

        @ms.step
        def by_relative() -> int:
            return relative()

        @ms.step
        def by_importlib(*, name: str = "one") -> int:
            return importlib.import_module("plugins." + name).VALUE

        @ms.step
        def by_file(*, name: str = "data") -> str:
            return (HERE / (name + ".txt")).read_text()

        @ms.step
        def by_native_reader() -> int:
            return pl.read_csv(HERE / "table.csv")["n"].sum()

        @ms.step
        def by_folder() -> list:
            return sorted(os.listdir(HERE / "parts"))

        @ms.step
        def by_variable() -> str:
            return os.environ.get("BATTERY_NUM_THREADS", "none") + os.environ.get("BATTERY_UNDECLARED", "none")

        @ms.step(env=["BATTERY_DECLARED"])
        def by_declared_variable() -> int:
            return 1

        @ms.step
        def by_registry() -> int:
            return REGISTRY["a"]()

        @ms.step
        def by_subclass() -> list:
            return [kind().area() for kind in SHAPES]

        @ms.step
        def by_method() -> int:
            return Square().area()

        @ms.step
        def by_getattr(*, name: str = "chosen") -> int:
            return getattr(helper, name)()

        @ms.step
        def by_star() -> int:
            return starred()

        @ms.step
        def by_reexport() -> int:
            return exported()

        @ms.step
        def by_patch() -> int:
            return helper.patched()

        @ms.step
        def by_default() -> float:
            return config_reader.with_default()

        @ms.pipeline
        def flow():
            return [by_function(), by_constant(), by_helper(), by_deeper(), by_relative(), by_importlib(), by_file(),
                    by_native_reader(), by_folder(), by_variable(), by_declared_variable(), by_registry(), by_subclass(),
                    by_method(), by_getattr(), by_star(), by_reexport(), by_patch(), by_default()]
        ''',
    "helper.py": """
        from pkg import deepest

        def double(x):
            return 2 * x

        def deep():
            return deepest.bottom()

        def chosen():
            return 5

        def patched():
            return 0
        """,
    "pkg/__init__.py": "",
    "pkg/deepest.py": "from .inner import BASE\n\ndef bottom():\n    return BASE\n",
    "pkg/inner.py": "BASE = 1\nVALUE = 2\n",
    "pkg/sub.py": "from .inner import VALUE\n\ndef relative():\n    return VALUE\n",
    "plugins/one.py": "VALUE = 1\n",
    "registry.py": "REGISTRY = {}\n\ndef register(name):\n    return lambda f: REGISTRY.setdefault(name, f)\n",
    "registered.py": 'from registry import register\n\n@register("a")\ndef a():\n    return 1\n',
    "shapes.py": """
        SHAPES = []

        class Shape:
            def __init_subclass__(cls):
                SHAPES.append(cls)

        class Square(Shape):
            def area(self):
                return 4
        """,
    "stars.py": "def starred():\n    return 1\n",
    "facade/__init__.py": "from .real import exported\n",
    "facade/real.py": "def exported():\n    return 1\n",
    "patching.py": "import helper\n\ndef better():\n    return 7\n\nhelper.patched = better\n",
    "config_reader.py": "RATE = 0.5\n\ndef with_default(rate=RATE):\n    return rate * 2\n",
    "data.txt": "one",
    "table.csv": "n\n1\n2\n",
    "parts/a.txt": "",
}


class Edit(NamedTuple):
    """A change of one file, and the steps that must run again because of it."""

    file: str
    old: str
    new: str
    reruns: set[str]


EDITS = {
    "nothing": Edit("flow.py", "LIMIT", "LIMIT", set()),
    "module docstring": Edit("flow.py", "The pipeline.", "A pipeline.", set()),
    "docstring": Edit("flow.py", "Doubles.", "Twice.", set()),
    "comment": Edit("flow.py", "LIMIT = 3", "LIMIT = 3  # enough", set()),
    "layout": Edit("flow.py", "return x * 2", "return (x\n                * 2)", set()),
    "unrelated function": Edit("flow.py", "return 1\n", "return 2\n", {"by_declared_variable"}),
    "comment in another module": Edit("helper.py", "return 2 * x", "return 2 * x  # twice", set()),
    "function of the same file": Edit("flow.py", "* 2)", "* 3)", {"by_function"}),
    "constant": Edit("flow.py", "LIMIT = 3", "LIMIT = 4", {"by_constant"}),
    "helper": Edit("helper.py", "return 2 * x", "return 3 * x", {"by_helper", "by_getattr"}),
    "deeper import": Edit("pkg/inner.py", "BASE = 1", "BASE = 9", {"by_deeper", "by_getattr"}),
    "relative import": Edit("pkg/inner.py", "VALUE = 2", "VALUE = 9", {"by_relative"}),
    "imported by a computed name": Edit("plugins/one.py", "VALUE = 1", "VALUE = 9", {"by_importlib"}),
    "data file": Edit("data.txt", "one", "two", {"by_file"}),
    "file read by native code": Edit("table.csv", "2", "3", {"by_native_reader"}),
    "registered function": Edit("registered.py", "return 1", "return 9", {"ALL"}),
    "method of a registered class": Edit("shapes.py", "return 4", "return 9", {"ALL"}),
    "function found by name": Edit("helper.py", "return 5", "return 6", {"by_getattr"}),
    "starred import": Edit("stars.py", "return 1", "return 9", {"by_star"}),
    "re-export": Edit("facade/real.py", "return 1", "return 9", {"by_reexport"}),
    "other target of a re-export": Edit("facade/__init__.py", "exported", "exported as other, exported", set()),
    "patch at import": Edit("patching.py", "return 7", "return 8", {"ALL"}),
    "default": Edit("config_reader.py", "RATE = 0.5", "RATE = 5.5", {"by_default"}),
}


def _executed(ws: Workspace, run: Run) -> set[str]:
    steps = tracking.list_runs(ws, parent=run.id)
    executed = {step.name for step in steps if not step.cached_from}
    return {"ALL"} if len(executed) == len(steps) else executed


@pytest.fixture
def battery(project: Project) -> Project:
    for name, text in FILES.items():
        project.write(name, text)
    return project


@pytest.mark.slow
def test_each_edit_reruns_what_depends_on_it_and_nothing_else(ws: Workspace, battery: Project) -> None:
    battery.load().flow.run(ws)
    found = {}
    for name, edit in EDITS.items():
        battery.change(edit.file, edit.old, edit.new)
        found[name] = _executed(ws, battery.load().flow.run(ws))
    assert found == {name: edit.reruns for name, edit in EDITS.items()}


@pytest.mark.slow
def test_what_is_outside_the_source_is_recorded(
    ws: Workspace, battery: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BATTERY_NUM_THREADS", raising=False)
    first = battery.load().flow.run(ws)
    monkeypatch.setenv("BATTERY_UNDECLARED", "not given to it")
    assert _executed(ws, battery.load().flow.run(ws)) == set()
    monkeypatch.setenv("BATTERY_NUM_THREADS", "3")
    assert _executed(ws, battery.load().flow.run(ws)) == {"by_variable"}
    monkeypatch.setenv("BATTERY_DECLARED", "yes")
    assert _executed(ws, battery.load().flow.run(ws)) == {"by_declared_variable"}
    battery.write("parts/b.txt", "")
    assert _executed(ws, battery.load().flow.run(ws)) == {"by_folder"}
    # Everything as it was at first: its results still count, whatever was kept since.
    (battery.root / "parts/b.txt").unlink()
    monkeypatch.delenv("BATTERY_NUM_THREADS")
    monkeypatch.delenv("BATTERY_DECLARED")
    last = battery.load().flow.run(ws)
    assert _executed(ws, last) == set()
    assert [a.digest for a in last.artifacts] == [a.digest for a in first.artifacts]


LEAKING = """
        import subprocess
        from pathlib import Path
        import mainspring as ms
        import polars as pl

        @ms.step
        def reads() -> str:
            return open(OUTSIDE).read()

        @ms.step
        def reads_natively(*, name: str) -> int:
            return pl.read_csv(name, has_header=False).height

        @ms.step
        def reads_own(*, name: str = "own") -> int:
            return pl.scan_csv(Path(__file__).parent / (name + ".csv"), has_header=False).collect().height

        @ms.step
        def calls() -> int:
            return len(subprocess.run(["ls"], capture_output=True).stdout) * 0

        @ms.step
        def pure(text: str) -> str:
            return text

        @ms.pipeline
        def flow():
            return pure(reads()), calls(), reads_natively(name=OUTSIDE), reads_own()
        """


def test_what_cannot_be_verified_later_is_not_cached(ws: Workspace, project: Project) -> None:
    outside = project.root.parent / "outside.txt"
    outside.write_text("1")
    project.write("own.csv", "1\n")
    project.write("flow.py", LEAKING.replace("OUTSIDE", repr(str(outside))))
    run = project.load().flow.run(ws)
    tags = {step.name: step.tags for step in tracking.list_runs(ws, parent=run.id)}
    assert tags == {
        "reads": {"not_cached": f"the file {outside}"},
        "reads_natively": {"not_cached": f"the file {outside}"},
        "reads_own": {},
        "calls": {"not_cached": "the process 'ls'"},
        "pure": {},
    }
    outside.write_text("2")
    project.write("own.csv", "1\n2\n")
    again = project.load().flow.run(ws)
    assert _executed(ws, again) == {"ALL"}
    assert pipelines.load(ws, again.artifacts[0]) == "2"
    assert pipelines.load(ws, again.artifacts[3]) == 2
    assert _executed(ws, project.load().flow.run(ws)) == {"reads", "reads_natively", "calls"}


def test_arguments_with_equal_joined_text_are_told_apart(ws: Workspace, project: Project) -> None:
    project.write(
        "flow.py",
        """
        import mainspring as ms

        @ms.step
        def join(*, a: str, b: str) -> str:
            return a + "|" + b

        @ms.pipeline
        def flow(*, a: str, b: str):
            return join(a=a, b=b)
        """,
    )
    module = project.load()
    values = [pipelines.load(ws, module.flow.run(ws, a=a, b=b).artifacts[0]) for a, b in [("1b2", "3"), ("1", "2b3")]]
    assert values == ["1b2|3", "1|2b3"]
