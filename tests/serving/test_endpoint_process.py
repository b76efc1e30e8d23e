"""The endpoint as a real process: protocols, bad input, reload under load, and death at any moment."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import endpoint_toys as toys
import httpx
import pytest

from mainspring.domain.endpoint import Route
from mainspring.serving.captures import adopt
from mainspring.serving.route import write_route

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two versions: the first doubles the distance, the second triples it."""
    folder = tmp_path_factory.mktemp("packages")
    return {name: toys.write_package(folder / name, slope=slope) for name, slope in (("double", 2.0), ("triple", 3.0))}


@pytest.fixture(scope="module")
def rides(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[toys.Running]:
    """One endpoint for the tests that only ask."""
    folder = tmp_path_factory.mktemp("rides")
    with toys.serving(folder, toys.variant(packages["double"]), max_rows=1000) as running:
        yield running


@pytest.fixture(scope="module")
def moving(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[toys.Running]:
    """One endpoint for the tests that change its route first."""
    with toys.serving(tmp_path_factory.mktemp("moving"), toys.variant(packages["double"])) as running:
        yield running


def test_it_speaks_the_open_inference_protocol(rides: toys.Running) -> None:
    answer = rides.infer([1.0, 2.5], cities=["near", "far"], id="ride-1")

    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "ride-1"
    assert answer.json() == {
        "model_name": "rides",
        "model_version": "1",
        "id": "ride-1",
        "parameters": {"variant": "v1"},
        "outputs": [{"name": "prediction", "shape": [2], "datatype": "FP64", "data": [2.0, 15.0]}],
    }


def test_it_describes_itself(rides: toys.Running) -> None:
    described = rides.client.get("/v2/models/rides").json()

    assert described == {
        "name": "rides",
        "versions": ["1"],
        "platform": "mainspring_sklearn",
        "inputs": [
            {"name": "distance", "datatype": "FP64", "shape": [-1]},
            {"name": "city", "datatype": "BYTES", "shape": [-1]},
            {"name": "riders", "datatype": "INT64", "shape": [-1]},
        ],
        "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [-1]}],
    }
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/rides/ready", "/ping", "/-/status"):
        assert rides.client.get(path).status_code == 200, path
    assert rides.client.get("/v2/models/rides/versions/1").json() == described


def test_a_version_can_be_addressed(rides: toys.Running) -> None:
    body = toys.infer_body([4.0])

    assert rides.client.post("/v2/models/rides/versions/1/infer", json=body).json()["outputs"][0]["data"] == [8.0]
    missing = rides.client.post("/v2/models/rides/versions/2/infer", json=body)
    assert missing.status_code == 404
    assert "versions 1" in missing.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["riders", "city", "distance"], "data": [[1, "far", 1.0]]}},
        {"dataframe_records": [{"distance": 1.0, "city": "far", "riders": 1, "more": "is left out"}]},
        {"instances": [{"distance": 1.0, "city": "far", "riders": 1}]},
        {"instances": [[1.0, "far", 1]]},
        {"inputs": {"distance": [1.0], "city": ["far"], "riders": [1]}},
        {"inputs": [{"distance": 1.0, "city": "far", "riders": 1}]},
    ],
)
def test_it_takes_each_of_mlflows_bodies(rides: toys.Running, body: dict[str, Any]) -> None:
    answer = rides.client.post("/invocations", json=body)

    assert answer.json() == {"predictions": [12.0]}
    assert len(answer.headers["x-request-id"]) == 32


def _tensor(**changes: Any) -> dict[str, Any]:
    body = toys.infer_body([1.0])
    body["inputs"][0] |= changes
    return body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_tensor(data=[None]), "input column 'distance', row 0: null is not allowed"),
        (_tensor(data=["1"]), "input column 'distance', row 0: '1' is not a double"),
        (_tensor(data=[1.0, 2.0]), "input 'distance' has shape [1] but 2 values"),
        (_tensor(shape=[1, 3]), "input 'distance' has shape [1, 3]; use [rows] or [rows, 1]"),
        (_tensor(datatype="BYTES"), "input 'distance' has datatype 'BYTES', the model takes FP64"),
        (_tensor(name="distanc"), "there is no input 'distanc'; the inputs are 'distance', 'city', 'riders'"),
        (_tensor(shape=[0], data=[]), "the request has no rows"),
        (_tensor(shape=[2], data=[1.0, 2.0]), "input column 'city': it has 1 values, others have 2"),
        ({"inputs": toys.infer_body([1.0])["inputs"][:2]}, "input column 'riders': it is missing"),
        ({"inputs": []}, "input column 'distance' is missing"),
        ({}, "the body is not valid: Object missing required field `inputs`"),
        (toys.infer_body([1.0]) | {"id": "a/b"}, "'id' must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -"),
        (toys.infer_body([1.0] * 1001), "the request has 1001 rows; at most 1000 are answered at a time"),
        (
            toys.infer_body([1.0]) | {"parameters": {"at_ms": 5}},
            "this endpoint's clock is the system's: 'parameters.at_ms' is not taken",
        ),
    ],
)
def test_bad_input_gets_one_sentence(rides: toys.Running, body: dict[str, Any], message: str) -> None:
    answer = rides.client.post("/v2/models/rides/infer", json=body)

    assert (answer.status_code, answer.json()["error"]) == (400, message)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"inputs": NaN}', '{"inputs": 1e999}', "[" * 100_000, "\x00"]
)
def test_what_is_no_json_request_is_refused(rides: toys.Running, text: str) -> None:
    headers = {"content-type": "application/json"}
    infer = rides.client.post("/v2/models/rides/infer", content=text, headers=headers)
    invoke = rides.client.post("/invocations", content=text, headers=headers)

    assert (infer.status_code, invoke.status_code) == (400, 400)
    assert invoke.json()["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the body must have exactly one of"),
        ({"instances": [[1.0]]}, "each row of 'instances' must be a mapping, or a list of 3 values"),
        (
            {"dataframe_split": {"columns": ["distance"], "data": [[1.0, 2.0]]}},
            "row 0 of 'dataframe_split' has 2 values",
        ),
        ({"dataframe_records": [{"distance": 1.0}]}, "input column 'city' is missing in row 0"),
        ({"inputs": "text"}, "'inputs' must be a list of rows"),
    ],
)
def test_bad_invocations_are_refused_in_mlflows_words(rides: toys.Running, body: dict[str, Any], message: str) -> None:
    answer = rides.client.post("/invocations", json=body)

    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_other_content_types_and_large_bodies_are_refused(rides: toys.Running) -> None:
    for kind in ("text/csv", "application/vnd.bentoml+pickle", "", "application/octet-stream"):
        answer = rides.client.post("/invocations", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 415, kind
    json_type = {"content-type": "application/json"}
    large = rides.client.post("/invocations", content=b" " * ((8 << 20) + 1), headers=json_type)
    streamed = rides.client.post("/invocations", content=iter([b" " * (1 << 20)] * 9), headers=json_type)
    assert (large.status_code, streamed.status_code) == (413, 413)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/v2/models/rides/infer", "/invocations", "/feedback", "/-/rotate", "/-/nudge", "/ping"]
)
def test_a_page_of_another_site_gets_nothing(rides: toys.Running, method: str, path: str) -> None:
    rebound = rides.client.request(method, path, headers={"host": "evil.example"})
    assert rebound.status_code == 403

    if method != "GET":
        foreign = rides.client.request(method, path, headers={"origin": "http://evil.example"})
        assert foreign.status_code == 403


def test_unknown_addresses_are_404(rides: toys.Running) -> None:
    for path in (
        "/",
        "/v2/models/other",
        "/v2/models/rides/%2e%2e/%2e%2e",
        "/docs",
        "/v2/models/rides/versions/1/2",
        "/%2e%2e/etc",
    ):
        assert rides.client.get(path).status_code == 404, path
    assert rides.client.post("/v2/models/other/infer", json=toys.infer_body([1.0])).status_code == 404


def test_what_the_models_code_raises_is_not_told_and_hurts_nobody(rides: toys.Running) -> None:
    failed = rides.infer([1.0], cities=["elsewhere"])

    assert failed.status_code == 500
    assert failed.json() == {"error": "the model failed: InvalidOperationError"}
    assert rides.infer([1.0]).status_code == 200


def test_feedback_is_checked(rides: toys.Running) -> None:
    def told(**body: Any) -> httpx.Response:
        return rides.client.post("/feedback", json=body)

    assert told(id="ride-1/0", label=3.5).json() == {"accepted": 1}
    assert told(feedback=[{"id": "ride-1/0", "label": 1}, {"id": "ride-1/1", "label": 2}]).json() == {"accepted": 2}
    for wrong in ({}, {"id": "ride-1/0"}, {"label": 1}, {"id": "ride-1", "label": 1}, {"id": "a/b/0x", "label": 1}):
        assert told(**wrong).status_code == 400, wrong
    assert told(id="ride-1/0", label=True).status_code == 400
    assert told(id="ride-1/0", label=1, at_ms=5).status_code == 400


def test_the_process_opens_no_database(rides: toys.Running) -> None:
    folder = Path(f"/proc/{rides.child.pid}")
    opened = [os.readlink(link) for link in (folder / "fd").iterdir()]

    # Measuring coverage loads sqlite3 for a file of its own, so it is the files and SQLAlchemy that tell.
    assert "sqlalchemy" not in (folder / "maps").read_text()
    assert not [name for name in opened if "mainspring.db" in name]


def test_what_a_request_says_is_its_time_where_that_is_wanted(moving: toys.Running, packages: dict[str, Path]) -> None:
    moving.reroute(toys.variant(packages["double"]), clock="request")

    refused = moving.infer([1.0])
    assert (refused.status_code, "'parameters.at_ms'" in refused.text) == (400, True)
    refused = moving.client.post("/invocations", json={"dataframe_records": toys.EXAMPLE.to_dicts()})
    assert (refused.status_code, "'params.at_ms'" in refused.text) == (400, True)
    refused = moving.client.post("/feedback", json={"feedback": [{"id": "clock/0", "label": 1}]})
    assert (refused.status_code, "'at_ms' of each outcome" in refused.text) == (400, True)
    assert moving.infer([1.0], id="clock", parameters={"at_ms": 1000}).status_code == 200
    outcome = {"id": "clock/0", "label": 1, "at_ms": 2000}
    assert moving.client.post("/feedback", json={"feedback": [outcome]}).status_code == 200
    moving.rotate()

    assert [record.at_ms for record in moving.answered("clock")] == [1000]
    assert [record.at_ms for record in moving.told("clock")] == [[2000]]


def test_traffic_is_split_by_weight_and_each_id_keeps_its_variant(
    moving: toys.Running, packages: dict[str, Path]
) -> None:
    base = toys.variant(packages["double"], version=1, weight=0.75)
    moving.reroute(base, toys.variant(packages["triple"], version=2, weight=0.25))

    def asked() -> list[str]:
        return [moving.infer([1.0], id=f"split-{i}").json()["parameters"]["variant"] for i in range(200)]

    first = asked()

    assert asked() == first
    assert 25 <= first.count("v2") <= 75


def test_shadows_answer_unseen_unless_they_are_the_same_version(
    moving: toys.Running, packages: dict[str, Path]
) -> None:
    live = toys.variant(packages["double"], version=1, name="champion")
    shadow = toys.variant(packages["triple"], version=2, name="candidate-shadow", weight=0.0, role="shadow")
    same = toys.variant(packages["double"], version=1, name="champion-shadow", weight=0.0, role="shadow")
    moving.reroute(live, shadow, same)

    assert moving.infer([1.0], id="shadow").json()["outputs"][0]["data"] == [2.0]
    assert moving.client.get("/v2/models/rides").json()["versions"] == ["1"]
    until = time.monotonic() + 30
    while len(moving.answered("shadow")) < 2 and time.monotonic() < until:
        moving.rotate()
        time.sleep(0.01)

    said = {(record.variant, record.role): record.predictions for record in moving.answered("shadow")}
    assert said == {("champion", "live"): [2.0], ("candidate-shadow", "shadow"): [3.0]}


def test_a_new_route_is_taken_without_dropping_a_request(moving: toys.Running, packages: dict[str, Path]) -> None:
    moving.reroute(toys.variant(packages["double"], version=1))
    answers: list[tuple[int, str]] = []
    over = threading.Event()

    def ask(worker: int) -> None:
        with httpx.Client(base_url=moving.url, timeout=30, trust_env=False) as client:
            while not over.is_set():
                body = toys.infer_body([1.0]) | {"id": f"swap-{worker}-{len(answers)}-{time.monotonic_ns()}"}
                answer = client.post("/v2/models/rides/infer", json=body)
                answers.append((answer.status_code, answer.json()["model_version"]))

    threads = [threading.Thread(target=ask, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    for version in range(2, 12):
        folder = packages["triple" if version % 2 == 0 else "double"]
        assert moving.reroute(toys.variant(folder, version=version))["error"] == ""
    over.set()
    for thread in threads:
        thread.join()
    last = moving.infer([1.0]).json()
    moving.rotate()

    assert {status for status, _ in answers} == {200}
    assert last["model_version"] == "11"
    assert len(moving.answered("swap")) == len(answers), "every answer was captured"


def test_a_route_that_cannot_be_served_is_refused_and_the_old_one_stays(
    moving: toys.Running, packages: dict[str, Path], tmp_path: Path
) -> None:
    number = moving.reroute(toys.variant(packages["double"], version=1))["number"]
    broken = toys.write_package(tmp_path / "broken", slope=5.0)
    source = broken / "transform" / "served_features.py"
    source.write_text(source.read_text() + "\n# changed\n")

    said = moving.reroute(toys.variant(broken, version=2))
    ready = moving.client.get("/v2/health/ready").json()

    assert said["number"] == number
    assert "is not what the model was trained with" in said["error"]
    assert ready == {"ready": True, "number": number, "error": said["error"]}
    assert moving.infer([1.0]).json()["model_version"] == "1"
    assert json.loads((moving.folder / "process.json").read_text())["error"] == said["error"]


def test_a_package_that_answers_otherwise_is_not_served(tmp_path: Path) -> None:
    folder = toys.write_package(tmp_path / "package")
    (folder / "expected.json").write_text('{"predictions":[7.0,7.0]}')

    with (
        pytest.raises(AssertionError, match="the endpoint cannot start"),
        toys.serving(tmp_path / "ep", toys.variant(folder)),
    ):
        pass


def test_only_one_process_serves_a_folder(packages: dict[str, Path], tmp_path: Path) -> None:
    with toys.serving(tmp_path, toys.variant(packages["double"])):
        second = toys.start(tmp_path / "route.json", {})

        assert second.wait(30) == 5


def test_the_address_outlives_the_process(packages: dict[str, Path], tmp_path: Path) -> None:
    with toys.serving(tmp_path, toys.variant(packages["double"])) as running:
        first = running.url
        running.kill()
        said = (tmp_path / "process.json").read_text()
    child = toys.start(tmp_path / "route.json", {})
    until = time.monotonic() + 60
    while (tmp_path / "process.json").read_text() == said and time.monotonic() < until:
        time.sleep(0.01)
    try:
        assert toys.wait_for(tmp_path, child).port == int(first.rpartition(":")[2])
    finally:
        child.terminate()
        child.wait(30)


def test_every_answer_before_a_kill_is_in_the_spool(packages: dict[str, Path], tmp_path: Path) -> None:
    answered: dict[str, list[float]] = {}
    with toys.serving(tmp_path, toys.variant(packages["double"])) as running:

        def ask(worker: int) -> None:
            with httpx.Client(base_url=running.url, timeout=30, trust_env=False) as client:
                for number in range(10_000):
                    body = toys.infer_body([float(number)]) | {"id": f"w{worker}-{number}"}
                    try:
                        answer = client.post("/v2/models/rides/infer", json=body)
                    except httpx.TransportError:
                        return
                    answered[answer.json()["id"]] = answer.json()["outputs"][0]["data"]

        threads = [threading.Thread(target=ask, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        while len(answered) < 200:
            time.sleep(0.005)
        running.kill()
        for thread in threads:
            thread.join()
    adopt(tmp_path / "spool")

    captured = {record.request_id: record.predictions for record in running.answered()}
    assert answered.items() <= captured.items()


@pytest.mark.parametrize("point", ["capture.write.before_record:3", "capture.write.after_record:3"])
def test_a_kill_around_the_capture_loses_no_answer(packages: dict[str, Path], tmp_path: Path, point: str) -> None:
    answered = []
    with toys.serving(tmp_path, toys.variant(packages["double"]), environment={"MAINSPRING_FAULT": point}) as running:
        for number in range(5):
            try:
                answered.append(running.infer([1.0], id=f"r{number}").json()["id"])
            except httpx.TransportError:
                break
        running.child.wait(30)
    adopt(tmp_path / "spool")

    captured = [record.request_id for record in running.answered()]
    assert answered == ["r0", "r1"]
    assert captured in (["r0", "r1"], ["r0", "r1", "r2"])


def test_what_cannot_be_captured_is_not_answered(packages: dict[str, Path], tmp_path: Path) -> None:
    with toys.serving(tmp_path, toys.variant(packages["double"])) as running:
        spool = tmp_path / "spool"
        spool.rename(tmp_path / "away")
        spool.write_text("in the way")
        refused = running.infer([1.0])
        spool.unlink()
        (tmp_path / "away").rename(spool)
        accepted = running.infer([1.0])

    assert refused.status_code == 503
    assert "could not be recorded" in refused.json()["error"]
    assert accepted.status_code == 200


def test_a_route_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    route = Route(endpoint="rides", number=1, salt="s", variants=(), spool=str(tmp_path / "spool"), version=2)
    write_route(route, tmp_path / "route.json")
    child = toys.start(tmp_path / "route.json", {})

    assert child.wait(30) == 2
    assert "format 2" in (tmp_path / "log").read_text()
