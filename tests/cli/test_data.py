"""`mainspring data`: a file in, a wrong file out, and what is said about both."""

import json
from pathlib import Path

import pytest

from .conftest import Call, data_of


def rows(first: int, count: int) -> str:
    """A CSV file of `count` houses whose ids begin at `first`."""
    lines = [
        f"{n},{100 + n % 37}.5,{'north' if n % 3 else 'hills'},2025-01-{1 + n % 28:02d}T00:00:00Z"
        for n in range(first, first + count)
    ]
    return "\n".join(["id,price,district,sold_at", *lines, ""])


GOOD = rows(0, 400)
BROKEN = GOOD.replace("north", "moon")


@pytest.fixture
def houses(made: Path, call: Call) -> Path:
    """A workspace with dataset houses@1."""
    (made / "houses.csv").write_text(GOOD)
    assert call("data", "add", "houses", "houses.csv", "--event-time", "sold_at", "--key", "id").exit_code == 0
    return made


def test_added_file_is_version_one(made: Path, call: Call) -> None:
    (made / "houses.csv").write_text(GOOD)

    version = data_of(call("data", "add", "houses", "houses.csv", "--event-time", "sold_at", "--json"))

    assert (version["dataset"], version["number"], version["rows"]) == ("houses", 1, 400)
    assert version["event_time"] == "sold_at"


def test_same_file_again_is_no_new_version(houses: Path, call: Call) -> None:
    again = data_of(call("data", "add", "houses", "houses.csv", "--json"))

    assert again["number"] == 1


def test_broken_file_is_refused_with_its_report_and_adds_nothing(houses: Path, call: Call) -> None:
    (houses / "broken.csv").write_text(BROKEN)

    result = call("data", "add", "houses", "broken.csv")

    assert result.exit_code == 4
    assert "district" in result.stderr
    assert "'moon'" in result.stderr
    assert "row " in result.stderr
    page = data_of(call("data", "show", "houses", "--json"))
    assert [version["number"] for version in page["versions"]] == [1]
    assert [batch["source"] for batch in page["quarantined"]] == ["broken.csv"]


def test_refusal_as_json_has_the_whole_report(houses: Path, call: Call) -> None:
    (houses / "broken.csv").write_text(BROKEN)

    error = json.loads(call("data", "add", "houses", "broken.csv", "--json").stdout)["error"]

    assert error["code"] == "dataset.refused"
    [violation] = [v for v in error["fields"]["report"]["violations"] if v["column"] == "district"]
    assert violation["rule"] == "category"
    assert violation["examples"]


def test_validate_says_the_same_and_records_nothing(houses: Path, call: Call) -> None:
    (houses / "broken.csv").write_text(BROKEN)

    assert call("data", "validate", "houses", "broken.csv").exit_code == 4
    assert data_of(call("data", "show", "houses", "--json"))["quarantined"] == []
    assert len(data_of(call("events", "list", "--json"))) == 1


def test_file_that_fits_is_valid(houses: Path, call: Call) -> None:
    (houses / "more.csv").write_text(rows(400, 400))

    result = call("data", "validate", "houses", "more.csv")

    assert result.exit_code == 0
    assert result.stdout == "more.csv: 400 rows fit houses@1\n"


def test_list_show_analyse_and_diff_name_the_version(houses: Path, call: Call) -> None:
    (houses / "second.csv").write_text("id,price,district,sold_at\n1000,120.5,north,2025-02-01T00:00:00Z\n")
    assert call("data", "add", "houses", "second.csv").exit_code == 0

    assert "houses" in call("data", "list").stdout
    assert "houses@2" in call("data", "show", "houses").stdout
    assert "second.csv" in call("data", "show", "houses@2").stdout
    assert "district" in call("data", "analyse", "houses@1").stdout
    assert "400 rows became 401" in call("data", "diff", "houses").stdout
    assert "401 rows became 400" in call("data", "diff", "houses@2", "houses@1").stdout


WRONG = [
    (("data", "add", "houses", "absent.csv"), 3, "absent.csv"),
    (("data", "add", "houses", "notes.txt"), 2, "cannot tell the format"),
    (("data", "add", "no name", "houses.csv"), 2, "'no name' is not a valid name"),
    (("data", "add", "other", "houses.csv", "--event-time", "sold"), 2, "sold"),
    (("data", "add", "other", "torn.parquet"), 2, "torn.parquet"),
    (("data", "show", "huoses"), 3, "did you mean 'houses'?"),
    (("data", "show", "houses@7"), 3, "houses"),
    (("data", "show", "houses@"), 2, "is not a reference"),
    (("data", "analyse", "../houses"), 2, "is not a reference"),
    (("data", "diff", "houses@1", "houses@9"), 3, "9"),
    (("data", "add", "houses"), 2, "FILE"),
]


@pytest.mark.parametrize(
    ("words", "code", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_wrong_input_gets_one_sentence_and_changes_nothing(
    houses: Path, call: Call, words: tuple[str, ...], code: int, said: str
) -> None:
    (houses / "notes.txt").write_text("nothing")
    (houses / "torn.parquet").write_bytes(b"PAR1 torn")
    before = len(data_of(call("events", "list", "--json")))

    result = call(*words)

    assert result.exit_code == code
    assert said in result.stderr
    assert result.stderr.rstrip("\n").count("\n") == 0
    assert len(data_of(call("events", "list", "--json"))) == before


def test_two_datasets_have_no_difference_to_show(houses: Path, call: Call) -> None:
    call("data", "add", "other", "houses.csv")

    result = call("data", "diff", "houses", "other")

    assert result.exit_code == 2
    assert "two datasets" in result.stderr
