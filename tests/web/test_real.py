"""The pages over a real workspace: what operations answer is what pages show."""

import re
from collections.abc import Iterator

import pytest

from mainspring.kernel.clock import PlayedClock
from mainspring.models import ops as models
from mainspring.tracking import ops as tracking
from mainspring.workspace import Workspace, create_workspace

from .conftest import Get, app_over, asker
from .seed import MODEL, seed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The seeded workspace, once for all."""
    folder = tmp_path_factory.mktemp("real")
    ws = create_workspace(folder / ".mainspring", clock=PlayedClock(1_356_998_400_000), seed=7)
    seed(ws, folder)
    yield ws
    ws.close()


@pytest.fixture(scope="module")
def get(real: Workspace) -> Get:
    """Asks the pages over it."""
    return asker(app_over(real))


def test_every_page_that_can_be_reached_is_shown(get: Get) -> None:
    waiting, seen, broken = ["/"], set[str](), []
    while waiting:
        path = waiting.pop()
        answer = get(path)
        if answer.status_code != 200:
            broken.append((path, answer.status_code))
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/p/[^"#]*)"', answer.text)}
        waiting += sorted(links - seen)
        seen |= links

    assert broken == []
    assert len(seen) > 30
    assert any("/raw/" in path for path in seen)


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("/p/default/", ("stopped", f"{MODEL}@1", "area_m2")),
        ("/p/default/datasets/houses", ("area_m2", "unit")),
        ("/p/default/datasets/houses/1", ("district", "event time: sold_at", "hills")),
        ("/p/default/pipelines/house_prices", ("extract", "evaluate", "houses@1", "failed")),
        (f"/p/default/models/{MODEL}/champion", ("Passed", "harbour", "scikit-learn", "holdout")),
        (f"/p/default/endpoints/{MODEL}", ("no process answers", "100 %")),
        (f"/p/default/monitors/{MODEL}", ("alarm", "area_m2", "data-chart")),
        ("/p/default/events", ("Verified", "model.", "endpoint.deployed")),
    ],
)
def test_a_page_shows_what_happened(get: Get, path: str, facts: tuple[str, ...]) -> None:
    text = get(path).text

    assert [fact for fact in facts if fact not in text] == []


def test_a_failed_run_shows_the_users_own_line_first(get: Get, real: Workspace) -> None:
    failed = tracking.list_runs(real, status="failed", parent="none")[0]

    text = get(f"/p/default/runs/{failed.id}").text

    assert "estimator.fit(" in text.partition("All ")[0]
    assert "pipeline.py, line" in text


def test_a_second_run_shows_what_came_from_the_cache(get: Get, real: Workspace) -> None:
    again = tracking.list_runs(real, status="succeeded", parent="none")[0]

    assert "0 ran, 5 cached" in get(f"/p/default/runs/{again.id}").text


def test_the_verdict_on_the_page_is_the_recorded_one(get: Get, real: Workspace) -> None:
    verdict = models.list_verdicts(real, MODEL, 1)[0]

    text = get(f"/p/default/models/{MODEL}/1").text

    assert f"of {len(verdict.checks)} checks" in text
    assert f'title="{verdict.checks[0].value}"' in text


def test_an_empty_workspace_says_how_to_fill_it(ws: Workspace) -> None:
    get = asker(app_over(ws))

    commands = {
        "/": "mainspring demo",
        "/p/default/runs": "mainspring run",
        "/p/default/datasets": "mainspring data add",
        "/p/default/models": "mainspring run",
        "/p/default/endpoints": "mainspring deploy",
        "/p/default/monitors": "mainspring deploy",
        "/p/default/alerts": "mainspring monitors list",
        "/p/default/pipelines": "mainspring init",
        "/p/default/events": "mainspring demo",
    }
    assert [path for path, command in commands.items() if command not in get(path).text] == []
