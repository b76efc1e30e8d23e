"""A project from `init` to `deploy`, unchanged, as a user calls it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mainspring.cli.errors import PipelineAmbiguous
from mainspring.cli.houses import houses_csv
from mainspring.cli.project import choose_pipeline
from mainspring.pipelines.definition import pipeline

from .conftest import Call, data_of

PROGRAM = str(Path(sys.executable).with_name("mainspring"))
PLAIN = """
import mainspring as ms

@ms.step
def count(*, to: int = 3, word: str = "a") -> ms.Metrics:
    return ms.Metrics(length=float(to * len(word)))

@ms.pipeline
def counting(*, to: int = 3, word: str = "a"):
    return count(to=to, word=word)
"""
BROKEN_STEP = PLAIN.replace("return ms.Metrics", "raise ValueError(f'{to} is too far')\n    return ms.Metrics")
TWO = PLAIN + "\n@ms.pipeline\ndef again(*, to: int = 3):\n    return count(to=to)\n"
ILL_FITTING = (
    PLAIN
    + "\n@ms.step\ndef halve(n: int) -> float:\n    return n / 2\n\n@ms.pipeline\ndef odd():\n    return halve(count())\n"
)


def program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call the command line as its own process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAINSPRING_")}
    return subprocess.run(
        [PROGRAM, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def data(done: subprocess.CompletedProcess[str], *, code: int = 0) -> Any:
    """The data of a --json answer."""
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)["data"]


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the table template that ran once."""
    parent = tmp_path_factory.mktemp("init")
    data(program(parent, "init", "prices", "--json"))
    data(program(parent / "prices", "run", "--json"))
    return parent / "prices"


def write_project(folder: Path, source: str, *, module: str) -> None:
    """A project with one module of pipelines, named apart from those of other tests."""
    (folder / f"{module}.py").write_text(source)
    (folder / "mainspring.toml").write_text(f'pipelines = "{module}"\n')


@pytest.mark.slow
def test_new_project_passes_its_tests_unchanged(prices: Path) -> None:
    report = data(program(prices, "test", "--json"))

    assert report["tests"] == 5
    assert report["pipelines"] == [
        {"pipeline": "house_prices", "steps": ["extract", "validate", "prepare", "train", "evaluate"]}
    ]


@pytest.mark.slow
def test_run_registers_a_version_that_passed_its_gate_and_is_champion(prices: Path) -> None:
    version = data(program(prices, "models", "show", "house-prices@1", "--json"))["version"]

    assert version["passed"] is True
    assert "champion" in version["aliases"]


@pytest.mark.slow
def test_second_run_takes_every_step_from_the_cache(prices: Path) -> None:
    page = data(program(prices, "run", "--json"))

    assert len(page["steps"]) == 5
    assert all(step["cached_from"] for step in page["steps"])


@pytest.mark.slow
def test_version_is_reproduced_to_the_same_bytes(prices: Path) -> None:
    made = data(program(prices, "reproduce", "house-prices@1", "--json"))

    assert made["verdict"] == "identical"
    assert made["rebuilt"] == made["recorded"]


@pytest.mark.slow
def test_deploy_without_a_server_says_so(prices: Path) -> None:
    made = data(program(prices, "deploy", "--json"))

    assert (made["name"], made["model"], made["kept_by"]) == ("house-prices", "house-prices@1", "nobody")


HOUSE = {"area_m2": 95.0, "rooms": 3, "age_years": 20, "distance_km": 4.0, "district": "hills"}


@pytest.mark.slow
def test_deploy_in_the_foreground_answers_until_it_is_ended_and_loses_no_prediction(
    prices: Path, tmp_path: Path
) -> None:
    data(program(prices, "deploy", "--name", "other", "--json"))
    words = [PROGRAM, "deploy", "--foreground", "--name", "front", "--json"]
    with subprocess.Popen(words, cwd=prices, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["data"]["url"]
        request = urllib.request.Request(
            f"{url}/invocations",
            data=json.dumps({"dataframe_records": [HOUSE]}).encode(),
            headers={"Content-Type": "application/json", "X-Request-Id": "asked-once"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            [predicted] = json.loads(answer.read())["predictions"]
        saved = program(prices, "backup", str(tmp_path / "b.tar"))
        process.terminate()
        last = json.loads(process.stdout.readline())["data"]
    assert process.returncode == 0
    assert last["endpoint"]["state"] == "stopped"
    assert {status["state"] for status in data(program(prices, "endpoints", "list", "--json"))} == {"stopped"}
    assert saved.returncode == 0, saved.stderr
    assert program(tmp_path, "restore", "b.tar", "--to", "copy").returncode == 0

    for workspace in (".mainspring", str(tmp_path / "copy")):
        trace = data(program(prices, "trace", "asked-once/0", "--workspace", workspace, "--json"))
        assert trace["prediction"]["prediction"] == predicted
        assert trace["version"] == "house-prices@1"
        assert trace["datasets"] == ["houses@1"]
        assert {split["name"] for split in trace["splits"]} == {"train", "holdout"}


@pytest.mark.slow
def test_retraining_the_same_data_makes_a_gated_candidate(prices: Path) -> None:
    retraining = data(program(prices, "retrain", "house-prices", "--json"))

    assert retraining["state"] == "passed"
    assert retraining["version"] >= 2


WRONG = [
    (("models", "show", "house-price"), 3, "did you mean 'house-prices'?"),
    (("models", "show", "house-prices@99"), 3, "99"),
    (("models", "show", "house-prices@nobody"), 3, "nobody"),
    (("models", "promote", "house-prices"), 2, "is not a reference"),
    (("models", "promote", "house-prices@99"), 3, "99"),
    (("models", "promote", "house-prices@1", "--expect", "7"), 5, "points to version 1, not 7"),
    (("models", "promote", "house-prices@1", "--expect", "7", "--dry-run"), 5, "points to version 1, not 7"),
    (("models", "promote", "house-prices@1", "--alias", "no good"), 2, "'no good' is not a valid name"),
    (("models", "diff", "house-prices@1", "house-prices@x"), 3, "x"),
    (("models", "card", "absent"), 3, "absent"),
    (("deploy", "absent"), 3, "absent"),
    (("deploy", "house-prices@1", "--port", "70000"), 2, "70000"),
    (("deploy", "house-prices@1", "--name", "../up"), 2, "is not a valid name"),
    (("retrain", "house-price"), 3, "did you mean 'house-prices'?"),
    (("reproduce", "house-prices"), 2, "is not a reference"),
    (("reproduce", "house-prices@99"), 3, "99"),
    (("endpoints", "show", "absent"), 3, "absent"),
    (("endpoints", "undeploy", "absent", "--yes"), 3, "absent"),
    (("monitors", "show", "absent"), 3, "absent"),
    (("alerts", "show", "00000000"), 3, "00000000"),
    (("runs", "show", "00000000"), 3, "00000000"),
    (("runs", "compare", "00000000"), 2, "1 runs"),
    (("trace", "absent/0"), 3, "absent/0"),
    (("trace", "absent"), 3, "REQUEST/ROW"),
    (("run", "--input", "houses=houses@99"), 3, "99"),
    (("run", "--input", "flats=houses"), 2, "flats"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_wrong_reference_gets_one_sentence_and_changes_nothing(
    prices: Path, call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.chdir(prices)
    before = data_of(call("events", "verify", "--json"))["head"]

    result = call(*words)

    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert data_of(call("events", "verify", "--json"))["head"] == before


@pytest.mark.slow
def test_dry_run_of_a_promotion_changes_nothing(prices: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prices)
    before = data_of(call("events", "verify", "--json"))["head"]

    promotion = data_of(call("models", "promote", "house-prices@1", "--alias", "never-moved", "--dry-run", "--json"))

    assert promotion["dry_run"] is True
    assert (promotion["before"], promotion["version"]) == (0, 1)
    assert data_of(call("events", "verify", "--json"))["head"] == before


@pytest.mark.slow
def test_promotion_moves_the_alias_of_its_name(prices: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prices)

    assert (
        "candidate of house-prices points to version 1"
        in call("models", "promote", "house-prices@1", "--alias", "candidate").stdout
    )
    assert data_of(call("models", "show", "house-prices@candidate", "--json"))["version"]["version"] == 1


SHOWN = [
    (("models", "list"), "champion -> 1"),
    (("models", "show", "house-prices"), "house-prices@1"),
    (("models", "show", "house-prices@champion"), "mae difference"),
    (("models", "card", "house-prices"), "## Not written yet"),
    (("models", "diff", "house-prices@1", "house-prices@1"), "the packages are the same bytes"),
    (("deploy", "--dry-run"), "house-prices@1 would be served at endpoint house-prices"),
    (("run",), "passed its gate"),
    (("run", "--plain"), "from the cache"),
    (("run", "--color", "always"), "passed its gate"),
    (("runs", "list", "--kind", "step"), "evaluate"),
    (("runs", "list", "--status", "succeeded"), "house_prices"),
    (("data", "analyse", "houses"), "harbour ("),
    (("events", "list"), "model.promoted"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"), SHOWN, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_person_is_shown_what_there_is(
    prices: Path, call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(prices)

    result = call(*words)

    assert result.exit_code == 0, result.stderr
    assert said in result.stdout


@pytest.mark.slow
def test_runs_are_shown_and_compared(prices: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prices)
    call("run", "--param", "trees=20")
    newest, *_, first = [
        line.split("\t")[0] for line in call("runs", "list", "--limit", "1000", "--plain").stdout.splitlines()
    ]

    shown = call("runs", "show", first).stdout
    compared = call("runs", "compare", first, newest).stdout

    assert "houses@1" in shown
    assert "mae of the column usual_price" in shown
    assert ["trees", "150", "20"] in [line.split() for line in compared.splitlines()]


@pytest.mark.slow
def test_run_is_found_by_the_end_of_its_id(prices: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prices)
    runs = data_of(call("runs", "list", "--json"))

    assert data_of(call("runs", "show", runs[0]["id"][-8:], "--json"))["id"] == runs[0]["id"]
    assert len(data_of(call("runs", "list", "--parent", runs[-1]["id"][-8:], "--json"))) == 5


def test_data_of_the_template_is_the_same_every_time() -> None:
    assert houses_csv() == houses_csv()
    assert houses_csv().count("\n") == 1501


def test_init_touches_nothing_but_its_folder(empty: Path, call: Call) -> None:
    made = data_of(call("init", "prices", "--json"))

    assert [path.name for path in empty.iterdir()] == ["prices"]
    assert (
        sorted(str(path.relative_to(empty / "prices")) for path in (empty / "prices").rglob("*") if path.is_file())
        == made["files"]
    )
    assert "{{" not in (empty / "prices" / "README.md").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("init", "full"), 5, "full exists and is not empty"),
        (("init", "link"), 5, "link exists"),
        (("init", "a/b"), 2, "'a/b' is not a valid name"),
        (
            (
                "init",
                "..",
            ),
            2,
            "is not a valid name",
        ),
        (("init", "new", "--template", "tabel"), 2, "there is: table"),
        (("init",), 2, "NAME"),
    ],
)
def test_init_refuses_what_it_must(empty: Path, call: Call, words: tuple[str, ...], code: int, said: str) -> None:
    (empty / "full").mkdir()
    (empty / "full" / "precious").write_text("x")
    (empty / "link").symlink_to(empty / "full")
    before = sorted(empty.rglob("*"))

    result = call(*words)

    assert result.exit_code == code
    assert said in result.stderr
    assert sorted(empty.rglob("*")) == before


def test_empty_folder_is_filled(empty: Path, call: Call) -> None:
    (empty / "prices").mkdir()

    assert call("init", "prices").exit_code == 0


@pytest.mark.slow
def test_run_of_a_plain_pipeline_reads_parameters_by_their_type(empty: Path, call: Call) -> None:
    write_project(empty, PLAIN, module="plain")

    page = data_of(call("run", "--param", "to=4", "--param", "word=12", "--json"))

    assert page["run"]["params"] == {"to": 4, "word": "12"}
    assert page["run"]["metrics"] == {"length": 8.0}
    assert page["version"] is None


@pytest.mark.slow
def test_step_that_raises_shows_the_users_own_line(empty: Path, call: Call) -> None:
    write_project(empty, BROKEN_STEP, module="broken_step")

    result = call("run")

    assert result.exit_code == 1
    assert "3 is too far" in result.stderr
    assert "broken_step.py" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("source", "words", "code", "said"),
    [
        (PLAIN, ("run", "--param", "too=3"), 2, "there is no such argument"),
        (PLAIN, ("run", "--param", "to=x"), 2, "expected int"),
        (PLAIN, ("run", "--param", "to"), 2, "'to' is not NAME=VALUE"),
        (PLAIN, ("run", "countin"), 3, "did you mean 'counting'?"),
        (TWO, ("run",), 2, "more than one pipeline: again, counting"),
        ("x = 1\n", ("run",), 3, "it has: none"),
        ("1 / 0\n", ("run",), 1, "ZeroDivisionError"),
        ("def broken(:\n", ("run",), 1, "SyntaxError"),
        (ILL_FITTING, ("test",), 2, "step 'halve'"),
    ],
)
def test_wrong_project_gets_a_sentence(
    empty: Path, call: Call, request: pytest.FixtureRequest, source: str, words: tuple[str, ...], code: int, said: str
) -> None:
    write_project(empty, source, module=f"wrong_{abs(hash(request.node.name))}")

    result = call(*words)

    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_run_on_a_server_says_that_it_needs_the_folder(empty: Path, call: Call) -> None:
    write_project(empty, PLAIN, module="remote")

    result = call("run", "--workspace", "http://127.0.0.1:9")

    assert result.exit_code == 2
    assert "run it on the server's machine" in result.stderr


def test_run_outside_a_project_says_how_to_make_one(empty: Path, call: Call) -> None:
    result = call("run")

    assert result.exit_code == 3
    assert "mainspring init NAME" in result.stderr


def test_project_without_tests_is_still_checked(empty: Path, call: Call) -> None:
    write_project(empty, PLAIN, module="untested")

    result = call("test")

    assert result.exit_code == 0
    assert "counting" in result.stdout
    assert "no tests in the folder tests" in result.stdout


@pytest.mark.slow
def test_failing_test_of_a_project_is_exit_code_one(empty: Path, call: Call) -> None:
    write_project(empty, PLAIN, module="failing")
    (empty / "tests").mkdir()
    (empty / "tests" / "test_it.py").write_text("def test_no():\n    assert False\n\ndef test_yes():\n    pass\n")

    result = call("test")

    assert result.exit_code == 1
    assert "tests.failed: 1 of 2 tests failed" in result.stderr


@pipeline
def two_words() -> None:
    """A pipeline of two words."""


def test_name_with_a_hyphen_means_the_function() -> None:
    assert choose_pipeline({"two_words": two_words}, "two-words", module="m") is two_words
    with pytest.raises(PipelineAmbiguous):
        choose_pipeline({"two_words": two_words, "other": two_words}, "", module="m")
