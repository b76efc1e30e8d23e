"""Files from outside: what is read from good ones, and the sentence that each bad one gets."""

import io
import os
import pickle
from pathlib import Path

import polars as pl
import pytest

from mainspring.data import sources
from mainspring.data.errors import FileTooLarge, FormatUnknown
from mainspring.data.sources import format_of, read_source
from mainspring.data.text import infer_text
from mainspring.domain.dataset import FileFormat
from mainspring.domain.schema import ColumnSchema, Schema
from mainspring.kernel.errors import Invalid, MainspringError


def read(path: Path, content: bytes, format: FileFormat, *, schema: Schema | None = None) -> pl.DataFrame:
    path.write_bytes(content)
    return read_source(path, format, source=path.name, schema=schema)


def test_csv_types_are_inferred_over_the_whole_file(tmp_path: Path) -> None:
    late = b"\n".join([b"n,x,zip,when,ok,text", *[b"1,2,01234,2013-01-01T05:00:00Z,true,NA"] * 2000, b"NA,2.5,,,,7a"])
    frame = read(tmp_path / "a[1].csv", late, "csv")
    assert dict(frame.schema) == {
        "n": pl.Int64,
        "x": pl.Float64,
        "zip": pl.String,
        "when": pl.Datetime("us", "UTC"),
        "ok": pl.Boolean,
        "text": pl.String,
    }
    assert frame.tail(1).row(0) == (None, 2.5, None, None, None, "7a")


def test_a_csv_column_that_the_schema_knows_stays_text_for_validation_to_parse(tmp_path: Path) -> None:
    schema = Schema(columns=(ColumnSchema(name="flight", type="string"),))
    frame = read(tmp_path / "a.csv", b"flight,n\n12,1\n", "csv", schema=schema)
    assert dict(frame.schema) == {"flight": pl.String, "n": pl.Int64}


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1", "-2", "+3"], pl.Int64),
        (["007", "1"], pl.String),
        (["12345678901234567890"], pl.String),
        (["1", "2.5", "1e5", ".5", "nan"], pl.Float64),
        (["true", "FALSE"], pl.Boolean),
        (["2013-02-28"], pl.Date),
        (["2013-02-30"], pl.String),
        (["2013-02-28 05:15", "2013-02-28T05:15:01.5+02:00"], pl.Datetime("us", "UTC")),
        (["05:15"], pl.String),
        (["1", "a"], pl.String),
    ],
)
def test_a_text_column_gets_the_type_that_all_its_values_have(values: list[str], dtype: pl.DataType) -> None:
    assert infer_text(pl.Series("x", [*values, None])).dtype == dtype


def test_times_keep_their_moment(tmp_path: Path) -> None:
    frame = read(tmp_path / "a.csv", b"t,u\n2013-01-01 05:15,2013-01-01T07:15:00.25+02:00\n", "csv")
    assert [str(value) for value in frame.row(0)] == ["2013-01-01 05:15:00+00:00", "2013-01-01 05:15:00.250000+00:00"]


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_columns_of_binary_formats_come_in_canonical_types(tmp_path: Path, format: FileFormat) -> None:
    frame = pl.DataFrame(
        {"i": [1], "f": [float("nan")], "c": ["a"], "t": ["2013-01-01"], "u": [2], "e": [None]}
    ).with_columns(
        pl.col("i").cast(pl.Int8),
        pl.col("f").cast(pl.Float32),
        pl.col("c").cast(pl.Categorical),
        pl.col("t").str.to_datetime("%Y-%m-%d", time_unit="ms"),
        pl.col("u").cast(pl.UInt64),
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer) if format == "parquet" else frame.write_ipc(buffer)
    read_back = read(tmp_path / "x[1].bin", buffer.getvalue(), format)
    assert read_back.dtypes == [pl.Int64, pl.Float64, pl.String, pl.Datetime("us", "UTC"), pl.Int64, pl.String]
    assert read_back["f"].to_list() == [None]


PARQUET = b"PAR1" + b"\0" * 60 + b"PAR1"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv has no bytes"),
        ("a.csv", b"\n\n", "a.csv has no header line"),
        ("a.csv", b"a,b\n", "a.csv has columns but no rows"),
        ("a.csv", b"a,a\n1,2\n", "a.csv: the column 'a' is there twice"),
        ("a.csv", b"a,,c\n1,2,3\n", "a.csv: column 2 has no name"),
        ("a.csv", b"a,_row_id\n1,2\n", "a.csv: the column name '_row_id' is reserved"),
        ("a.csv", b"a\0,b\n1,2\n", "a.csv: the name of column 1"),
        ("a.csv", b"a,b\n1,\xff\n", "a.csv cannot be read as CSV: it is not UTF-8 text"),
        ("a.csv", b"\xff,b\n1,2\n", "a.csv cannot be read as CSV: it is not UTF-8 text"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, the header has 2"),
        ("a.csv", b"a,b\n1,2\n1", "its last line has 1 fields, the header has 2: is it cut off?"),
        ("a.csv", b'a,b\n1,"2\n', "a.csv cannot be read as CSV"),
        ("a.csv", PARQUET, "a.csv cannot be read as CSV: it is a Parquet file"),
        ("a.csv", b"PK\3\4....", "it is a zip archive"),
        ("a.parquet", b"a,b\n1,2\n", "a.parquet cannot be read as Parquet: it is something else"),
        ("a.parquet", pickle.dumps([1]), "it is a pickle"),
        ("a.parquet", PARQUET, "a.parquet cannot be read as Parquet"),
        ("a.arrow", b"ARROW1\0\0" + b"\1" * 64 + b"ARROW1", "a.arrow cannot be read as Arrow"),
    ],
)
def test_a_bad_file_gets_one_sentence_with_its_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(tmp_path / name, content, format_of(Path(name)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"a": [[1]]}), "column 'a' of x.parquet has the type List"),
        (pl.DataFrame({"a": [{"b": 1}]}), "has the type Struct"),
        (pl.DataFrame({"a": [b"x"]}), "has the type Binary"),
        (pl.DataFrame({"a": [2**64 - 1]}, schema={"a": pl.UInt64}), "has the type UInt64"),
        (pl.DataFrame({"_row_id": [1]}), "'_row_id' is reserved"),
        (pl.DataFrame({"a": []}, schema={"a": pl.Int64}), "columns but no rows"),
        (pl.DataFrame(), "x.parquet has no columns"),
    ],
)
def test_a_table_that_a_dataset_cannot_hold_is_refused(tmp_path: Path, frame: pl.DataFrame, message: str) -> None:
    frame.write_parquet(tmp_path / "x.parquet")
    with pytest.raises(Invalid) as caught:
        read_source(tmp_path / "x.parquet", "parquet", source="x.parquet")
    assert message in str(caught.value)


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_a_pickle_inside_arrow_metadata_is_never_loaded(tmp_path: Path, format: FileFormat) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Trap(tmp_path / "sprung"), protocol=0),
    }
    schema = pa.schema([pa.field("a", pa.int64(), metadata=metadata)])
    table = pa.table({"a": pa.array([1, 2])}).cast(schema)
    path = tmp_path / "evil"
    if format == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(str(path), schema) as writer:
            writer.write_table(table)
    with pytest.raises(MainspringError, match="has the type Extension"):
        read_source(path, format, source="evil")
    assert not (tmp_path / "sprung").exists()


def test_limits_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n1,2,3\n4,5,6\n")
    for limit, value, message in (
        ("MAX_FILE_BYTES", 10, "a.csv has 18 bytes, the limit is 10"),
        ("MAX_COLUMNS", 2, "a.csv has 3 columns, the limit is 2"),
        ("MAX_CELLS", 5, "a.csv has 6 cells, the limit is 5"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(sources, limit, value)
            with pytest.raises(FileTooLarge, match=message):
                read_source(path, "csv", source="a.csv")


def test_a_name_without_a_known_ending_has_no_format() -> None:
    assert format_of(Path("A.PARQUET")) == "parquet"
    with pytest.raises(FormatUnknown, match=r"ends in \.csv"):
        format_of(Path("flights.xlsx"))
