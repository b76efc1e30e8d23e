"""The frame: help, options anywhere, ways of answering, errors and exit codes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import mainspring
from mainspring.cli.catalogue import CATALOGUE
from mainspring.cli.config import find_config
from mainspring.cli.frame import Command, Noun
from mainspring.cli.main import root
from mainspring.cli.report import EXIT_CODES, report
from mainspring.cli.session import Session
from mainspring.kernel import errors

from .conftest import Call, data_of


def commands() -> list[tuple[str, Command]]:
    """Every command with its words."""
    found: list[tuple[str, Command]] = []
    for name in CATALOGUE:
        entry = root.get_command(click.Context(root), name)
        if isinstance(entry, Noun):
            found += [
                (f"{name} {verb}", command) for verb, command in entry.commands.items() if isinstance(command, Command)
            ]
        else:
            assert isinstance(entry, Command)
            found.append((name, entry))
    return found


def modules_after(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter has after `code`."""
    program = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"sqlalchemy", "polars", "numpy", "httpx", "starlette", "jinja2", "rich", "alembic", "sklearn", "msgspec"}


def test_help_imports_nothing_heavy() -> None:
    code = "from mainspring.cli.main import root\ntry:\n    root.main(['--help'])\nexcept SystemExit:\n    pass"

    assert not modules_after(code) & HEAVY


def test_import_mainspring_imports_nothing_heavy() -> None:
    assert not modules_after("import mainspring") & HEAVY


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_help_of_the_top_says_what_the_command_says_itself(name: str) -> None:
    entry = root.get_command(click.Context(root), name)
    assert entry is not None
    assert (entry.help or "").partition("\n")[0] == CATALOGUE[name].summary


@pytest.mark.parametrize(("words", "command"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_help_begins_with_examples_of_that_command(words: str, command: Command, call: Call) -> None:
    shown = call(*words.split(), "--help")

    assert shown.exit_code == 0
    assert shown.stdout.startswith("Examples:\n")
    assert command.examples
    assert all(f"mainspring {words}" in example for example in command.examples)


@pytest.mark.parametrize(("words", "command"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_option_and_answer_is_declared(words: str, command: Command) -> None:
    names = {name for param in command.params for name in param.opts}

    assert {"--workspace", "--project", "--json", "--plain", "-q", "-v", "--color"} <= names
    assert command.answer_type is not None, f"{words} says no type of answer"
    assert all(param.help for param in command.params if isinstance(param, click.Option))


def test_global_options_work_before_and_after_the_command(made: Path, call: Call) -> None:
    before = call("--json", "--project", "flights", "events", "verify")
    between = call("events", "--json", "--project", "flights", "verify")
    after = call("events", "verify", "--project", "flights", "--json")

    assert before.stdout == between.stdout == after.stdout
    assert data_of(after)["project"] == "flights"


def test_the_later_option_wins(made: Path, call: Call) -> None:
    assert data_of(call("--project", "a", "events", "verify", "--project", "b", "--json"))["project"] == "b"


def test_json_names_its_schema(made: Path, call: Call) -> None:
    assert json.loads(call("tokens", "list", "--json").stdout) == {"schema": "mainspring/tokens.list/1", "data": []}


def test_empty_list_says_how_to_fill_it(made: Path, call: Call) -> None:
    assert call("tokens", "list").stdout == "no tokens yet; make one with: mainspring tokens create NAME\n"


def test_plain_has_one_record_a_line_and_whole_ids(made: Path, call: Call) -> None:
    made_token = data_of(call("tokens", "create", "ci", "--json"))["token"]

    fields = call("tokens", "list", "--plain").stdout.rstrip("\n").split("\t")

    assert fields[:3] == [made_token["token_id"], "ci", "viewer"]


def test_columns_are_aligned_and_ids_short(made: Path, call: Call) -> None:
    token_id = data_of(call("tokens", "create", "ci", "--json"))["token"]["token_id"]

    head, row = call("tokens", "list").stdout.splitlines()

    assert row.startswith(token_id[-8:] + " ")
    assert head.index("principal") == row.index("ci")


def test_colour_only_where_asked_for(made: Path, call: Call) -> None:
    call("tokens", "create", "ci")

    assert "\x1b[" in call("tokens", "list", "--color", "always").stdout
    assert "\x1b[" not in call("tokens", "list", "--color", "never").stdout
    assert "\x1b[" not in call("tokens", "list").stdout


def test_stored_text_cannot_steer_the_terminal() -> None:
    from mainspring.cli.output import clean

    assert clean("a\x1b[31mb\nc\u202ed") == "a [31mb c d"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["rnus"], "there is no command 'rnus', did you mean 'runs'?"),
        (["tokens", "crate"], "there is no command 'crate', did you mean 'create'?"),
        (["tokens", "list", "--jsn"], "Did you mean '--json'?"),
    ],
)
def test_typo_is_answered_with_what_was_meant(call: Call, words: list[str], meant: str) -> None:
    result = call(*words)

    assert result.exit_code == 2
    assert meant in result.stderr
    assert result.stdout == ""


def test_expected_error_is_one_line_without_traceback(call: Call) -> None:
    result = call("tokens", "list")

    assert result.exit_code == 3
    assert (
        result.stderr
        == "workspace.unknown: there is no workspace at '.mainspring'; make one with: mainspring init NAME, or mainspring demo\n"
    )


def test_error_is_json_on_stdout_too_where_json_was_asked_for(call: Call) -> None:
    for words in (["tokens", "list", "--json"], ["--json", "tokens", "list"]):
        result = call(*words)
        error = json.loads(result.stdout)
        assert error["schema"] == "mainspring/error/1"
        assert error["error"]["code"] == "workspace.unknown"


def test_usage_error_is_json_too(call: Call) -> None:
    assert json.loads(call("tokens", "nothing", "--json").stdout)["error"]["code"] == "usage"


def test_verbose_shows_the_traceback(call: Call) -> None:
    assert "Traceback" in call("tokens", "list", "-v").stderr


def test_looking_at_nothing_creates_nothing(empty: Path, call: Call) -> None:
    for words in (["runs", "list"], ["events", "list"], ["backup"]):
        assert call(*words).exit_code == 3
    assert list(empty.iterdir()) == []


EXITS = [
    (errors.Failed(message="x"), 1),
    (errors.Invalid(message="x"), 2),
    (click.UsageError("x"), 2),
    (errors.NotFound(message="x"), 3),
    (errors.Refused(message="x"), 4),
    (errors.Conflict(message="x"), 5),
    (errors.Unauthorised(message="x"), 6),
    (errors.Unavailable(message="x"), 7),
    (KeyboardInterrupt(), 130),
    (click.Abort(), 130),
]


@pytest.mark.parametrize(("error", "code"), EXITS, ids=lambda value: type(value).__name__)
def test_exit_code_says_which_kind_of_end(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(error, Session()) == code
    assert code in EXIT_CODES
    assert capsys.readouterr().err.count("\n") == 1


def test_every_error_there_is_has_a_documented_exit_code() -> None:
    from mainspring.cli.reference import load_everything

    load_everything()
    undocumented = {code for code, cls in errors.CODES.items() if cls.exit_code not in EXIT_CODES}

    assert len(errors.CODES) > 50
    assert not undocumented


CALL = re.compile(
    r"(?<!from )(?<!import )mainspring ((?:[a-z][a-z-]*|--?[a-z][a-z-]*|[A-Z_]+(?:@[A-Z]+)?|\d+)(?: (?=[a-zA-Z-])|$|\b))+"
)


def calls_in(text: str) -> list[list[str]]:
    """The words of every call of the command line that a text names."""
    return [match[0].split()[1:] for match in CALL.finditer(text)]


def faults_of(words: list[str]) -> list[str]:
    """What in a call does not exist."""
    command = root.get_command(click.Context(root), words[0])
    if command is None:
        return [words[0]] if words[0].islower() and not words[0].startswith("-") else []
    if isinstance(command, Noun) and len(words) > 1 and words[1].islower() and not words[1].startswith("-"):
        if words[1] not in command.commands:
            return [" ".join(words[:2])]
        command = command.commands[words[1]]
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help"}
    return [f"{words[0]} {word}" for word in words if word.startswith("--") and word not in known]


def test_every_command_that_a_hint_or_a_page_names_exists() -> None:
    from mainspring.cli.reference import load_everything

    load_everything()
    hints = [f"{cls.template} {cls.hint}" for cls in errors.CODES.values() if cls.__module__.startswith("mainspring.")]
    folder = Path(mainspring.__file__).parent / "web"
    pages = [
        path.read_text(encoding="utf-8")
        for pattern in ("templates/**/*.html", "**/*.py")
        for path in folder.glob(pattern)
    ]
    named = [words for text in (*hints, *pages) for words in calls_in(text)]

    assert len(named) > 50
    assert [fault for words in named for fault in faults_of(words)] == []


def test_fault_of_ours_names_the_file_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    code = report(ZeroDivisionError("division by zero"), Session())

    [file] = tmp_path.iterdir()
    assert code == 1
    assert (
        capsys.readouterr().err
        == f"unexpected: ZeroDivisionError: division by zero; the traceback is in {file}; -v shows it\n"
    )
    assert "ZeroDivisionError" in file.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_full_disk_gets_a_sentence(made: Path) -> None:
    program = Path(sys.executable).with_name("mainspring")
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [program, "events", "verify"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert done.stderr == "system: No space left on device; see: mainspring doctor\n"


def test_settings_come_from_flag_then_environment_then_file(
    made: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made / "mainspring.toml").write_text('project = "from-file"\n')
    assert data_of(call("events", "verify", "--json"))["project"] == "from-file"

    monkeypatch.setenv("MAINSPRING_PROJECT", "from-env")
    assert data_of(call("events", "verify", "--json"))["project"] == "from-env"

    assert data_of(call("events", "verify", "--json", "--project", "from-flag"))["project"] == "from-flag"


def test_project_file_is_found_from_a_folder_below(made: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    (made / "mainspring.toml").write_text('project = "above"\n')
    (made / "notebooks").mkdir()
    monkeypatch.chdir(made / "notebooks")

    assert data_of(call("events", "verify", "--json"))["project"] == "above"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('projct = "x"', "unknown key 'projct'; did you mean 'project'?"),
        ("project = 3", "project must be text"),
        ("project = ", "cannot be read"),
    ],
)
def test_wrong_project_file_gets_a_sentence(made: Path, call: Call, text: str, message: str) -> None:
    (made / "mainspring.toml").write_text(text)

    result = call("events", "verify")

    assert result.exit_code == 2
    assert message in result.stderr


def test_no_project_file_is_no_config(empty: Path) -> None:
    assert find_config().folder is None


def test_wrong_url_gets_a_sentence(call: Call) -> None:
    result = call("runs", "list", "--workspace", "ftp://example.org")

    assert result.exit_code == 2
    assert "'ftp://example.org' is not a server's address" in result.stderr


def test_server_that_is_not_there_is_unavailable(call: Call) -> None:
    result = call("runs", "list", "--workspace", "http://127.0.0.1:9")

    assert result.exit_code == 7
    assert "no Mainspring answers at http://127.0.0.1:9" in result.stderr


def test_command_runs_as_a_program(empty: Path) -> None:
    program = Path(sys.executable).with_name("mainspring")
    done = subprocess.run([program, "runs", "list"], capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert done.stdout == ""
    assert "\x1b" not in done.stderr
