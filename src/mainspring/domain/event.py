"""Events: the decisions of a project, in an append-only, hash-chained order."""

from typing import Any

import msgspec

__all__ = ["ChainReport", "Event"]


class Event(msgspec.Struct, frozen=True):
    """One decision. `hash` covers everything but the payload, of which it covers a salted digest."""

    project: str
    number: int
    kind: str
    subject: str
    principal: str
    at_ms: int
    payload_digest: str
    previous: str
    hash: str
    # Any: the full state after the change, whose shape belongs to the kind; None once erased.
    payload: Any = None
    format: int = 1


class ChainReport(msgspec.Struct, frozen=True):
    """What a verification of the chain found; `broken_at` is the first number that does not fit, 0 if none."""

    project: str
    events: int
    head: str
    valid: bool
    broken_at: int = 0
    reason: str = ""
