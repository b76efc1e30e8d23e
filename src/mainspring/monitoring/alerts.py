"""What the tests of a window mean for an alert: opened, repeated, quiet, closed."""

from collections.abc import Sequence

import msgspec

from mainspring.domain.alert import Alert, AlertKind, Evidence, Severity
from mainspring.domain.monitor import Monitor
from mainspring.domain.window import Subject, Test, Window

__all__ = ["KINDS", "raised", "updated"]

KINDS: dict[Subject, AlertKind] = {"input": "input_drift", "prediction": "prediction_drift", "error": "error"}
_SEVERITY: dict[AlertKind, Severity] = {"input_drift": "warning", "prediction_drift": "retrain", "error": "retrain"}
_FIRST, _LATEST, _TESTS = 3, 7, 8


def raised(monitor: Monitor, kind: AlertKind, window: Window, tests: Sequence[Test], *, id: str, now_ms: int) -> Alert:
    """A new alert from a window with at least one alarm among `tests`, worst first."""
    return Alert(
        id=id,
        project=monitor.project,
        monitor=monitor.name,
        endpoint=monitor.endpoint,
        model=monitor.model,
        version=monitor.version,
        kind=kind,
        severity=_SEVERITY[kind],
        state="open",
        opened_ms=now_ms,
        message=_message([test for test in tests if test.alarm]),
        evidence=(_evidence(window, tests),),
    )


def updated(alert: Alert, window: Window, tests: Sequence[Test], *, quiet_windows: int, now_ms: int) -> Alert:
    """The open alert after another window: evidence added, or one more quiet window, or closed after enough of those.

    A window without data says nothing and changes nothing.
    """
    if any(test.alarm for test in tests):
        kept = (*alert.evidence, _evidence(window, tests))
        if len(kept) > _FIRST + _LATEST:
            kept = (*kept[:_FIRST], *kept[-_LATEST:])
        return msgspec.structs.replace(alert, evidence=kept, windows=alert.windows + 1, quiet=0)
    if not tests:
        return alert
    quiet = alert.quiet + 1
    if quiet < quiet_windows:
        return msgspec.structs.replace(alert, quiet=quiet)
    return msgspec.structs.replace(
        alert,
        quiet=quiet,
        state="closed",
        closed_ms=now_ms,
        closed_because=f"back within its limits for {quiet} windows",
    )


def _evidence(window: Window, tests: Sequence[Test]) -> Evidence:
    alarms = tuple(test for test in tests if test.alarm)
    return Evidence(start_ms=window.start_ms, end_ms=window.end_ms, tests=alarms[:_TESTS])


def _message(alarms: Sequence[Test]) -> str:
    worst = alarms[0]
    more = len({test.column for test in alarms}) - 1
    rest = f"; and {more} more column{'s' if more > 1 else ''}" if more else ""
    return f"{_words(worst)} (z {worst.z:+.1f}, limit {worst.limit:.1f}){rest}"


def _words(test: Test) -> str:
    over = f"over {test.days} window{'s' if test.days > 1 else ''}"
    if test.subject == "error":
        return f"the error rose: {test.value:.4g} {over} against {test.expected:.4g} on held-out rows"
    of = "the predictions drifted" if test.subject == "prediction" else f"the input {test.column} drifted"
    match test.statistic:
        case "nulls" | "outside" | "unseen":
            what = {"nulls": "null", "outside": "outside the range known", "unseen": "of unknown categories"}
            return f"{of}: {test.value:.1%} {what[test.statistic]} {over} against {test.expected:.1%}"
        case "shares":
            return f"{of}: the categories' shares moved by {test.effect:.2f} (Cohen's w) {over}"
        case _:
            return f"{of}: {test.statistic} moved by {test.effect:+.2f} standard deviations {over}"
