"""Names and times that are the same in every part of the world."""

import random

from mainspring.domain.object import Digest

__all__ = ["CARRIERS", "DAY_MS", "HOUR_MS", "NOW_MS", "digest_of_seed", "id_of_seed"]

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOW_MS = 1_385_856_000_000  # 2013-12-01T00:00:00Z
CARRIERS = ("UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX")


def digest_of_seed(seed: int) -> Digest:
    """A digest of nothing."""
    return Digest(random.Random(seed).randbytes(32).hex())


def id_of_seed(seed: int, at_ms: int) -> str:
    """An id made at a time."""
    return f"{at_ms:012x}7{seed:03x}{random.Random(seed).randbytes(8).hex()}"
