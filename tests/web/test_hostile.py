"""Every stored text as an attack, on every page."""

from html.parser import HTMLParser

import pytest

from .conftest import Get, app_over, asker
from .hostile import poisoned
from .world import PAGES, World, answers

DRAWN = {"svg", "path", "rect", "circle", "line", "text", "g", "title"}
PLAIN = (
    "html head meta title link script body a div nav img span small h1 h2 h3 ul ol li header main section p b strong "
    "table thead tbody tr th td dl dt dd code pre button figure details summary time"
)
TAGS = DRAWN | set(PLAIN.split())


class Read(HTMLParser):
    """Collects what a browser would make of the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.scripts: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "script":
            self.scripts.append(dict(attrs))


@pytest.fixture(scope="module")
def hostile() -> Get:
    """Asks the pages over the poisoned world."""
    return asker(app_over(World(poisoned(answers()))))


@pytest.mark.parametrize("page", PAGES)
def test_words_from_outside_stay_words(hostile: Get, page: str) -> None:
    answer = hostile(PAGES[page])
    seen = Read()
    seen.feed(answer.text)

    assert answer.status_code in (200, 404)
    assert seen.tags <= TAGS
    assert [name for name, _ in seen.attributes if name.startswith("on") or name == "style"] == []
    assert all(value.startswith(("/", "#")) for name, value in seen.attributes if name in ("href", "src"))
    assert all(
        script.get("type") == "application/json" or str(script.get("src")).startswith("/static/app.js")
        for script in seen.scripts
    )
    assert "alert(1)" in answer.text or page == "unknown"
    assert "49" not in answer.text.partition("<h1>")[2].partition("</h1>")[0]


def test_an_address_of_attack_is_an_error_page(hostile: Get) -> None:
    answer = hostile('/p/default/no"><script>alert(1)</script>')

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "query", ["?status=%3Cscript%3E", '?pipeline="><img src=x>', "?part=%00", "?after=%27%3B--", "?view=<b>"]
)
def test_a_query_of_attack_changes_nothing(hostile: Get, query: str) -> None:
    answer = hostile(PAGES["runs"] + query)
    seen = Read()
    seen.feed(answer.text)

    assert answer.status_code == 200
    assert seen.tags <= TAGS
