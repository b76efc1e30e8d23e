"""Datasets: named tables, and the immutable, numbered versions of them."""

from typing import Literal

import msgspec

from mainspring.domain.object import Digest
from mainspring.domain.profile import Profile
from mainspring.domain.schema import ColumnType, Report, Schema, Value

__all__ = [
    "ROW_ID",
    "Analysis",
    "AppendMode",
    "ColumnChange",
    "Dataset",
    "DatasetDiff",
    "DatasetVersion",
    "FileFormat",
    "Manifest",
    "Part",
    "Quarantined",
    "SchemaChange",
]

ROW_ID = "_row_id"
"""The column that Mainspring adds to every row: a number that no other row of the dataset ever has."""

FileFormat = Literal["parquet", "csv", "arrow"]
AppendMode = Literal["append", "replace"]


class Part(msgspec.Struct, frozen=True):
    """One Parquet file of a version: an object, shared by every version that has the same rows."""

    digest: Digest
    content: Digest
    """Of names, types and values without row ids: equal for equal rows from whatever file."""
    rows: int
    first_row_id: int
    size_bytes: int
    source: str = ""
    """The name of the file it was read from."""


class Manifest(msgspec.Struct, frozen=True):
    """What a version is: its parts in order, its schema and its profile. The version's digest is that of this as JSON."""

    parts: tuple[Part, ...]
    schema: Digest
    profile: Digest
    format: int = 1


class Dataset(msgspec.Struct, frozen=True):
    """A named table and its newest version."""

    project: str
    name: str
    latest: int
    rows: int
    size_bytes: int
    created_ms: int
    changed_ms: int
    quarantined: int = 0
    """How many batches were refused."""


class DatasetVersion(msgspec.Struct, frozen=True):
    """An immutable, numbered version of a dataset."""

    project: str
    dataset: str
    number: int
    digest: Digest
    """Of the manifest: equal digests are equal data."""
    parent: int
    """The version it was made from; 0 for the first."""
    mode: AppendMode
    rows: int
    added_rows: int
    columns: int
    size_bytes: int
    parts: tuple[Part, ...]
    schema: Digest
    profile: Digest
    created_ms: int
    principal: str
    event_time: str = ""
    event_from_ms: int | None = None
    event_to_ms: int | None = None

    @property
    def reference(self) -> str:
        """`name@number`."""
        return f"{self.dataset}@{self.number}"


class Quarantined(msgspec.Struct, frozen=True):
    """A batch that was refused: its file is kept as an object, its rows are in no version."""

    project: str
    id: str
    dataset: str
    file: Digest
    format: FileFormat
    source: str
    report: Report
    at_ms: int
    principal: str


class Analysis(msgspec.Struct, frozen=True):
    """A version with its schema and profile, ready to read."""

    version: DatasetVersion
    schema: Schema
    profile: Profile


class SchemaChange(msgspec.Struct, frozen=True):
    """A column that was added, removed or changed its type; the type is empty where it is not there."""

    column: str
    before: ColumnType | Literal[""]
    after: ColumnType | Literal[""]


class ColumnChange(msgspec.Struct, frozen=True):
    """How one column's values differ: `after` against `before`."""

    column: str
    measure: str
    """`null_share`, `mean`, `q10` … or `share of VALUE`."""
    before: Value
    after: Value


class DatasetDiff(msgspec.Struct, frozen=True):
    """What differs between two versions of a dataset."""

    dataset: str
    base: int
    other: int
    identical: bool
    rows_before: int
    rows_after: int
    rows_added: int
    """Rows of `other` in parts that `base` does not have."""
    rows_removed: int
    parts_shared: int
    parts_added: int
    parts_removed: int
    schema_changes: tuple[SchemaChange, ...] = ()
    column_changes: tuple[ColumnChange, ...] = ()
