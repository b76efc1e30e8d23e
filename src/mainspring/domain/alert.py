"""Alerts: findings that someone, or the loop, must see."""

from typing import Literal

import msgspec

from mainspring.domain.window import Test

__all__ = ["Alert", "AlertKind", "AlertState", "Evidence", "Severity"]

AlertKind = Literal["input_drift", "prediction_drift", "error"]
AlertState = Literal["open", "closed"]
Severity = Literal["warning", "retrain"]


class Evidence(msgspec.Struct, frozen=True):
    """The window whose tests raised or repeated an alert."""

    start_ms: int
    end_ms: int
    tests: tuple[Test, ...]


class Alert(msgspec.Struct, frozen=True):
    """One finding of a monitor; at most one of a kind is open, and repeated evidence is added to it.

    `severity` "retrain" may start a retraining, "warning" is for people. `evidence` keeps the first windows and the
    latest ones; `windows` counts them all. `at_ms` of the cause is the end of the first window.
    """

    id: str
    project: str
    monitor: str
    endpoint: str
    model: str
    version: int
    kind: AlertKind
    severity: Severity
    state: AlertState
    opened_ms: int
    message: str
    evidence: tuple[Evidence, ...]
    windows: int = 1
    quiet: int = 0
    closed_ms: int = 0
    closed_because: str = ""
    acknowledged_ms: int = 0
    acknowledged_by: str = ""
    note: str = ""
