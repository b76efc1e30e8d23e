"""What the commands show a person, of answers that need a year of traffic to come about."""

import pytest

from mainspring.cli import alerts, demo, endpoints, monitors, reproduce, retrain, trace
from mainspring.cli.frame import Command, Noun
from mainspring.cli.output import write_aligned
from mainspring.cli.view import Page, duration, number, size, when
from mainspring.domain.alert import Alert, Evidence
from mainspring.domain.endpoint import Endpoint, EndpointProcess, EndpointStatus, Variant, VariantCount
from mainspring.domain.monitor import Monitor, MonitorStatus
from mainspring.domain.object import Digest
from mainspring.domain.prediction import Prediction
from mainspring.domain.retraining import Retraining
from mainspring.domain.rollout import Look, Rollout
from mainspring.domain.split import Split
from mainspring.domain.trace import Reproduction, Trace, TracedFile
from mainspring.domain.window import Test, Window

AT_MS = 1_372_680_000_000  # 2013-07-01T12:00:00Z
DRIFT = Test("input", "temp", "mean", 7, 74.1, 55.2, 1.2, 5.3, 4.1, True)


def shown(page: Page, capsys: pytest.CaptureFixture[str]) -> str:
    """The page as a pipe gets it."""
    write_aligned(page)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (number(1234567), "1,234,567"),
        (number(0.123456), "0.1235"),
        (number(None), ""),
        (duration(999), "999 ms"),
        (duration(59_900), "59.9 s"),
        (duration(61_000), "1 min 01 s"),
        (duration(3_720_000), "1 h 02 min"),
        (duration(None), ""),
        (size(999), "999 B"),
        (size(1_500_000), "1.5 MB"),
        (size(3 * 10**13), "30.0 TB"),
        (when(AT_MS), "2013-07-01 12:00:00"),
        (when(None), ""),
    ],
)
def test_figures_are_written_for_reading(made: str, expected: str) -> None:
    assert made == expected


def test_alert_shows_the_test_that_raised_it(capsys: pytest.CaptureFixture[str]) -> None:
    alert = Alert(
        id="a" * 32,
        project="default",
        monitor="delays",
        endpoint="delays",
        model="arrival-delay",
        version=1,
        kind="input_drift",
        severity="warning",
        state="open",
        opened_ms=AT_MS,
        message="temp is 18.9 above what training saw",
        evidence=(Evidence(AT_MS, AT_MS + 1, (DRIFT,)),),
    )

    assert "temp is 18.9 above" in shown(alerts._list_view([alert]), capsys)
    text = shown(alerts._show_view(alert), capsys)
    assert "input_drift, warning" in text
    assert "not yet" in text
    assert text.splitlines()[-1].split()[2:] == ["temp", "mean", "7", "days", "74.1", "55.2", "5.3", "4.1"]


def test_monitor_shows_error_beside_what_was_expected(capsys: pytest.CaptureFixture[str]) -> None:
    monitor = Monitor("default", "delays", "delays", "arrival-delay", 1, Digest("d" * 64), AT_MS, AT_MS)
    windows = (
        Window("delays", AT_MS, AT_MS + 1, 1, "matured", 900, 880, error=12.5, expected=11.9, tests=(DRIFT,)),
        Window("delays", AT_MS + 1, AT_MS + 2, 1, "closed", 0),
    )
    status = MonitorStatus(monitor, windows, windows_total=2, open_alerts=1)

    assert "arrival-delay@1" in shown(monitors._list_view([status]), capsys)
    text = shown(monitors._show_view(status), capsys)
    assert "12.5 of 11.9" in text
    assert "temp mean 1.29 of its limit ALARM" in text
    assert "1 a year of each kind" in text


def test_endpoint_shows_traffic_and_the_latest_look_of_its_rollout(capsys: pytest.CaptureFixture[str]) -> None:
    variants = (
        Variant("champion", "m", 1, 0.8),
        Variant("candidate", "m", 2, 0.2),
        Variant("ghost", "m", 3, role="shadow"),
    )
    wanted = Endpoint("default", "delays", 4, variants, "salt", changed_ms=AT_MS, reason="canary")
    process = EndpointProcess(1, 1, 4711, 3, error="it has another signature")
    counts = (VariantCount("champion", 1, "live", 12_345, 99),)
    status = EndpointStatus(wanted, "stale", process, "http://127.0.0.1:4711", counts)
    look = Look(AT_MS, 5, 4000, -0.21, -0.5, 0.08, most=2.1)
    rollout = Rollout(
        "r", "default", "delays", "m", 1, 2, 0.2, 0.25, 0.05, "canary", AT_MS, 1, looks=(look,), reason="five days"
    )

    assert "12,345" in shown(endpoints._list_view([status]), capsys)
    text = shown(endpoints._show_view(endpoints.EndpointPage(status, (rollout,))), capsys)
    assert "80%" in text
    assert "shadow" in text
    assert "it has another signature" in text
    assert "-0.210 (-0.500 to +0.080) after 5 blocks; limit +2.100" in text
    assert "five days" in text


def test_trace_ends_at_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Prediction(
        "req/0", "delays", "m", 1, "champion", AT_MS, 12.25, {"dep_delay": 4}, label=10.0, label_at_ms=AT_MS
    )
    split = Split("train", "flights", 1203, ((0, 1200), (1300, 1301), (1400, 1401), (1500, 1501)))
    made = Trace(
        asked,
        "delays",
        "champion",
        "m@1",
        "p" * 64,
        "r" * 32,
        "arrival_delay",
        "s" * 64,
        ("a.py",),
        ("flights@3",),
        (split,),
    )

    text = shown(trace._view(made), capsys)

    assert "req/0 = 12.25" in text
    assert "a person" in text
    assert "flights@3" in text
    assert "0 to 1199, 1300, 1400 and 1 more ranges" in text


def test_difference_of_a_reproduction_is_named_by_file_and_byte(capsys: pytest.CaptureFixture[str]) -> None:
    files = (TracedFile("model.skops", "a", "b", 1024, 7), TracedFile("MLmodel", "c", "c"))
    made = Reproduction("m@1", "different", "x", "y", "r", ("numpy: 2.3 -> 2.4",), files, 3.2)

    text = shown(reproduce._view(made), capsys)

    assert "different: the packages differ" in text
    assert ["model.skops", "1024", "7"] in [line.split() for line in text.splitlines()]
    assert "numpy: 2.3 -> 2.4" in text


def test_refused_candidate_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    made = Retraining(
        "id", "default", "m", "c", "", "refused", AT_MS, "ada", AT_MS, version=3, message="mae is not below 0"
    )

    assert "mae is not below 0" in shown(retrain._view(made), capsys)
    assert retrain._then(made) == "mainspring models show m"


def test_commands_of_a_noun_have_names_of_their_own() -> None:
    assert isinstance(alerts.COMMAND, Noun)
    assert isinstance(demo.COMMAND, Command)
    assert set(alerts.COMMAND.commands) == {"list", "show"}
