"""The time: the system's clock, or one that is played forward by its owner, standing or flowing in between."""

import time
from typing import Protocol

__all__ = ["Clock", "FlowingClock", "PlayedClock", "SystemClock"]


class Clock(Protocol):
    """Tells the time in milliseconds since 1970-01-01 UTC."""

    def now_ms(self) -> int: ...


class SystemClock:
    """The operating system's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class PlayedClock:
    """A clock that stands still until it is advanced; used by tests."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance_to(self, at_ms: int) -> None:
        """Move to `at_ms`; a time in the past is ignored, since this clock never goes back."""
        self._now_ms = max(self._now_ms, at_ms)

    def advance(self, by_ms: int) -> None:
        """Move forward by `by_ms` >= 0."""
        self.advance_to(self._now_ms + by_ms)


class FlowingClock(PlayedClock):
    """A played clock that goes on at its natural pace between advances, so that what takes time shows how long it took."""

    def __init__(self, start_ms: int) -> None:
        super().__init__(start_ms)
        self._since = time.monotonic_ns()

    def now_ms(self) -> int:
        return self._now_ms + (time.monotonic_ns() - self._since) // 1_000_000

    def advance_to(self, at_ms: int) -> None:
        """Move to `at_ms`; a time in the past is ignored, since this clock never goes back."""
        self._now_ms, self._since = max(self.now_ms(), at_ms), time.monotonic_ns()
