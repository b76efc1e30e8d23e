"""What a step holds: the rows of a version from its files alone."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mainspring as ms
from mainspring import data
from mainspring.kernel.names import InvalidReference
from mainspring.workspace import Workspace


def test_a_handle_reads_all_parts_in_row_order(ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(ws, "rides", rides)
    data.add(ws, "rides", rides.with_columns(pl.col("fare") + 0.5))
    handle = data.open_dataset(ws, "rides")
    assert (handle.name, handle.version, handle.reference) == ("rides", 2, "rides@2")
    assert repr(handle) == "Dataset('rides@2')"
    assert_frame_equal(handle.scan().collect(), handle.frame())
    assert handle.frame().height == 20
    assert isinstance(handle, ms.Dataset)


def test_a_handle_needs_no_database(ws: Workspace, rides: pl.DataFrame) -> None:
    version = data.add(ws, "rides", rides)
    code = (
        "import sys; from pathlib import Path; import mainspring as ms\n"
        "handle = ms.Dataset('rides', 1, [Path(name) for name in sys.argv[1:]])\n"
        "assert handle.frame().height == 10\n"
        "assert 'sqlalchemy' not in sys.modules, 'a step would import the database'\n"
    )
    paths = [str(path) for path in data.paths(ws, version)]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)


def test_a_reference_is_checked_at_once_and_looked_up_later() -> None:
    assert ms.dataset("flights@3").reference.version == 3
    assert ms.dataset("flights").reference.at == ""
    with pytest.raises(InvalidReference):
        ms.dataset("flights@")


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'gone'"):
        _ = data.gone
    assert Path(data.__file__).name == "__init__.py"
