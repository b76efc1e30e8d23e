"""Every page, in every state of its subject, over a world of values."""

import re

import msgspec
import pytest

from mainspring.domain.event import ChainReport

from .conftest import Get, app_over, asker
from .world import PAGES, World, answers
from .world_watch import events_told

FACTS = {
    "overview": (
        "Endpoints ready",
        "190,128 predictions",
        "temp, dewp and 2 other inputs",
        "arrival-delay@2",
        "rollout.started",
    ),
    "runs": ("11.81", "flights@3", "running", "failed", "succeeded", "mainspring runs list"),
    "run running": ("waiting", 'data-live="2000"', "prepare"),
    "run cached": (
        "3 ran, 3 cached",
        "equal code, inputs and parameters",
        "report.json",
        "learning_rate",
        "History of mae_minutes",
    ),
    "run failed": (
        "ValueError",
        "flights.py, line 88, in train",
        "model.fit(features.to_numpy()",
        "not run",
        "9 of libraries folded",
    ),
    "run along the time": ('class="gantt"', "12.7 s"),
    "compare": ("0.05", "11.35", "Nothing else differs."),
    "pipelines": ("arrival_delay", "Recent durations"),
    "pipeline": ('class="graph wide"', "mainspring run arrival_delay", "flights@3"),
    "datasets": ("81,012", "1 quarantined", "9.64 MB"),
    "dataset": ("flights@3", "every quantile is 1.609 times", "row 1: tailnum=null", "28,796"),
    "dataset version": (
        "never null",
        "at most 5 % null",
        "one of 10 values",
        "27,004 to 54,007",
        "key: flight, dep_time",
        'class="bars"',
    ),
    "models": ("champion: 2", "failed"),
    "model": ("arrival-delay@3", "not judged", "flights@1"),
    "model version passed": (
        "Passed: 11 of 11 checks of the gate “champion”",
        "upper bound up to 0.2",
        "80 % of traffic",
        "wind_gust",
        "scikit-learn",
    ),
    "model version failed": ("Failed: 10 of 11 checks", "20 % of traffic"),
    "model version not judged": ("Not judged", "mainspring retrain arrival-delay"),
    "endpoints": ("arrival-delay@2 80 %", "canary", "190,128"),
    "endpoint": (
        "takes 20 % of the traffic until the evidence decides",
        "8 looks at the evidence",
        "−0.44",
        "promoted",
        "curl http://127.0.0.1:4011",
    ),
    "prediction": (
        "8.25",
        "known",
        "Shadow shadow, version 1",
        "dep_delay",
        "54,000 rows of flights@3",
        "features.py",
        "mainspring trace 2013110107/12",
    ),
    "monitors": ("alarm", "arrival-delay@2 at arrival-delay"),
    "monitor": (
        "labels arrived until",
        "at most 1 false alarm a year",
        "data-chart",
        "Most drifted",
        "retrained v2",
    ),
    "alerts": ("Drift of inputs", "retraining: passed"),
    "alert open": ("Inputs that drift start no retraining by themselves", "by nobody yet"),
    "alert that retrained": ("It started a retraining, now passed", "version 2 took over"),
    "events": ("Verified", "312 events", "model.registered"),
    "unknown": ("there is no page at /p/default/no/such/page", "page.unknown"),
}


@pytest.mark.parametrize("page", PAGES)
def test_page_says_what_it_is_for(get: Get, page: str) -> None:
    answer = get(PAGES[page])

    assert answer.status_code == (404 if page == "unknown" else 200)
    missing = [
        fact for fact in FACTS[page] if fact not in answer.text and fact not in answer.text.replace("&#39;", "'")
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_nothing_but_its_own_files(get: Get, page: str) -> None:
    answer = get(PAGES[page])

    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", answer.text)
    assert set(re.findall(r"<script[^>]*>", answer.text)) <= {
        script
        for script in re.findall(r"<script[^>]*>", answer.text)
        if 'src="/static/app.js' in script or 'type="application/json"' in script
    }


@pytest.mark.parametrize("page", PAGES)
def test_page_has_the_frame_of_the_site(get: Get, page: str) -> None:
    text = get(PAGES[page]).text

    assert text.count("<h1>") == 1
    assert '<a class="skip" href="#main">' in text
    assert '<main id="main"' in text
    assert text.count('class="cli"') >= 1
    assert "need action" in text or page == "unknown"


def test_every_link_of_every_page_leads_to_a_page(get: Get) -> None:
    found = {link for path in PAGES.values() for link in re.findall(r'href="(/p/[^"#]*)"', get(path).text)}

    dead = sorted(
        link
        for link in found
        if "/raw/" not in link and "/runs/" not in link and get(link.replace("&amp;", "&")).status_code != 200
    )

    assert len(found) > 40
    assert dead == []


def test_a_live_part_is_answered_alone(get: Get) -> None:
    answer = get(PAGES["run running"] + "?part=progress")

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "waiting" in answer.text
    assert answer.headers["x-as-of"] == "2013-12-01 00:00"


def test_an_unknown_part_is_the_whole_page(get: Get) -> None:
    assert "<html" in get("/p/default/runs?part=nothing").text


def test_the_root_is_the_overview_of_the_default_project(get: Get) -> None:
    assert get("/").text == get("/p/default/").text


def test_static_files_may_be_kept_for_ever(get: Get) -> None:
    address = re.findall(r'href="(/static/app.css[^"]*)"', get("/").text)[0]

    answer = get(address)

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_long_chain_is_verified_when_asked() -> None:
    long = [msgspec.structs.replace(event, number=event.number + 100_000) for event in events_told("x")]
    get = asker(app_over(World(answers() | {"governance.list_events": lambda _: long})))

    assert "Verify the whole chain now" in get("/p/default/events").text
    assert "Verified" in get("/p/default/events?verify=1").text


def test_a_broken_chain_is_said_with_its_place() -> None:
    broken = ChainReport("default", 4, "ab" * 32, False, 5, "event 5 was changed")
    get = asker(app_over(World(answers() | {"governance.verify_events": lambda _: broken})))

    text = get("/p/default/events").text

    assert "Broken at event 5" in text
    assert "event 5 was changed" in text
