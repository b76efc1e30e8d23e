"""Ids: 32 hex characters, ordered by the time they were made (UUID version 7, RFC 9562 section 5.7)."""

import random
import threading

from mainspring.kernel.clock import Clock

__all__ = ["Ids"]


class Ids:
    """Makes ids from an injected clock and random source; two ids of one maker never go backwards."""

    def __init__(self, clock: Clock, source: random.Random) -> None:
        self._clock = clock
        self._source = source
        self._last_ms = 0
        self._lock = threading.Lock()
        self._count = 0

    def new(self) -> str:
        """A new id; its first 12 characters are the time in milliseconds, the next 3 count within one of them."""
        with self._lock:
            now = max(self._clock.now_ms(), self._last_ms)
            self._count = self._count + 1 if now == self._last_ms else self._source.getrandbits(8)
            if self._count > 0xFFF:
                now, self._count = now + 1, 0
            self._last_ms = now
            tail = self._source.getrandbits(62)
            return f"{now:012x}7{self._count:03x}{(0b10 << 62) | tail:016x}"
