"""Versions of datasets on each database: numbered, immutable, idempotent; refused batches leave nothing but their report."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mainspring import data
from mainspring.data.errors import (
    ColumnsInvalid,
    ColumnUnknown,
    DataRefused,
    DatasetUnknown,
    FileUnreadable,
    LimitInvalid,
    QuarantinedUnknown,
    SchemaFixed,
    VersionUnknown,
)
from mainspring.domain.dataset import ROW_ID, Manifest
from mainspring.kernel import canonical
from mainspring.kernel.hashing import Digest
from mainspring.kernel.names import InvalidName
from mainspring.kernel.op import with_idempotency_key
from mainspring.storage import events
from mainspring.storage.objects import ObjectUnknown
from mainspring.workspace import Workspace


def kinds(ws: Workspace) -> list[str]:
    with ws.read() as conn:
        return [event.kind for event in events.list_events(conn, ws.project, after=0, limit=100)]


def later(rides: pl.DataFrame, days: int) -> pl.DataFrame:
    return rides.with_columns(pl.col("ride") + 10 * days, pl.col("at") + pl.duration(days=days))


def test_the_first_version_has_schema_profile_row_ids_and_an_event(any_ws: Workspace, rides: pl.DataFrame) -> None:
    version = data.add(any_ws, "rides", rides, event_time="at", key=["ride"], label="rides.csv")
    assert (version.number, version.parent, version.rows, version.added_rows, version.columns) == (1, 0, 10, 10, 4)
    assert (version.event_from_ms, version.event_to_ms) == (1_356_998_400_000, 1_357_030_800_000)
    assert version.parts[0].source == "rides.csv"
    analysis = data.analyse(any_ws, "rides", 0)
    assert analysis.version == version
    assert (analysis.schema.event_time, analysis.schema.key) == ("at", ("ride",))
    assert analysis.profile.rows == 10
    stored = data.frame(any_ws, "rides@1")
    assert stored[ROW_ID].to_list() == list(range(10))
    assert_frame_equal(stored.drop(ROW_ID), rides)
    assert kinds(any_ws) == ["dataset.version_added"]
    assert data.show_dataset(any_ws, "rides").latest == 1


def test_an_append_adds_a_part_and_the_old_version_stays(any_ws: Workspace, rides: pl.DataFrame) -> None:
    first = data.add(any_ws, "rides", rides, event_time="at")
    second = data.add(any_ws, "rides", later(rides, 1))
    assert second.parts[0] == first.parts[0]
    assert (second.parent, second.rows, second.parts[1].first_row_id) == (1, 20, 10)
    assert second.event_from_ms == first.event_from_ms
    assert data.frame(any_ws, "rides")[ROW_ID].to_list() == list(range(20))
    assert data.frame(any_ws, "rides@1").height == 10
    assert [version.number for version in data.list_versions(any_ws, "rides")] == [1, 2]
    assert [version.number for version in data.list_versions(any_ws, "rides", after=1)] == [2]


def test_a_replacement_starts_anew_with_new_row_ids(ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(ws, "rides", rides)
    second = data.add(ws, "rides", rides.head(9), mode="replace")
    assert (second.number, second.rows, len(second.parts)) == (2, 9, 1)
    assert data.frame(ws, "rides")[ROW_ID].to_list() == list(range(10, 19))


def test_the_digest_of_a_version_is_that_of_its_manifest(ws: Workspace, rides: pl.DataFrame) -> None:
    version = data.add(ws, "rides", rides)
    manifest = canonical.loads(ws.objects.get_bytes(version.digest), type=Manifest)
    assert manifest == Manifest(parts=version.parts, schema=version.schema, profile=version.profile)


def test_the_same_rows_again_change_nothing_from_whatever_file(
    any_ws: Workspace, rides: pl.DataFrame, tmp_path: Path
) -> None:
    first = data.add(any_ws, "rides", rides, event_time="at", key=["ride"])
    second = data.add(any_ws, "rides", later(rides, 1))
    later(rides, 1).write_csv(tmp_path / "again.csv")
    assert data.add(any_ws, "rides", tmp_path / "again.csv") == second
    assert data.add(any_ws, "rides", rides) == first
    assert data.add(any_ws, "rides", later(rides, 2), mode="replace").number == 3
    assert data.add(any_ws, "rides", later(rides, 2), mode="replace").number == 3
    assert len(kinds(any_ws)) == 3


def test_equal_data_has_equal_digests_in_two_workspaces(ws: Workspace, any_ws: Workspace, rides: pl.DataFrame) -> None:
    assert data.add(ws, "rides", rides).digest == data.add(any_ws, "other", rides).digest


def test_a_refused_batch_is_quarantined_and_nothing_of_it_is_added(any_ws: Workspace, rides: pl.DataFrame) -> None:
    first = data.add(any_ws, "rides", rides, event_time="at")
    broken = later(rides, 1).with_columns(pl.col("fare") * 1000, city=None)
    with pytest.raises(DataRefused) as caught:
        data.add(any_ws, "rides", broken, label="monday.csv")
    assert caught.value.exit_code == 4
    assert "monday.csv was refused for dataset 'rides': city: 10 of 10 values (100.0%) are null" in str(caught.value)
    (refused,) = data.list_quarantined(any_ws, "rides")
    assert refused == data.show_quarantined(any_ws, caught.value.fields["id"])
    assert [(v.column, v.rule) for v in refused.report.violations] == [("city", "null"), ("fare", "range")]
    assert (refused.report.against, refused.report.valid) == (1, False)
    assert any_ws.objects.exists(refused.file)
    assert data.resolve(any_ws, "rides") == first
    assert data.show_dataset(any_ws, "rides").quarantined == 1
    assert kinds(any_ws) == ["dataset.version_added", "dataset.batch_refused"]
    assert data.add(any_ws, "rides", later(rides, 1)).number == 2


def test_the_same_refusal_is_recorded_once(ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(ws, "rides", rides)
    for _ in range(2):
        with pytest.raises(DataRefused):
            data.add(ws, "rides", rides.drop("city"))
    assert len(data.list_quarantined(ws)) == 1
    assert data.list_quarantined(ws, after=data.list_quarantined(ws)[0].id) == []


def test_a_first_batch_can_be_refused_and_makes_no_dataset(ws: Workspace) -> None:
    with pytest.raises(DataRefused, match="are infinite"):
        data.add(ws, "rides", pl.DataFrame({"fare": [1.0, float("inf")]}))
    assert data.list_datasets(ws) == []
    with pytest.raises(DatasetUnknown, match="dataset 'rides' does not exist in project 'default'"):
        data.show_dataset(ws, "rides")


def test_a_key_is_unique_over_all_parts(ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(ws, "rides", rides, key=["ride"])
    with pytest.raises(DataRefused, match="have a key that another row has"):
        data.add(ws, "rides", rides.with_columns(pl.col("fare") + 0.5))
    assert data.add(ws, "rides", rides.with_columns(pl.col("fare") + 0.5), mode="replace").number == 2


def test_a_curated_schema_decides_from_the_next_batch_on(ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(ws, "rides", rides)
    inferred = data.analyse(ws, "rides", 0).schema
    columns = tuple(
        msgspec.structs.replace(column, maximum=10.0, outside_limit=0.0) if column.name == "fare" else column
        for column in inferred.columns
    )
    curated = msgspec.structs.replace(inferred, columns=columns)
    second = data.set_schema(ws, "rides", schema=curated)
    assert (second.number, second.rows, second.added_rows) == (2, 10, 0)
    assert second.parts == data.resolve(ws, "rides@1").parts
    assert data.set_schema(ws, "rides", schema=curated) == second
    assert data.add(ws, "rides", rides, schema=inferred).number == 3
    assert data.add(ws, "rides", rides, schema=curated).rows == 10
    with pytest.raises(DataRefused, match="lie outside of 0 to 10"):
        data.add(ws, "rides", later(rides, 1).with_columns(pl.lit(10.5).alias("fare")))
    turned = msgspec.structs.replace(curated, columns=columns[::-1])
    assert data.set_schema(ws, "rides", schema=turned).number == 4
    assert data.add(ws, "rides", later(rides, 2), schema=turned).rows == 20
    assert data.frame(ws, "rides").columns == [ROW_ID, "ride", "at", "city", "fare"]
    with pytest.raises(SchemaFixed, match="column 'city'"):
        data.add(
            ws, "rides", later(rides, 3), schema=msgspec.structs.replace(curated, columns=columns[:2] + columns[3:])
        )
    with pytest.raises(SchemaFixed, match="column 'city'"):
        data.set_schema(ws, "rides", schema=msgspec.structs.replace(curated, columns=columns[:2] + columns[3:]))
    with pytest.raises(DatasetUnknown):
        data.set_schema(ws, "gone", schema=curated)


def test_a_given_schema_is_applied_to_the_first_version(ws: Workspace, rides: pl.DataFrame, tmp_path: Path) -> None:
    data.add(ws, "model", rides)
    schema = data.analyse(ws, "model", 0).schema
    rides.with_columns(ride=pl.lit("x")).write_csv(tmp_path / "a.csv")
    with pytest.raises(DataRefused, match="ride: 10 of 10 values"):
        data.add(ws, "rides", tmp_path / "a.csv", schema=schema)
    twice = msgspec.structs.replace(schema, columns=(*schema.columns, schema.columns[0]))
    with pytest.raises(ColumnsInvalid, match="a column is there twice"):
        data.add(ws, "rides", tmp_path / "a.csv", schema=twice)
    with pytest.raises(ColumnUnknown, match="event time 'gone' is not a usable column of the schema"):
        data.add(ws, "rides", tmp_path / "a.csv", schema=schema, event_time="gone")


def test_validate_tells_what_add_would_say_and_records_nothing(ws: Workspace, rides: pl.DataFrame) -> None:
    assert data.validate_source(ws, "rides", rides).valid
    data.add(ws, "rides", rides)
    assert data.validate_source(ws, "rides", rides).valid
    report = data.validate_source(ws, "rides", rides.drop("city"), label="b.parquet")
    assert (report.valid, report.source, report.violations[0].rule) == (False, "b.parquet", "missing")
    assert data.list_quarantined(ws) == []
    assert len(kinds(ws)) == 1


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"event_time": "gone"}, "the event time 'gone' is not a usable column of the frame: there is no such column"),
        ({"event_time": "city"}, "the event time 'city' is not a usable column of the frame: it is string, not a time"),
        ({"key": ["id"]}, "the key column 'id' is not a usable column"),
    ],
)
def test_a_role_that_no_column_can_have_is_refused(
    ws: Workspace, rides: pl.DataFrame, roles: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ColumnUnknown) as caught:
        data.add(ws, "rides", rides, **roles)  # type: ignore[arg-type]  # a table of keyword arguments
    assert message in str(caught.value)
    assert str(caught.value).endswith("name one of: ride, at, city, fare")
    assert data.list_datasets(ws) == []


def test_roles_stay_what_they_were(ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(ws, "rides", rides, event_time="at")
    with pytest.raises(SchemaFixed, match="dataset 'rides' has the event time 'at', not 'fare'"):
        data.add(ws, "rides", later(rides, 1), event_time="fare")
    assert data.add(ws, "rides", later(rides, 1), key=["ride"]).number == 2
    assert data.analyse(ws, "rides", 0).schema.key == ("ride",)


def test_what_is_not_there_is_named(ws: Workspace, rides: pl.DataFrame, tmp_path: Path) -> None:
    data.add(ws, "rides", rides)
    for reference in ("rides@2", "rides@0", "rides@champion"):
        with pytest.raises(VersionUnknown, match="its newest is 1"):
            data.resolve(ws, reference)
    with pytest.raises(QuarantinedUnknown):
        data.show_quarantined(ws, "nothing")
    with pytest.raises(FileUnreadable, match="there is no such file"):
        data.add(ws, "rides", tmp_path / "gone.csv")
    with pytest.raises(FileUnreadable, match="it is a folder"):
        data.add(ws, "rides", tmp_path, format="csv")
    with pytest.raises(ObjectUnknown):
        data.add_version(ws, "rides", file=Digest("0" * 64), format="csv")
    with pytest.raises(InvalidName):
        data.add(ws, "../rides", rides)
    with pytest.raises(LimitInvalid):
        data.list_datasets(ws, limit=0)
    assert len(kinds(ws)) == 1


def test_references_name_a_version_in_each_way(ws: Workspace, rides: pl.DataFrame) -> None:
    first = data.add(ws, "rides", rides)
    second = data.add(ws, "rides", later(rides, 1))
    assert (
        data.resolve(ws, "rides") == data.resolve(ws, "rides@latest") == data.resolve(ws, "default/rides@2") == second
    )
    assert data.resolve(ws, data.dataset("rides@1")) == data.resolve(ws, first) == first
    assert data.resolve(ws, data.open_dataset(ws, "rides@1")) == first
    assert data.list_datasets(ws.in_project("other")) == []


def test_a_request_sent_again_under_its_key_answers_the_same(any_ws: Workspace, rides: pl.DataFrame) -> None:
    file = any_ws.objects.put_bytes(rides.write_csv().encode())
    answers = []
    for _ in range(2):
        with with_idempotency_key("k1"):
            answers.append(data.add_version(any_ws, "rides", file=file, format="csv"))
    assert answers[0] == answers[1]
    assert kinds(any_ws) == ["dataset.version_added"]


def test_writers_at_the_same_time_all_get_their_rows_in(any_ws: Workspace, rides: pl.DataFrame) -> None:
    data.add(any_ws, "rides", rides)
    with ThreadPoolExecutor(3) as pool:
        added = list(pool.map(lambda day: data.add(any_ws, "rides", later(rides, day)), (1, 2, 3)))
    assert sorted(version.number for version in added) == [2, 3, 4]
    frame = data.frame(any_ws, "rides")
    assert frame[ROW_ID].to_list() == list(range(40))
    assert sorted(frame["ride"].to_list()) == list(range(40))
    assert data.resolve(any_ws, "rides").number == 4
