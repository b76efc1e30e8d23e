"""The bytes of artifacts leave as downloads that can do nothing."""

import pytest

from mainspring.kernel.hashing import digest
from mainspring.tracking import ops
from mainspring.workspace import Workspace

from .conftest import Get, app_over, asker

PAGE = b"<script>alert(1)</script>" * 100_000


@pytest.fixture
def get(ws: Workspace) -> Get:
    """Asks the pages over a real workspace."""
    return asker(app_over(ws))


@pytest.fixture
def run(ws: Workspace) -> str:
    """A script's run with a page of attack among its artifacts."""
    created = ops.create_run(ws, name="script")
    for name in ("report.html", 'plots/a "b"\u00e9.svg'):
        ops.log_artifact(ws, created.id, name=name, digest=ws.objects.put_bytes(PAGE))
    return created.id


def test_an_artifact_is_a_download_without_rights(get: Get, run: str) -> None:
    answer = get(f"/p/default/runs/{run}/raw/report.html")

    assert answer.status_code == 200
    assert digest(answer.content) == digest(PAGE)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''report.html"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == str(len(PAGE))


def test_an_odd_name_is_quoted(get: Get, run: str) -> None:
    answer = get(f"/p/default/runs/{run}/raw/plots/a%20%22b%22%C3%A9.svg")

    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22b%22%C3%A9.svg"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing.txt", 404),
        ("..%2f..%2fworkspace.json", 400),
        ("%2e%2e/%2e%2e/etc/passwd", 400),
        ("%2fetc%2fpasswd", 400),
        ("a%00b", 400),
        ("plots", 404),
    ],
)
def test_a_name_that_is_none_of_the_runs_artifacts_is_refused(get: Get, run: str, path: str, status: int) -> None:
    answer = get(f"/p/default/runs/{run}/raw/{path}")

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert b"passwd:" not in answer.content


def test_the_run_page_leads_to_its_artifacts(get: Get, run: str) -> None:
    text = get(f"/p/default/runs/{run}").text

    assert f'href="/p/default/runs/{run}/raw/report.html" download' in text
    assert "/raw/plots/a%20%22b%22%C3%A9.svg" in text


def test_the_end_of_a_log_is_shown_as_words(get: Get, ws: Workspace) -> None:
    created = ops.create_run(ws, name="script")
    printed = b"first line\n" * 5_000 + b"\x1b[31m<b>last</b>\x1b[0m \xff line\n"
    ops.log_artifact(ws, created.id, name="log.txt", digest=ws.objects.put_bytes(printed), kind="log")

    text = get(f"/p/default/runs/{created.id}").text

    assert "&lt;b&gt;last&lt;/b&gt; \ufffd line" in text
    assert "22.3 kB before" in text
    assert text.count("first line") < 3_500
