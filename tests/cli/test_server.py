"""The same commands against a server: with a token, without one, and after it was revoked."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring.access import ops
from mainspring.workspace import create_workspace

from .conftest import Call, data_of

PROGRAM = str(Path(sys.executable).with_name("mainspring"))


@pytest.fixture
def server(made: Path) -> Iterator[str]:
    """The address of a server that asks for tokens."""
    words = [PROGRAM, "up", "--port", "0", "--auth", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["data"]["url"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def token(made: Path, *, role: str) -> str:
    """A token made in the server's own folder."""
    ws = create_workspace(made / ".mainspring")
    try:
        return ops.create_token(ws, principal="ci", role="owner" if role == "owner" else "viewer").text
    finally:
        ws.close()


@pytest.mark.slow
def test_commands_work_against_a_server_as_far_as_the_token_reaches(
    server: str, made: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ("--workspace", server)
    assert call("runs", "list", *there).exit_code == 6
    assert "mainspring tokens create" in call("runs", "list", *there).stderr

    monkeypatch.setenv("MAINSPRING_TOKEN", token(made, role="viewer"))
    assert data_of(call("runs", "list", *there, "--json")) == []
    refused = call("tokens", "create", "other", *there)
    assert refused.exit_code == 6
    assert "permission.denied" in refused.stderr

    monkeypatch.setenv("MAINSPRING_TOKEN", token(made, role="owner"))
    new = data_of(call("tokens", "create", "other", *there, "--json"))
    assert new["text"].startswith("msp_")
    assert data_of(call("events", "verify", *there, "--json"))["valid"]
    assert data_of(call("doctor", *there, "--json"))["findings"][-2]["check"] == "server"
    assert call("backup", *there).exit_code == 2

    monkeypatch.setenv("MAINSPRING_TOKEN", new["text"])
    assert call("runs", "list", *there).exit_code == 0
    monkeypatch.delenv("MAINSPRING_TOKEN")
    assert call("tokens", "revoke", new["token"]["token_id"], "--yes").exit_code == 0
    monkeypatch.setenv("MAINSPRING_TOKEN", new["text"])
    revoked = call("runs", "list", *there)
    assert revoked.exit_code == 6
    assert "token.revoked" in revoked.stderr


@pytest.mark.slow
def test_file_is_added_through_a_server(server: str, made: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSPRING_TOKEN", token(made, role="owner"))
    (made / "rows.csv").write_text("id,x\n" + "".join(f"{n},{n * 2}\n" for n in range(50)))

    version = data_of(call("data", "add", "numbers", "rows.csv", "--workspace", server, "--json"))

    assert version["rows"] == 50
    assert (
        data_of(call("data", "analyse", "numbers", "--workspace", server, "--json"))["version"]["digest"]
        == version["digest"]
    )
