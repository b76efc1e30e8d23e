"""Chart specs are plain data: roles instead of colours, values as they came."""

import json

from mainspring.web.charts import Marker, Point, timeline


def windows(count: int) -> list[Point]:
    return [Point(day * 86_400_000, (day + 1) * 86_400_000, 11.0 + day, 11.5, 13.0, 0.4, 1.2) for day in range(count)]


def test_both_panels_read_the_same_windows() -> None:
    spec = timeline(windows(5), [], running_days=7)

    assert [panel["height"] for panel in spec["vconcat"]] == [220, 110]
    assert spec["datasets"]["windows"][0] == {
        "start_ms": 0,
        "end_ms": 86_400_000,
        "error": 11.0,
        "expected": 11.5,
        "limit": 13.0,
        "prediction_drift": 0.4,
        "input_drift": 1.2,
        "middle_ms": 43_200_000,
    }
    assert spec["resolve"]["scale"]["x"] == "shared"


def test_the_bold_line_is_the_mean_over_as_many_windows_as_the_limit() -> None:
    text = json.dumps(timeline(windows(5), [], running_days=28))

    assert '"frame": [-27, 0]' in text


def test_colours_are_roles() -> None:
    text = json.dumps(timeline(windows(5), [Marker(1, "alert", "error")]))

    assert "#" not in text.replace('"$schema"', "")
    assert '"@c1"' in text


def test_words_of_close_markers_lie_below_each_other() -> None:
    day = 86_400_000
    markers = [
        Marker(10 * day, "alert", "error"),
        Marker(11 * day, "retrained", "version 2"),
        Marker(90 * day, "deployed", "version 2"),
    ]

    placed = timeline(windows(100), markers)["datasets"]["markers"]

    assert [(marker["y"], marker["word"]) for marker in placed] == [
        (-9, "error"),
        (-23, "version 2"),
        (-9, "version 2"),
    ]


def test_a_marker_without_room_keeps_its_sign_and_loses_its_word() -> None:
    markers = [Marker(86_400_000 * 10, "alert", f"error {number}") for number in range(6)]

    placed = timeline(windows(100), markers)["datasets"]["markers"]

    assert [bool(marker["word"]) for marker in placed] == [True] * 4 + [False] * 2


def test_many_windows_are_lines_without_dots() -> None:
    few, many = (json.dumps(timeline(windows(count), [])["vconcat"][1]) for count in (10, 100))

    assert '"opacity": 0' not in few
    assert '"opacity": 0' in many
