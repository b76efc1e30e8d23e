"""Clocks that are played."""

from mainspring.kernel.clock import FlowingClock, PlayedClock


def test_a_played_clock_stands_until_it_is_advanced() -> None:
    clock = PlayedClock(1000)
    assert clock.now_ms() == 1000
    clock.advance(5)
    clock.advance_to(900)
    assert clock.now_ms() == 1005


def test_a_flowing_clock_never_goes_back() -> None:
    clock = FlowingClock(1000)
    first = clock.now_ms()
    clock.advance_to(500)
    assert clock.now_ms() >= first >= 1000
    clock.advance_to(10_000_000)
    assert 10_000_000 <= clock.now_ms() < 10_060_000
