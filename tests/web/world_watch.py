"""A monitor, its alerts and the history."""

import math
import random

from mainspring.domain.alert import Alert, AlertKind, AlertState, Evidence, Severity
from mainspring.domain.event import Event
from mainspring.domain.monitor import Monitor, MonitorStatus
from mainspring.domain.window import Test, Window

from .seeds import DAY_MS, HOUR_MS, NOW_MS, digest_of_seed, id_of_seed

__all__ = ["alerts_raised", "events_told", "monitor_status"]


def monitor_status() -> MonitorStatus:
    chance = random.Random(3)
    columns = ("temp", "dewp", "humid", "carrier", "distance", "hour")
    windows = []
    for day in range(200):
        start = NOW_MS - (200 - day) * DAY_MS
        matured = day < 197
        error = 11 + 2 * math.sin(day / 30) + (2.9 if 90 < day < 140 else 0) + chance.gauss(0, 1.2) if matured else None
        drift = [(3.2 - 0.3 * place) * (0.5 + abs(math.sin(day / 40))) * 2 for place in range(len(columns))]
        tests = [
            Test("input", name, "mean", 7, 50 + chance.random(), 50, 0.1, z, 4.2, z > 4.2)
            for name, z in zip(columns, drift, strict=True)
        ]
        tests.append(Test("prediction", "", "mean", 28, 9.0, 8.0, 0.05, 4 * abs(math.sin(day / 50)), 4.2, False))
        windows.append(
            Window(
                "arrival-delay",
                start,
                start + DAY_MS,
                1 if day < 105 else 2,
                "matured" if matured else "closed",
                900 + chance.randint(0, 90),
                900 if matured else 200,
                error,
                11.5,
                13.4,
                28,
                tuple(tests),
            )
        )
    monitor = Monitor(
        "default",
        "arrival-delay",
        "arrival-delay",
        "arrival-delay",
        2,
        digest_of_seed(1),
        NOW_MS - 95 * DAY_MS,
        NOW_MS - 200 * DAY_MS,
    )
    return MonitorStatus(monitor, tuple(windows), 200, 1, columns)


def alerts_raised() -> list[Alert]:
    windows = monitor_status().windows

    def alert(
        seed: int, kind: AlertKind, severity: Severity, state: AlertState, days: int, message: str, version: int
    ) -> Alert:
        at = NOW_MS - days * DAY_MS
        evidence = tuple(
            Evidence(at + day * DAY_MS, at + (day + 1) * DAY_MS, windows[100 + day].tests) for day in range(2)
        )
        closed = NOW_MS - 90 * DAY_MS if state == "closed" else 0
        return Alert(
            id_of_seed(seed, at),
            "default",
            "arrival-delay",
            "arrival-delay",
            "arrival-delay",
            version,
            kind,
            severity,
            state,
            at,
            message,
            evidence,
            9,
            closed_ms=closed,
            closed_because="version 2 took over" if closed else "",
        )

    return [
        alert(
            51,
            "input_drift",
            "warning",
            "open",
            5,
            "temp, dewp and 2 other inputs of arrival-delay@2 drifted: temp is 0.9 deviations above the reference",
            2,
        ),
        alert(
            50, "error", "retrain", "closed", 105, "the error of arrival-delay@1 is 14.1 over 28 days, expected 11.5", 1
        ),
    ]


def events_told(run_id: str) -> list[Event]:
    told = (
        ("rollout.started", "arrival-delay"),
        ("model.registered", "arrival-delay@3"),
        ("verdict.recorded", "arrival-delay@3"),
        ("run.finished", f"run/{run_id}"),
        ("retraining.requested", "arrival-delay"),
        ("alert.opened", id_of_seed(51, NOW_MS - 5 * DAY_MS)),
        ("dataset.version_added", "flights@3"),
        ("token.created", "tok_3"),
    )
    return [
        Event(
            "default",
            312 - place,
            kind,
            subject,
            "ada",
            NOW_MS - (place + 1) * HOUR_MS,
            digest_of_seed(place),
            digest_of_seed(311 - place),
            digest_of_seed(312 - place),
        )
        for place, (kind, subject) in enumerate(told)
    ]
