"""Numbers, times and sizes as people read them."""

import math

import pytest

from mainspring.web import figures

NOW = 1_385_856_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (11.83456, "11.83"),
        (0.000123456, "0.0001235"),
        (1234567.891, "1,234,568"),
        (-3.14159, "−3.142"),
        (0.25, "0.25"),
        (1e-7, "1.000e−07"),
        (0.0, "0"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (9.99999, "10.000"),
    ],
)
def test_a_number_has_four_significant_digits(value: float | None, text: str) -> None:
    assert figures.sig(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "+0.5"), (-0.5, "−0.5"), (0.0, "0"), (None, "–")])
def test_a_difference_shows_its_sign(value: float | None, text: str) -> None:
    assert figures.signed(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.2, "20 %"), (0, "0 %"), (1, "100 %"), (0.00012, "0.012 %"), (0.33333, "33.3 %"), (None, "–")]
)
def test_a_share_is_never_rounded_to_nothing(share: float | None, text: str) -> None:
    assert figures.percent(share) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (4_213, "4.21 kB"), (9_640_000, "9.64 MB"), (None, "–")]
)
def test_bytes_have_decimal_units(size: int | None, text: str) -> None:
    assert figures.size(size) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (3, "3 ms"),
        (12_700, "12.7 s"),
        (90_000, "1 min 30 s"),
        (7_380_000, "2 h 03 min"),
        (604_800_000, "7 d 0 h"),
        (None, "–"),
    ],
)
def test_a_span_has_its_two_largest_units(span: int | None, text: str) -> None:
    assert figures.duration(span) == text


@pytest.mark.parametrize(
    ("before_s", "text"),
    [(3, "now"), (40, "40 s ago"), (7200, "2 h ago"), (-7200, "in 2 h"), (86400 * 5, "5 d ago"), (86400 * 90, "")],
)
def test_a_near_time_is_told_from_now(before_s: int, text: str) -> None:
    assert figures.ago(NOW - before_s * 1000, NOW) == text


def test_a_time_tells_both_and_the_zone() -> None:
    html = str(figures.when(NOW - 7_200_123, NOW))

    assert 'datetime="2013-11-30T21:59:59.877+00:00"' in html
    assert 'title="2013-11-30 21:59:59.877 UTC"' in html
    assert "2013-11-30 21:59" in html
    assert "2 h ago" in html


def test_a_time_that_is_not_known_is_a_dash() -> None:
    assert "–" in figures.when(0, NOW)
