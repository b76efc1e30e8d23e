"""Verdicts: what a gate found when it judged a model version, with the numbers."""

import msgspec

__all__ = ["Check", "Verdict"]


class Check(msgspec.Struct, frozen=True):
    """One comparison of a gate: `value` with its interval `[low, high]` over `n` rows, held against `threshold`.

    `group` names the part of the data it was computed on, empty for all of it.
    """

    name: str
    value: float
    passed: bool
    message: str
    group: str = ""
    threshold: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """The result of a gate for one model version; `baseline` is the version or rule it was compared with.

    `data` names what both were judged on: a dataset reference and its split, or an endpoint's window.
    """

    gate: str
    candidate: str
    baseline: str
    checks: tuple[Check, ...]
    passed: bool
    at_ms: int = 0
    data: str = ""
    run_id: str = ""
    id: str = ""
