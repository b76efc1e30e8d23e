"""A transformation is packed from a project, made again without it, and answers the same."""

import importlib
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mainspring.domain.package import Transform
from mainspring.features import pack, unpack
from mainspring.features.errors import TransformChanged, TransformInvalid

PROJECT = {
    "airline/__init__.py": "FACTOR = 2.0\n",
    "airline/codes.py": """
        import math

        KNOWN = {"AA": 1.0, "UA": 2.0}
        """,
    "airline/features.py": """
        import math
        import polars as pl
        import airline.codes
        import airline.codes as coded
        from airline import FACTOR, codes
        from . import extra
        from .codes import KNOWN

        def prepare(frame: pl.DataFrame) -> pl.DataFrame:
            from airline import late
            assert airline.codes is codes is coded
            return frame.select(
                pl.col("carrier").replace_strict(KNOWN, default=None, return_dtype=pl.Float64),
                delay=pl.col("delay").fill_null(math.pi) * FACTOR,
                late=late.is_late(pl.col("delay")),
            )
        """,
    "airline/extra.py": "NAME = __name__\n",
    "airline/late.py": """
        import polars as pl

        LIMIT = 15

        def is_late(column: pl.Expr) -> pl.Expr:
            return column > LIMIT
        """,
    "airline/unrelated.py": "raise RuntimeError('nobody imports this')\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder on sys.path, gone from the modules afterwards."""
    for name, source in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "airline"]:
        del sys.modules[name]


def prepare_of(project: Path) -> Callable[[pl.DataFrame], pl.DataFrame]:
    function: Callable[[pl.DataFrame], pl.DataFrame] = importlib.import_module("airline.features").prepare
    return function


FLIGHT = st.fixed_dictionaries(
    {
        "carrier": st.one_of(st.none(), st.sampled_from(["AA", "UA", "ZZ", "", "é"])),
        "delay": st.one_of(st.none(), st.floats(-100, 2000)),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flights=st.lists(FLIGHT, max_size=8))
def test_packed_and_original_function_answer_the_same(project: Path, flights: list[dict[str, object]]) -> None:
    prepare = prepare_of(project)
    frame = pl.DataFrame(flights, schema={"carrier": pl.String, "delay": pl.Float64})
    assert_frame_equal(unpack(pack(prepare))(frame), prepare(frame))


def test_what_is_packed_is_what_the_function_reaches(project: Path) -> None:
    packed = pack(prepare_of(project))
    assert packed.entry == "airline.features:prepare"
    assert sorted(packed.files) == [
        "airline/__init__.py",
        "airline/codes.py",
        "airline/extra.py",
        "airline/features.py",
        "airline/late.py",
    ]
    assert pack(prepare_of(project)) == packed


def test_the_packed_function_runs_in_a_process_without_the_project(project: Path, tmp_path: Path) -> None:
    stored = tmp_path / "stored.json"
    stored.write_bytes(msgspec.json.encode(pack(prepare_of(project))))
    code = """
        import sys, msgspec, polars as pl
        from mainspring.domain.package import Transform
        from mainspring.features import unpack
        function = unpack(msgspec.json.decode(open(sys.argv[1]).read(), type=Transform))
        print(function(pl.DataFrame({"carrier": ["AA", "ZZ"], "delay": [20.0, None]})).write_json())
        assert "airline" not in sys.modules
    """
    done = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(code), str(stored)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [
        {"carrier": 1.0, "delay": 40.0, "late": True},
        {"carrier": None, "delay": 6.283185307179586, "late": None},
    ]


def test_a_later_edit_of_the_project_does_not_reach_the_packed_function(project: Path) -> None:
    packed = pack(prepare_of(project))
    importlib.import_module("airline.codes").KNOWN["AA"] = 99.0
    answer = unpack(packed)(pl.DataFrame({"carrier": ["AA"], "delay": [1.0]}))
    assert answer["carrier"].to_list() == [1.0]


@pytest.mark.parametrize("damage", ["edit", "add", "remove", "entry"])
def test_changed_sources_are_refused(project: Path, damage: str) -> None:
    packed = pack(prepare_of(project))
    changes: dict[str, dict[str, object]] = {
        "edit": {"files": {**packed.files, "airline/late.py": packed.files["airline/late.py"].replace("15", "16")}},
        "add": {"files": {**packed.files, "airline/more.py": ""}},
        "remove": {"files": {"airline/features.py": packed.files["airline/features.py"]}},
        "entry": {"entry": "airline.features:pl"},
    }
    with pytest.raises(TransformChanged, match="is not what the model was trained with"):
        unpack(msgspec.structs.replace(packed, **changes[damage]))


def test_a_function_without_a_place_in_a_module_is_refused(project: Path) -> None:
    def inner(frame: pl.DataFrame) -> pl.DataFrame:
        return frame

    for function in (lambda frame: frame, inner, pl.DataFrame.clone):
        with pytest.raises(TransformInvalid, match="at the top of a"):
            pack(function)


def test_a_packed_function_is_not_packed_again(project: Path) -> None:
    function = unpack(pack(prepare_of(project)))
    with pytest.raises(TransformInvalid, match="came out of a model"):
        pack(function)


def test_an_error_in_packed_code_shows_its_line(project: Path) -> None:
    function = unpack(pack(prepare_of(project)))
    with pytest.raises(pl.exceptions.ColumnNotFoundError) as caught:
        function(pl.DataFrame({"carrier": ["AA"]}))
    lines = [str(entry.statement) for entry in caught.traceback]
    assert any("return frame.select(" in line for line in lines)


def test_mainspring_itself_is_not_packed_but_its_demo_is(project: Path) -> None:
    (project / "airline" / "features.py").write_text(
        "import mainspring as ms\nimport polars as pl\nfrom mainspring import demo\n"
        "from mainspring.kernel.hashing import digest\n\n"
        "def prepare(frame):\n    return frame.with_columns(pl.lit(f'{ms.__name__} {demo.__name__}').alias('names'))\n"
    )
    packed = pack(prepare_of(project))
    assert sorted(packed.files) == ["airline/__init__.py", "airline/features.py", "mainspring/demo/__init__.py"]
    answer = unpack(packed)(pl.DataFrame({"a": [1]}))
    assert answer["names"].item() == f"mainspring mainspring_transform_{packed.digest[:32]}.mainspring.demo"


def test_an_import_that_would_leave_the_package_is_refused(project: Path) -> None:
    (project / "airline" / "features.py").write_text(
        "import mainspring.demo\n\ndef prepare(frame):\n    return frame\n"
    )
    with pytest.raises(TransformInvalid, match=r"instead of 'import mainspring.demo'"):
        pack(prepare_of(project))


def test_an_entry_that_names_nothing_is_refused() -> None:
    from mainspring.features import transform

    files = {"empty_module.py": ""}
    stored = Transform(entry="empty_module:gone", digest=transform._digest("empty_module:gone", files), files=files)
    with pytest.raises(TransformChanged, match="no function 'gone'"):
        unpack(stored)
