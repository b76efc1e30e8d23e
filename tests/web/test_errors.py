"""What a visitor is told when a page cannot be shown."""

from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from starlette.applications import Starlette

from mainspring import web
from mainspring.kernel.errors import MainspringError
from mainspring.tracking.errors import RunUnknown
from mainspring.web.pages.pipelines import PipelineNeverRun
from mainspring.workspace import PermissionDenied, Workspace

from .conftest import app_over, asker
from .world import PAGES, World, answers


def failing(error: Exception) -> World:
    """The world in which no run can be listed or shown."""

    def fail(_: Mapping[str, Any]) -> NoReturn:
        raise error

    return World(answers() | {"tracking.list_runs": fail, "tracking.show_run": fail})


DENIED = PermissionDenied(principal="eve", role="viewer", permission="runs.read", project="default")


@pytest.mark.parametrize(
    ("error", "status", "facts"),
    [
        (RunUnknown(run="3fa9", project="default"), 404, ("Not found", "3fa9")),
        (
            DENIED,
            403,
            ("Not allowed", "&#39;eve&#39; (viewer) may not do", "ask an owner for a token", "permission.denied"),
        ),
        (PipelineNeverRun(name="x", project="default"), 404, ("mainspring run x",)),
        (ZeroDivisionError("secret of the inside"), 500, ("This page failed on the server", "mainspring doctor")),
    ],
)
def test_an_error_says_what_and_what_next(error: Exception, status: int, facts: tuple[str, ...]) -> None:
    answer = asker(app_over(failing(error)))(PAGES["runs"])

    assert answer.status_code == status
    assert [fact for fact in facts if fact not in answer.text] == []
    assert "secret of the inside" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_failure_nobody_foresaw_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    asker(app_over(failing(ZeroDivisionError("secret of the inside"))))(PAGES["runs"])

    assert "secret of the inside" in caplog.text


def test_who_may_not_open_the_workspace_gets_a_page() -> None:
    def refuse(_request: object, _project: str) -> Workspace:
        raise DENIED

    get = asker(Starlette(routes=web.routes(refuse)))

    assert get("/").status_code == 403
    assert get(PAGES["model"]).status_code == 403
    assert get("/p/default/runs/x/raw/y").status_code == 403


def test_a_wrong_cursor_is_refused() -> None:
    answer = asker(app_over(World(answers())))("/p/default/events?after=minus")

    assert answer.status_code == 400
    assert "is not the number of an event" in answer.text


def test_every_error_of_the_pages_has_a_next_step() -> None:
    own = [error for error in _all(MainspringError) if error.__module__.startswith("mainspring.web")]

    assert len(own) >= 4
    assert all(error.hint for error in own)


def _all(cls: type[MainspringError]) -> list[type[MainspringError]]:
    return [*cls.__subclasses__(), *(found for child in cls.__subclasses__() for found in _all(child))]
