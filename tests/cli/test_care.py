"""`mainspring backup`, `restore`, `doctor`, `tokens` and `events`."""

from pathlib import Path

import pytest

from mainspring.cli.health import Finding, check_machine, check_packages
from mainspring.workspace import create_workspace, open_workspace

from .conftest import Call, data_of


def test_backup_and_restore_bring_everything_back(made: Path, call: Call) -> None:
    token = data_of(call("tokens", "create", "ci", "--json"))["token"]

    saved = data_of(call("backup", "b.tar", "--json"))
    restored = data_of(call("restore", "b.tar", "--to", "copy/.mainspring", "--json"))

    assert saved["rows"] == restored["rows"] > 0
    assert (
        data_of(call("tokens", "list", "--workspace", "copy/.mainspring", "--json"))[0]["token_id"] == token["token_id"]
    )


def test_backup_names_itself_by_its_time(made: Path, call: Call) -> None:
    path = data_of(call("backup", "--json"))["path"]

    assert path.startswith("mainspring-")
    assert (made / path).is_file()


def test_backup_is_readable_by_its_owner_alone(made: Path, call: Call) -> None:
    call("backup", "b.tar")

    assert (made / "b.tar").stat().st_mode & 0o077 == 0


def test_restore_of_a_damaged_file_leaves_nothing(made: Path, call: Call) -> None:
    call("backup", "b.tar")
    data = bytearray((made / "b.tar").read_bytes())
    data[len(data) // 2] ^= 1
    (made / "b.tar").write_bytes(data)
    before = sorted(made.iterdir())

    result = call("restore", "b.tar", "--to", "copy")

    assert result.exit_code == 1
    assert "backup.damaged: 'b.tar' is not a whole backup" in result.stderr
    assert sorted(made.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("restore", "absent.tar", "--to", "copy"), 3),
        (("restore", "b.tar", "--to", ".mainspring"), 5),
        (("restore", "b.tar"), 2),
        (("backup", "b.tar"), 5),
        (("backup", "--workspace", "http://127.0.0.1:9"), 2),
    ],
)
def test_wrong_use_of_backups_has_its_code(made: Path, call: Call, words: tuple[str, ...], code: int) -> None:
    call("backup", "b.tar")

    assert call(*words).exit_code == code


def test_doctor_finds_a_sound_workspace_healthy(made: Path, call: Call) -> None:
    diagnosis = data_of(call("doctor", "--json"))

    assert diagnosis["healthy"]
    checks = {finding["check"] for finding in diagnosis["findings"]}
    assert {"python", "packages", "disk", "clock", "port", "permissions", "database", "schema", "objects"} <= checks


def test_doctor_works_where_no_workspace_is(empty: Path, call: Call) -> None:
    result = call("doctor")

    assert result.exit_code == 0
    assert "there is no workspace" in result.stdout


def test_doctor_finds_a_changed_object(made: Path, call: Call) -> None:
    ws = open_workspace(made / ".mainspring")
    path = ws.objects.path(ws.objects.put_bytes(b"an object"))
    ws.close()
    path.chmod(0o600)
    path.write_bytes(b"an 0bject")

    result = call("doctor")

    assert result.exit_code == 1
    assert "have changed" in result.stdout


def test_doctor_and_backup_tell_of_answers_that_could_not_be_read(made: Path, call: Call) -> None:
    spool = made / ".mainspring" / "endpoints" / "default" / "rides" / "spool"
    spool.mkdir(parents=True)
    (spool / "1.damaged").touch()

    result = call("doctor")
    saved = call("backup", "b.tar")

    assert result.exit_code == 1
    assert "1 segments of answers could not be read" in result.stdout
    assert "1.damaged" in saved.stderr


def test_doctor_finds_a_changed_event(made: Path, call: Call) -> None:
    call("tokens", "create", "ci")
    ws = open_workspace(made / ".mainspring")
    with ws.db.write() as connection:
        connection.exec_driver_sql("UPDATE events SET subject = 'other'")
    ws.close()

    result = call("doctor")

    assert result.exit_code == 1
    assert "event 1 was changed" in result.stdout


def test_doctor_finds_a_folder_that_others_may_write(made: Path, call: Call) -> None:
    (made / ".mainspring").chmod(0o777)

    result = call("doctor", "--json")

    assert result.exit_code == 1
    assert "chmod -R go-w" in result.stdout


def test_doctor_finds_a_schema_of_a_newer_version(made: Path, call: Call) -> None:
    ws = open_workspace(made / ".mainspring")
    with ws.db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    ws.close()

    result = call("doctor")

    assert result.exit_code == 1
    assert "newer Mainspring" in result.stdout


@pytest.mark.parametrize(
    ("requirement", "state"),
    [
        ("click>=8.2,<9", "ok"),
        ("click<8", "wrong"),
        ("click>=99", "wrong"),
        ("no-such-package>=1", "wrong"),
        ("no-such-package>=1; extra == 'odd'", "note"),
        ("click<8; extra == 'odd'", "wrong"),
        ("mainspring[ml]; extra == 'odd'", "ok"),
    ],
)
def test_package_is_held_against_its_bounds(requirement: str, state: str) -> None:
    assert list(check_packages([requirement]))[-1].state == state


def test_clock_before_the_first_release_is_wrong(tmp_path: Path) -> None:
    [clock] = [finding for finding in check_machine(tmp_path, now_ms=0) if finding.check == "clock"]

    assert clock == Finding("clock", "wrong", "the system's clock is before the first release", "set the clock")


def test_token_is_shown_once_and_revoked_by_its_short_id(made: Path, call: Call) -> None:
    new = data_of(call("tokens", "create", "ci", "--role", "owner", "--all-projects", "--days", "1", "--json"))
    short = new["token"]["token_id"][-8:]

    assert new["text"].startswith("msp_")
    assert new["token"]["project"] == "*"
    assert new["text"] not in call("tokens", "list", "--plain").stdout
    assert call("tokens", "revoke", short).exit_code == 2  # nobody to ask
    assert call("tokens", "revoke", short, "--yes").exit_code == 0
    assert "revoked" in call("tokens", "list").stdout


def test_short_id_that_fits_two_names_both(made: Path, call: Call) -> None:
    ids = [data_of(call("tokens", "create", name, "--json"))["token"]["token_id"] for name in ("a", "b")]

    result = call("tokens", "revoke", ids[0][:6], "--yes")

    assert result.exit_code == 2
    assert all(token_id in result.stderr for token_id in ids)


def test_unknown_token_and_wrong_role_have_their_codes(made: Path, call: Call) -> None:
    assert call("tokens", "revoke", "00000000", "--yes").exit_code == 3
    assert call("tokens", "create", "ci", "--role", "king").exit_code == 2


def test_token_of_one_project_is_the_current_one(made: Path, call: Call) -> None:
    assert data_of(call("tokens", "create", "ci", "--project", "flights", "--json"))["token"]["project"] == "flights"


def test_events_are_listed_newest_first_and_after_a_number_oldest_first(made: Path, call: Call) -> None:
    for name in ("a", "b", "c"):
        call("tokens", "create", name)

    assert [event["number"] for event in data_of(call("events", "list", "--limit", "2", "--json"))] == [3, 2]
    assert [event["number"] for event in data_of(call("events", "list", "--after", "1", "--json"))] == [2, 3]
    assert data_of(call("events", "verify", "--json"))["valid"]


def test_broken_chain_exits_with_one_and_names_the_event(made: Path, call: Call) -> None:
    call("tokens", "create", "ci")
    ws = open_workspace(made / ".mainspring")
    with ws.db.write() as connection:
        connection.exec_driver_sql("DELETE FROM events")
    ws.close()

    result = call("events", "verify")

    assert result.exit_code == 1
    assert "events.broken" in result.stderr


def test_workspace_that_is_a_file_gets_a_sentence(empty: Path, call: Call) -> None:
    (empty / "w").write_text("x")

    assert call("runs", "list", "--workspace", "w").exit_code == 3


def test_second_writer_of_a_workspace_is_told_who_has_it(made: Path, call: Call) -> None:
    ws = create_workspace(made / ".mainspring")
    with ws.hold("mainspring up"):
        result = call("up")
    ws.close()

    assert result.exit_code == 5
    assert "in use by mainspring up (process" in result.stderr


def test_up_refuses_other_addresses_without_authentication(made: Path, call: Call) -> None:
    result = call("up", "--host", "0.0.0.0")

    assert result.exit_code != 0
    assert "--auth" in result.stderr


def test_port_that_is_taken_gets_a_sentence(made: Path, call: Call) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = call("up", "--port", str(taken.getsockname()[1]))

    assert result.exit_code == 7
    assert "is in use" in result.stderr
