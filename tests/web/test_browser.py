"""The pages in a real Chromium: accessible, silent, drawn, reachable by keyboard."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from .conftest import app_over
from .hostile import poisoned
from .world import PAGES, World, answers

pytestmark = pytest.mark.slow

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


RULES: dict[str, dict[str, object]] = {
    "light": {},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}
"""What axe looks for: everything in light; in dark only what colours can change."""


@contextmanager
def serving(world: World) -> Iterator[str]:
    """The address of the pages over `world`, on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app_over(world), port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[str]:
    """The address of the pages over the world."""
    with serving(world) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium; install Debian's package `chromium`")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh visitor, in light."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_silent(browser: Browser, site: str, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
    visited = context.new_page()
    said = _listen(visited)
    violations = {}

    for name, path in PAGES.items():
        visited.goto(site + path)
        if visited.locator("[data-chart]").count():
            visited.wait_for_selector("[data-state=drawn]", timeout=20_000)
        found = Axe().run(visited, options=RULES[scheme]).response["violations"]
        if found:
            violations[name] = [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found]
    context.close()

    assert violations == {}
    assert [words for words in said if "404" not in words] == []


def test_no_page_is_wider_than_a_small_telephone(browser: Browser, site: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700})
    visited = context.new_page()
    wide = {}

    for name, path in PAGES.items():
        visited.goto(site + path)
        over = visited.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[name] = over
    context.close()

    assert wide == {}


def test_the_first_run_is_six_tabs_away_at_most(page: Page, site: str) -> None:
    page.goto(site + PAGES["runs"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('tbody') !== null"):
            break

    assert page.evaluate("document.activeElement.closest('tbody') !== null")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")


def test_the_focus_can_be_seen(page: Page, site: str) -> None:
    page.goto(site + PAGES["runs"])
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")

    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "2px"


def test_the_chosen_theme_is_remembered(page: Page, site: str) -> None:
    page.goto(site + PAGES["runs"])
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.click("[data-theme-switch]")
    page.goto(site + PAGES["models"])

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert page.inner_text("[data-theme-switch]") == "Light"


def test_the_chart_draws_both_panels_and_is_drawn_anew_in_the_other_theme(page: Page, site: str) -> None:
    page.goto(site + PAGES["monitor"])
    page.wait_for_selector("[data-state=drawn] svg")
    before = page.locator("[data-chart] svg").inner_html()

    page.click("[data-theme-switch]")
    page.wait_for_selector("[data-times='2']")

    assert page.locator("[data-chart] svg .mark-group").count() >= 2
    assert page.locator("[data-chart] svg path[d^='M']").count() > 100
    assert page.locator("[data-chart] svg").inner_html() != before


def test_a_chart_is_fetched_only_where_there_is_one(page: Page, site: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(site + PAGES["overview"])
    page.wait_for_load_state("networkidle")
    plain = len(asked)
    page.goto(site + PAGES["monitor"])
    page.wait_for_selector("[data-state=drawn]")

    assert plain <= 6
    assert sum("vega.js" in url for url in asked) == 1


def test_a_live_part_is_refreshed_without_losing_the_page(page: Page, site: str) -> None:
    page.goto(site + PAGES["run running"])
    page.evaluate("document.querySelector('#progress').innerHTML = 'old'")

    page.wait_for_selector("#progress .stats", timeout=20_000)

    assert page.inner_text("[data-as-of]") == "as of 2013-12-01 00:00"


def test_a_server_that_is_gone_is_said(page: Page, site: str) -> None:
    page.goto(site + PAGES["run running"])
    page.route("**/*part=*", lambda route: route.abort())

    page.wait_for_selector("[data-as-of].stale", timeout=20_000)

    assert page.inner_text("[data-as-of]") == "not refreshed since 2013-12-01 00:00"


def test_no_attack_runs_on_any_page(browser: Browser) -> None:
    context = browser.new_context()
    context.add_init_script("window.alert = () => { window.attacked = true; }")
    visited = context.new_page()
    said = _listen(visited)
    attacked = []

    with serving(World(poisoned(answers()))) as address:
        for name, path in PAGES.items():
            visited.goto(address + path)
            if visited.locator("[data-chart]").count():
                visited.wait_for_selector("[data-state=drawn]", timeout=20_000)
            if visited.evaluate("window.attacked === true"):
                attacked.append(name)
    context.close()

    assert attacked == []
    assert [words for words in said if "404" not in words] == []


def _listen(page: Page) -> list[str]:
    """What the page says on its console and what goes wrong in its scripts, from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
