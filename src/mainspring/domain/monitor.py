"""Monitors: what watches an endpoint, against which reference, with which promise about false alarms."""

import msgspec

from mainspring.domain.object import Digest
from mainspring.domain.window import Window

__all__ = ["Monitor", "MonitorStatus", "Policy"]

DAY_MS = 86_400_000


class Policy(msgspec.Struct, frozen=True):
    """How a monitor looks.

    window_ms: the length of a window; windows start at multiples of it (UTC days by default).
    label_delay_ms: how long after its end a window's labels are complete; only then is its error computed.
    false_alarms: how many alarms a year each kind may raise when nothing changes.
    input_days, lasting_days: over how many windows drift of inputs, and what can start a retraining (drift of
    predictions, error), is tested. One odd day must not retrain a model, so the latter look at weeks.
    least_effect: changes smaller than this many standard deviations are no alarm, however certain.
    quiet_windows: an alert closes by itself after so many windows without its cause.
    """

    window_ms: int = DAY_MS
    label_delay_ms: int = DAY_MS
    false_alarms: float = 1.0
    input_days: tuple[int, ...] = (1, 7)
    lasting_days: tuple[int, ...] = (7, 28)
    least_effect: float = 0.05
    quiet_windows: int = 7


class Monitor(msgspec.Struct, frozen=True):
    """What watches one version behind an endpoint; `since_ms` is where its windows against this reference begin.

    `false_alarms_a_year` is the stated rate for each kind of alert when nothing changes.
    """

    project: str
    name: str
    endpoint: str
    model: str
    version: int
    reference: Digest
    since_ms: int
    created_ms: int
    policy: Policy = Policy()

    @property
    def false_alarms_a_year(self) -> float:
        """The stated rate of false alarms of each kind of alert, a year."""
        return self.policy.false_alarms


class MonitorStatus(msgspec.Struct, frozen=True):
    """A monitor with its latest windows, oldest first; how many windows there are, and open alerts; the columns it watches."""

    monitor: Monitor
    windows: tuple[Window, ...]
    windows_total: int
    open_alerts: int
    columns: tuple[str, ...] = ()
