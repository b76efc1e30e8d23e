"""A verdict's checks as rows with a picture each: value and interval beside the threshold, on one common scale."""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from mainspring.domain.verdict import Check, Verdict
from mainspring.web import figures, sketches

__all__ = ["GateRow", "headline", "rows", "status_of"]


class GateRow(msgspec.Struct, frozen=True):
    """One check as the table shows it; `name` is the group where the check is of one."""

    name: str
    status: str
    demand: str
    check: Check
    picture: Markup


def status_of(passed: bool | None) -> str:
    """The word for a verdict: passed, failed, or not judged."""
    return {True: "passed", False: "failed", None: "not judged"}[passed]


def rows(checks: Sequence[Check]) -> tuple[GateRow, ...]:
    """Failed checks first, then in the order of the verdict; all pictures share one scale, which wide intervals leave."""
    return tuple(_row(check, _extent(checks)) for check in sorted(checks, key=lambda check: check.passed))


def headline(verdict: Verdict | None) -> str:
    """The verdict in one sentence."""
    if verdict is None:
        return "Not judged: no gate has seen this version"
    passed = sum(check.passed for check in verdict.checks)
    word = "Passed" if verdict.passed else "Failed"
    return f"{word}: {passed} of {len(verdict.checks)} checks of the gate \u201c{verdict.gate}\u201d"


def _extent(checks: Sequence[Check]) -> tuple[float, float]:
    """From the lower to the upper ninth tenth of all ends of intervals, every threshold and zero included."""
    judged = [check for check in checks if check.low is not None and check.high is not None]
    ends = sorted(end for check in judged for end in (check.low, check.high) if end is not None)
    edge = len(ends) // 10
    points = [
        0.0,
        *ends[edge : len(ends) - edge],
        *(check.threshold for check in judged if check.threshold is not None),
    ]
    margin = (max(points) - min(points)) * 0.06 or 1.0
    return min(points) - margin, max(points) + margin


def _row(check: Check, extent: tuple[float, float]) -> GateRow:
    name = check.group or check.name
    return GateRow(
        name=name,
        status=status_of(check.passed),
        demand=_demand(check),
        check=check,
        picture=_picture(check, name, extent),
    )


def _demand(check: Check) -> str:
    if check.threshold is None or check.low is None:
        return check.message
    return f"{'lower' if check.group else 'upper'} bound up to {figures.sig(check.threshold)}"


def _picture(check: Check, name: str, extent: tuple[float, float]) -> Markup:
    if check.low is None or check.high is None or check.threshold is None:
        return Markup("")
    label = f"{name}: {figures.sig(check.value)}, interval {figures.sig(check.low)} to {figures.sig(check.high)}, threshold {figures.sig(check.threshold)}"
    return sketches.interval(check.value, check.low, check.high, threshold=check.threshold, extent=extent, label=label)
