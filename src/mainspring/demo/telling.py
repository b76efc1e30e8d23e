"""What happened, in words: events of the workspace become lines of the timeline."""

from typing import TYPE_CHECKING, Any

from mainspring.data import ops as data
from mainspring.data.errors import DataRefused
from mainspring.demo.timeline import Timeline
from mainspring.domain.event import Event
from mainspring.domain.verdict import Verdict
from mainspring.governance import ops as governance

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["EventTeller", "tell_refusal", "tell_verdict"]


class EventTeller:
    """Tells the loop's events that came since the last time it was asked."""

    def __init__(self, ws: "Workspace", timeline: Timeline) -> None:
        self._ws = ws
        self._timeline = timeline
        self._after = 0
        self.skip()

    def skip(self) -> None:
        """Take what has happened so far as told."""
        while events := governance.list_events(self._ws, after=self._after, limit=1000):
            self._after = events[-1].number

    def tell(self) -> None:
        """Tell what is new."""
        while events := governance.list_events(self._ws, after=self._after, limit=1000):
            for event in events:
                self._tell(event)
            self._after = events[-1].number

    def _tell(self, event: Event) -> None:
        words = _WORDS.get(event.kind)
        if words is not None and event.payload is not None:
            part, good, text = words(event.payload)
            self._timeline.tell(event.at_ms, part, text, good=good)


Words = tuple[str, bool | None, str]


# Any: payloads are the JSON of the Struct that the event's kind says.
def _alert(payload: dict[str, Any]) -> Words:
    return "monitor", False, f"alert: {payload['message']}"


def _alert_closed(payload: dict[str, Any]) -> Words:
    return (
        "monitor",
        None,
        f"alert closed: {payload['kind'].replace('_', ' ')}, {payload['closed_because'] or 'its cause is gone'}",
    )


def _requested(payload: dict[str, Any]) -> Words:
    return "loop", None, f"retraining of {payload['model']} asked for: {payload['reason']}"


def _retraining(payload: dict[str, Any]) -> Words:
    version = f"{payload['model']}@{payload['version']}"
    match payload["state"]:
        case "passed":
            return (
                "loop",
                True,
                f"{version} passes the gate on the same held-out rows, their outcomes known: {payload['message']}",
            )
        case "refused":
            return "loop", False, f"{version} is refused by the gate: {payload['message']}"
        case _:
            return "loop", False, f"retraining failed: {payload['message']}"


def _started(payload: dict[str, Any]) -> Words:
    return (
        "loop",
        None,
        f"canary: version {payload['candidate']} takes {payload['share']:.0%} of the traffic beside version {payload['champion']}",
    )


def _promoted(payload: dict[str, Any]) -> Words:
    return "loop", True, f"version {payload['candidate']} is promoted to champion: {payload['reason']}"


def _rolled_back(payload: dict[str, Any]) -> Words:
    return "loop", False, f"version {payload['candidate']} is rolled back: {payload['reason']}"


_WORDS = {
    "alert.opened": _alert,
    "alert.closed": _alert_closed,
    "retraining.requested": _requested,
    "retraining.passed": _retraining,
    "retraining.refused": _retraining,
    "retraining.failed": _retraining,
    "rollout.started": _started,
    "rollout.promoted": _promoted,
    "rollout.rolled_back": _rolled_back,
    "rollout.superseded": _rolled_back,
}


def tell_refusal(ws: "Workspace", timeline: Timeline, error: DataRefused, *, at_ms: int) -> None:
    """Tell a refused batch with its report: column, rule, count, example rows."""
    quarantined = data.show_quarantined(ws, error.fields["id"])
    lines = [f"a batch is refused and quarantined ({quarantined.id[:8]}); nothing of it reaches training:"]
    for violation in quarantined.report.violations[:6]:
        examples = ", ".join(f"row {example.row}: {example.values}" for example in violation.examples[:2])
        shown = f" ({examples})" if examples else ""
        lines.append(f"{violation.column}: {violation.rule}, {violation.count:,} rows{shown}")
    rest = len(quarantined.report.violations) - 6
    if rest > 0:
        lines.append(f"and {rest} more")
    timeline.tell(at_ms, "data", "\n".join(lines), good=False)


def tell_verdict(timeline: Timeline, verdict: Verdict, *, at_ms: int) -> None:
    """Tell a gate's verdict with its numbers."""
    groups = [check for check in verdict.checks if check.group]
    worse = [check.group for check in groups if not check.passed]
    overall = next(check for check in verdict.checks if not check.group and check.low is not None)
    words = "passes" if verdict.passed else "does not pass"
    by = f"; {len(groups)} groups judged, " + (f"worse in {', '.join(worse)}" if worse else "none worse beyond doubt")
    timeline.tell(at_ms, "model", f"{verdict.candidate} {words} the gate: {overall.message}{by}", good=verdict.passed)
