"""Files from outside become frames: nothing in them is believed, no code in them is run, every error names the file.

CSV types are inferred over the whole file, with an empty field and `NA` as null. Parquet and Arrow files may carry
pickled extension types; polars reads the plain storage below them and never unpickles (a test holds it to that).
"""

import csv
import io
from pathlib import Path

import polars as pl

from mainspring.data.columns import canonical_frame
from mainspring.data.errors import ColumnsInvalid, FileEmpty, FileTooLarge, FileUnreadable, FormatUnknown
from mainspring.data.text import infer_text
from mainspring.domain.dataset import ROW_ID, FileFormat
from mainspring.domain.schema import Schema

__all__ = ["MAX_CELLS", "MAX_COLUMNS", "MAX_FILE_BYTES", "format_of", "read_source"]

MAX_FILE_BYTES = 4 << 30
MAX_COLUMNS = 2_000
MAX_CELLS = 500_000_000
"""Rows times columns: a small file can unpack to far more than its size."""

_EXTENSIONS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"PK\3\4", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
)
_FIX: dict[FileFormat, str] = {
    "csv": "write it as UTF-8 text with one header line and the same number of fields in every line",
    "parquet": "write the file again, or name its format with --format",
    "arrow": "write it as an Arrow IPC file (not a stream), or name its format with --format",
}
_NAMES: dict[FileFormat, str] = {"csv": "CSV", "parquet": "Parquet", "arrow": "Arrow"}


def format_of(path: Path) -> FileFormat:
    """The format that a file's name promises; raises FormatUnknown."""
    known = _EXTENSIONS.get(path.suffix.lower())
    if known is None:
        raise FormatUnknown(source=path.name)
    return known


def read_source(path: Path, format: FileFormat, *, source: str, schema: Schema | None = None) -> pl.DataFrame:
    """The table in a file, with canonical column types (see `columns.canonical_frame`) and at least one row and column.

    The columns of a CSV file that `schema` knows stay text, for validation to parse as what they should be. Raises
    FileUnreadable, FileEmpty, FileTooLarge, ColumnsInvalid or ColumnTypeUnsupported, each naming `source`.
    """
    _check_bytes(path, format, source=source)
    try:
        names, rows = _shape(path, format, source=source)
        _check_names(names, source=source)
        _check_cells(rows, names, source=source)
        frame = _read(path, format)
        _check_cells(frame.height, names, source=source)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeError, csv.Error) as error:
        reason = _uneven_line(path) if format == "csv" else ""
        raise _unreadable(source, format, reason or _first_line(error)) from error
    if frame.height == 0:
        raise FileEmpty(source=source, what="columns but no rows")
    if format == "csv":
        known = {column.name for column in schema.columns} if schema else set()
        frame = pl.DataFrame([c if c.name in known else infer_text(c) for c in frame.iter_columns()])
    return canonical_frame(frame, source=source)


def _check_bytes(path: Path, format: FileFormat, *, source: str) -> None:
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty(source=source, what="no bytes")
    if size > MAX_FILE_BYTES:
        raise FileTooLarge(source=source, found=size, unit="bytes", limit=MAX_FILE_BYTES)
    with path.open("rb") as file:
        head = file.read(8)
    found = next((what for magic, what in _MAGIC if head.startswith(magic)), "")
    expected = {"csv": "", "parquet": "a Parquet file", "arrow": "an Arrow file"}[format]
    if found != expected:
        raise _unreadable(source, format, f"it is {found or 'something else'}")


def _shape(path: Path, format: FileFormat, *, source: str) -> tuple[list[str], int]:
    """Column names as written, and rows where the file tells them (0 for CSV and Arrow, whose size bounds them)."""
    if format == "csv":
        with path.open(encoding="utf-8-sig", newline="") as text:
            header = next(csv.reader(_bounded(text)), [])
        if not header:
            raise FileEmpty(source=source, what="no header line")
        _check_last_line(path, len(header), source=source)
        return header, 0
    if format == "arrow":
        with path.open("rb") as file:
            names, rows = list(pl.read_ipc_schema(file)), 0
    else:
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        names, rows = scan.collect_schema().names(), scan.select(pl.len()).collect().item()
    if not names:
        raise FileEmpty(source=source, what="no columns")
    return names, rows


def _check_last_line(path: Path, fields: int, *, source: str) -> None:
    """Refuse a file that ends in the middle of a line: polars would read the missing fields as null."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        last = (file.read().rstrip(b"\r\n").splitlines() or [b""])[-1]
    found = last.count(b",") + 1
    if b'"' not in last and found < fields:
        raise _unreadable(source, "csv", f"its last line has {found} fields, the header has {fields}: is it cut off?")


def _uneven_line(path: Path) -> str:
    """Which line has more fields than the header, found slowly because something is wrong already."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            expected = len(next(lines, []))
            for line in lines:
                if len(line) > expected:
                    return f"line {lines.line_num} has {len(line)} fields, the header has {expected}"
    except (UnicodeError, csv.Error):
        return ""
    return ""


def _bounded(file: io.TextIOBase) -> list[str]:
    """The first line, or as many as a quoted header may need, without reading a file that has no line end."""
    return file.read(1 << 20).splitlines(keepends=True)


def _read(path: Path, format: FileFormat) -> pl.DataFrame:
    match format:
        case "csv":
            # As text: inference over the whole file by polars took 18 s for 336,776 flights, `infer_text` takes 0.4 s.
            return pl.read_csv(path, infer_schema=False, null_values=["NA", ""], glob=False)
        case "parquet":
            return pl.read_parquet(path, glob=False, hive_partitioning=False)
        case "arrow":
            # A file object: a path would be taken for a glob pattern where its folder has brackets.
            with path.open("rb") as file:
                return pl.read_ipc(file)


def _check_cells(rows: int, names: list[str], *, source: str) -> None:
    if rows * len(names) > MAX_CELLS:
        raise FileTooLarge(source=source, found=rows * len(names), unit="cells", limit=MAX_CELLS)


def _check_names(names: list[str], *, source: str) -> None:
    if len(names) > MAX_COLUMNS:
        raise FileTooLarge(source=source, found=len(names), unit="columns", limit=MAX_COLUMNS)
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise ColumnsInvalid(source=source, reason=f"column {number} has no name")
        if name == ROW_ID:
            raise ColumnsInvalid(source=source, reason=f"the column name '{ROW_ID}' is reserved for row ids")
        if name in seen:
            raise ColumnsInvalid(source=source, reason=f"the column '{name}' is there twice")
        if len(name) > 250 or not name.isprintable():
            raise ColumnsInvalid(source=source, reason=f"the name of column {number} ({name[:40]!r}) is not plain text")
        seen.add(name)


def _unreadable(source: str, format: FileFormat, reason: str) -> FileUnreadable:
    return FileUnreadable(source=source, format=_NAMES[format], reason=reason, fix=_FIX[format])


def _first_line(error: BaseException) -> str:
    if isinstance(error, UnicodeError) or "utf-8" in str(error).lower():
        return "it is not UTF-8 text"
    if isinstance(error, pl.exceptions.DuplicateError):
        return "a column name is there twice"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
