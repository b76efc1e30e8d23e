"""From spool to workspace: exactly once, whatever dies and whatever is sent twice."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import endpoint_toys as toys
import polars as pl
import pytest

from mainspring import serving
from mainspring.domain.object import Digest
from mainspring.models import trees
from mainspring.serving import history, intake, ops
from mainspring.serving.actual import endpoint_folder, spool_folder
from mainspring.serving.captures import Answered, Record, Spool, Told
from mainspring.serving.errors import PredictionAmbiguous, PredictionUnknown, SpanTooLong
from mainspring.workspace import Workspace, open_workspace

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def package_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toys.write_package(tmp_path_factory.mktemp("package") / "double")


class Toy:
    """Writes segments as an endpoint would, and makes the records for them."""

    def __init__(self, ws: Workspace, package: Digest) -> None:
        self.ws = ws
        self.package = package
        self._number = itertools.count(1)

    def answered(
        self, request_id: str, *, at_ms: int = 0, rows: int = 1, role: str = "live", version: int = 1
    ) -> Answered:
        live = role == "live"
        columns: dict[str, list[Any]] = {
            "distance": [float(row) for row in range(rows)],
            "city": ["near"] * rows,
            "riders": [1] * rows,
        }
        return Answered(
            request_id=request_id,
            at_ms=at_ms,
            variant=f"v{version}" if live else f"v{version}-shadow",
            model="ride",
            version=version,
            package=self.package,
            role="live" if live else "shadow",
            columns=columns if live else {},
            predictions=[float(version + row) for row in range(rows)],
        )

    def write(self, *records: Record, endpoint: str = "rides") -> Path:
        """A closed segment in the endpoint's spool."""
        folder = spool_folder(endpoint_folder(self.ws, self.ws.project, endpoint))
        spool = Spool(folder, segment_bytes=1 << 20, new_id=lambda: f"{next(self._number):032x}")
        for record in records:
            spool.write(record)
        return folder / f"{spool.rotate()}.segment"


@pytest.fixture
def toy(any_ws: Workspace, package_folder: Path) -> Toy:
    return Toy(any_ws, trees.store(any_ws.objects, package_folder))


def test_what_was_answered_is_read_back_with_ids_and_inputs(toy: Toy) -> None:
    toy.write(toy.answered("b", at_ms=20), toy.answered("a", at_ms=10, rows=2))
    toy.write(toy.answered("a", at_ms=10, rows=2, role="shadow", version=2))

    taken = serving.ingest(toy.ws, "rides")
    found = serving.captured(toy.ws, "rides", from_ms=0, to_ms=100)

    assert [(capture.requests, capture.rows) for capture in taken] == [(2, 3), (0, 2)]
    assert found.filter(pl.col("role") == "live").select("prediction_id", "at_ms", "prediction", "distance").rows() == [
        ("a/0", 10, 1.0, 0.0),
        ("a/1", 10, 2.0, 1.0),
        ("b/0", 20, 1.0, 0.0),
    ]
    assert found.filter(pl.col("role") == "shadow")["prediction_id"].to_list() == ["a/0", "a/1"]
    assert found.schema["riders"] == pl.Int64
    assert not list(spool_folder(endpoint_folder(toy.ws, "default", "rides")).glob("*.segment"))


def test_only_the_days_asked_for_are_read(toy: Toy) -> None:
    for day in range(5):
        toy.write(
            toy.answered(f"r{day}", at_ms=day * DAY_MS), Told(ids=[f"r{day}/0"], labels=[1.0], at_ms=[day * DAY_MS + 5])
        )
    captures = serving.ingest(toy.ws, "rides")
    for capture in captures[:2] + captures[3:]:
        toy.ws.objects.path(Digest(capture.predictions)).unlink()
        toy.ws.objects.path(Digest(capture.feedback)).unlink()

    found = serving.captured(toy.ws, "rides", from_ms=2 * DAY_MS, to_ms=3 * DAY_MS)
    labels = serving.feedback(toy.ws, "rides", from_ms=2 * DAY_MS, to_ms=3 * DAY_MS)

    assert found["request_id"].to_list() == ["r2"]
    assert labels.rows() == [("r2/0", 1.0, 2 * DAY_MS + 5)]


def test_a_request_sent_twice_is_one_prediction(toy: Toy) -> None:
    toy.write(toy.answered("a"), toy.answered("a", version=2), toy.answered("b"))
    toy.write(toy.answered("a", version=3), toy.answered("c"))
    toy.write(toy.answered("a", role="shadow", version=2))

    taken = serving.ingest(toy.ws, "rides")
    found = serving.captured(toy.ws, "rides", from_ms=0, to_ms=1)

    assert [capture.duplicates for capture in taken] == [1, 1, 0]
    live = found.filter(pl.col("role") == "live")
    assert live.select("prediction_id", "version").rows() == [("a/0", 1), ("b/0", 1), ("c/0", 1)]
    assert found.filter(pl.col("role") == "shadow").height == 1


def test_a_prediction_is_found_by_its_id_with_its_outcome_and_shadows(toy: Toy) -> None:
    toy.write(toy.answered("a", at_ms=10, rows=2), toy.answered("a", at_ms=10, rows=2, role="shadow", version=2))
    toy.write(Told(ids=["a/1", "a/1"], labels=[5.0, 6.0], at_ms=[20, 30]))
    serving.ingest(toy.ws, "rides")

    found = ops.show_prediction(toy.ws, "a/1")

    assert (found.endpoint, found.model, found.version, found.variant) == ("rides", "ride", 1, "v1")
    assert found.inputs == {"distance": 1.0, "city": "near", "riders": 1}
    assert (found.prediction, found.label, found.label_at_ms) == (2.0, 6.0, 30)
    assert [(shadow.version, shadow.prediction) for shadow in found.shadows] == [(2, 3.0)]
    assert ops.show_prediction(toy.ws, "a/0").label is None


@pytest.mark.parametrize("wrong", ["a/2", "b/0", "a", "a/", "/0", "a/-1", "a/٣", "../../etc/passwd"])
def test_an_id_nobody_answered_is_unknown(toy: Toy, wrong: str) -> None:
    toy.write(toy.answered("a", rows=2))
    serving.ingest(toy.ws, "rides")

    with pytest.raises(PredictionUnknown):
        ops.show_prediction(toy.ws, wrong)


def test_an_id_of_two_endpoints_needs_the_endpoint(toy: Toy) -> None:
    toy.write(toy.answered("a"), endpoint="rides")
    toy.write(toy.answered("a", version=2), endpoint="others")
    serving.ingest(toy.ws, "rides")
    serving.ingest(toy.ws, "others")

    with pytest.raises(PredictionAmbiguous, match="others, rides"):
        ops.show_prediction(toy.ws, "a/0")
    assert ops.show_prediction(toy.ws, "a/0", endpoint="others").version == 2


def test_the_latest_feedback_counts(toy: Toy) -> None:
    toy.write(Told(ids=["a/0", "b/0"], labels=[1.0, 2.0], at_ms=[10, 10]))
    toy.write(Told(ids=["a/0"], labels=[3.0], at_ms=[20]))
    serving.ingest(toy.ws, "rides")

    assert serving.feedback(toy.ws, "rides", from_ms=0, to_ms=100).rows() == [("b/0", 2.0, 10), ("a/0", 3.0, 20)]
    assert serving.feedback(toy.ws, "rides", from_ms=0, to_ms=20).rows() == [("a/0", 1.0, 10), ("b/0", 2.0, 10)]


def test_without_any_answer_the_frames_have_their_columns(any_ws: Workspace) -> None:
    assert serving.ingest(any_ws, "rides") == []
    assert serving.captured(any_ws, "rides", from_ms=0, to_ms=1).columns[:3] == ["prediction_id", "request_id", "row"]
    assert serving.feedback(any_ws, "rides", from_ms=0, to_ms=1).columns == ["prediction_id", "label", "at_ms"]


def test_only_what_is_closed_is_taken_in_between_times(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "tell", _never)
    toy.write(toy.answered("closed"))
    folder = spool_folder(endpoint_folder(toy.ws, "default", "rides"))
    spool = Spool(folder, segment_bytes=1 << 20, new_id=lambda: "f" * 32)
    spool.write(toy.answered("open"))

    taken = serving.ingest_closed(toy.ws, "rides")
    spool.rotate()
    later = serving.ingest_closed(toy.ws, "rides")

    assert [capture.requests for capture in taken] == [1]
    assert [capture.segment for capture in later] == ["f" * 32]


def test_more_segments_than_can_be_read_are_refused(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_SEGMENTS_READ", 2)
    for number in range(3):
        toy.write(toy.answered(f"r{number}", at_ms=number), Told(ids=[f"r{number}/0"], labels=[1.0], at_ms=[number]))
    serving.ingest(toy.ws, "rides")

    assert serving.captured(toy.ws, "rides", from_ms=1, to_ms=3).height == 2
    with pytest.raises(SpanTooLong, match="more than 2 captured segments"):
        serving.captured(toy.ws, "rides", from_ms=0, to_ms=3)
    with pytest.raises(SpanTooLong, match="more than 2 captured segments"):
        serving.feedback(toy.ws, "rides", from_ms=0, to_ms=3)


def _never(*_: object, **__: object) -> bool:
    raise AssertionError("the endpoint was told something")


def test_a_torn_tail_is_dropped_and_counted(toy: Toy) -> None:
    path = toy.write(toy.answered("a"), toy.answered("b"))
    path.write_bytes(path.read_bytes()[:-3])

    (capture,) = serving.ingest(toy.ws, "rides")

    assert (capture.requests, capture.dropped) == (1, 1)


def test_a_damaged_segment_is_put_aside_and_said_and_the_others_are_taken_in(
    toy: Toy, caplog: pytest.LogCaptureFixture
) -> None:
    path = toy.write(toy.answered("a"), toy.answered("b"))
    toy.write(toy.answered("c"))
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)

    taken = serving.ingest(toy.ws, "rides")

    assert [capture.requests for capture in taken] == [1]
    assert path.with_suffix(".damaged").read_bytes() == data
    assert path.with_suffix(".damaged").name in caplog.text
    assert serving.ingest(toy.ws, "rides") == []


def test_a_segment_that_comes_back_is_not_taken_in_again(toy: Toy, tmp_path: Path) -> None:
    path = toy.write(toy.answered("a"))
    shutil.copy(path, tmp_path / "copy")
    serving.ingest(toy.ws, "rides")
    shutil.copy(tmp_path / "copy", path)

    assert serving.ingest(toy.ws, "rides") == []
    assert not path.exists()
    assert serving.captured(toy.ws, "rides", from_ms=0, to_ms=1).height == 1


INGEST = """
import sys
from pathlib import Path
from mainspring import serving
from mainspring.workspace import open_workspace
serving.ingest(open_workspace(Path(sys.argv[1])), "rides")
"""


@pytest.fixture
def sqlite_toy(ws: Workspace, package_folder: Path) -> Toy:
    return Toy(ws, trees.store(ws.objects, package_folder))


def _fault_points(run: Callable[[dict[str, str]], object], log: Path) -> list[str]:
    run({"MAINSPRING_FAULT_LOG": str(log)})
    return sorted(set(log.read_text().split()))


@pytest.mark.slow
def test_an_ingest_killed_at_any_point_loses_and_repeats_nothing(sqlite_toy: Toy, tmp_path: Path) -> None:
    toy = sqlite_toy

    def run(environment: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-c", INGEST, str(toy.ws.folder)]
        return subprocess.run(command, env=os.environ | environment, check=False)

    toy.write(toy.answered("first"))
    points = _fault_points(run, tmp_path / "log")
    assert {"capture.ingest.before_objects", "capture.ingest.before_commit", "capture.ingest.after_commit"} <= set(
        points
    )
    sent = ["first"]
    for number, point in enumerate(points):
        toy.write(toy.answered(f"r{number}", rows=2), Told(ids=[f"r{number}/0"], labels=[1.0], at_ms=[0]))
        sent.append(f"r{number}")
        assert run({"MAINSPRING_FAULT": point}).returncode == -9, point

    again = open_workspace(toy.ws.folder)
    assert isinstance(again, Workspace)
    serving.ingest(again, "rides")
    found = serving.captured(again, "rides", from_ms=0, to_ms=1)
    rows = 1 + 2 * (len(sent) - 1)
    again.close()

    assert found["prediction_id"].n_unique() == found.height == rows
    assert set(found["request_id"]) == set(sent)
