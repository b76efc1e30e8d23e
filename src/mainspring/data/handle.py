"""What a step holds: the rows of one dataset version as local files, with no database behind them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import polars as pl

from mainspring.kernel.names import Reference, parse_reference

__all__ = ["Dataset", "DatasetRef", "dataset"]


class Dataset:
    """One version of a dataset, readable from its parts.

    Annotate a pipeline's input with it: `def arrival_delay(flights: ms.Dataset): ...`. Every row has its `_row_id`.
    """

    def __init__(self, name: str, version: int, paths: Sequence[Path]) -> None:
        self.name = name
        self.version = version
        self.paths = tuple(paths)

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    def frame(self) -> pl.DataFrame:
        """All rows, by row id."""
        return pl.concat([pl.read_parquet(path, glob=False) for path in self.paths])

    def scan(self) -> pl.LazyFrame:
        """All rows, by row id, read only as far as what is asked of the frame needs."""
        return pl.concat([pl.scan_parquet(path, glob=False) for path in self.paths])

    def __repr__(self) -> str:
        return f"Dataset({self.reference!r})"


class DatasetRef(msgspec.Struct, frozen=True):
    """A dataset that is named, not yet looked up: `name`, `name@3` or `name@latest`."""

    text: str

    @property
    def reference(self) -> Reference:
        """The parsed reference."""
        return parse_reference(self.text)


def dataset(reference: str) -> DatasetRef:
    """A reference to a dataset version, looked up when a pipeline runs; raises InvalidReference at once.

    >>> dataset("flights@3").reference.version
    3
    """
    parse_reference(reference)
    return DatasetRef(reference)
