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
    """Failed checks first, then in the order of the verdict; all pictures share one scale."""
    points = [p for check in checks for p in (check.value, check.low, check.high, check.threshold) if p is not None]
    low, high = min(points, default=0.0), max(points, default=1.0)
    margin = (high - low) * 0.06 or 1.0
    ordered = sorted(checks, key=lambda check: check.passed)
    return tuple(_row(check, (low - margin, high + margin)) for check in ordered)


def headline(verdict: Verdict | None) -> str:
    """The verdict in one sentence."""
    if verdict is None:
        return "Not judged: no gate has seen this version"
    passed = sum(check.passed for check in verdict.checks)
    word = "Passed" if verdict.passed else "Failed"
    return f"{word}: {passed} of {len(verdict.checks)} checks of gate {verdict.gate} against {verdict.baseline}"


def _row(check: Check, extent: tuple[float, float]) -> GateRow:
    name = check.group or check.name
    return GateRow(
        name=name,
        status=status_of(check.passed),
        demand=check.message if check.threshold is None else f"{_bound(check)} {figures.sig(check.threshold)}",
        check=check,
        picture=_picture(check, name, extent),
    )


def _bound(check: Check) -> str:
    if check.low is None or check.high is None:
        return "against"
    return "upper bound up to" if not check.group else "lower bound up to"


def _picture(check: Check, name: str, extent: tuple[float, float]) -> Markup:
    if check.low is None or check.high is None or check.threshold is None:
        return Markup("")
    label = f"{name}: {figures.sig(check.value)}, interval {figures.sig(check.low)} to {figures.sig(check.high)}, threshold {figures.sig(check.threshold)}"
    return sketches.interval(check.value, check.low, check.high, threshold=check.threshold, extent=extent, label=label)
