"""What a process that runs a user's code is given of the environment."""

import os

import pytest

from mainspring.kernel.sandbox import child_environment


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "SSL_CERT_FILE",
        "OMP_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "MAINSPRING_FAULT",
        "MAINSPRING_FAULT_LOG",
        "COVERAGE_PROCESS_START",
    ],
)
def test_what_a_process_needs_is_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "as it is")

    assert child_environment()[name] == "as it is"


@pytest.mark.parametrize(
    "name",
    ["MAINSPRING_TOKEN", "MAINSPRING_DATABASE", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "GITHUB_TOKEN", "SOMETHING"],
)
def test_credentials_and_whatever_is_not_known_are_not_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "secret")

    assert name not in child_environment()


def test_what_the_caller_adds_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")

    given = child_environment(OMP_NUM_THREADS="1", OWN="x")

    assert (given["OMP_NUM_THREADS"], given["OWN"]) == ("1", "x")
    assert os.environ["OMP_NUM_THREADS"] == "8"
