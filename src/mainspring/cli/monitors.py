"""`mainspring monitors`: what is watched."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, Table, duration, number, when
from mainspring.domain.monitor import MonitorStatus
from mainspring.domain.window import Test, Window

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND"]

COMMAND = group("monitors", "What is watched.")


def monitor_names(ws: "Workspace") -> Iterable[str]:
    """Names a mistyped one could have meant."""
    from mainspring.monitoring import ops

    return [status.monitor.name for status in ops.list_monitors(ws, limit=1000)]


def _list_view(statuses: list[MonitorStatus]) -> Page:
    rows = [
        (s.monitor.name, s.monitor.endpoint, f"{s.monitor.model}@{s.monitor.version}", s.windows_total, s.open_alerts)
        for s in statuses
    ]
    columns = ("monitor", "endpoint", "version", "windows", "open alerts")
    return [Table(columns, rows, empty="nothing is watched yet; serve a model with: mainspring deploy")]


def _show_view(status: MonitorStatus) -> Page:
    monitor, policy = status.monitor, status.monitor.policy
    head = Fields(
        [
            ("monitor", monitor.name),
            ("endpoint", monitor.endpoint),
            ("version", f"{monitor.model}@{monitor.version} since {when(monitor.since_ms)}"),
            ("window", f"{duration(policy.window_ms)}, labels complete {duration(policy.label_delay_ms)} later"),
            ("false alarms", f"{monitor.false_alarms_a_year:g} a year of each kind when nothing changes"),
            ("open alerts", status.open_alerts),
        ]
    )
    rows = [
        (
            when(window.start_ms),
            number(window.rows),
            f"{number(window.error)} of {number(window.expected)}" if window.error is not None else window.state,
            _worst(window, "input"),
            _worst(window, "prediction"),
        )
        for window in status.windows
    ]
    return [
        head,
        Table(
            ("window from", "rows", "error, expected", "inputs", "predictions"), rows, empty="no window has closed yet"
        ),
    ]


def _worst(window: Window, subject: str) -> str:
    test: Test | None = next((test for test in window.tests if test.subject == subject), None)
    if test is None:
        return ""
    return f"{test.column} {test.statistic} {test.score:.2f} of its limit" + (" ALARM" if test.alarm else "")


@command(
    "list",
    of=COMMAND,
    view=_list_view,
    examples=["mainspring monitors list", "mainspring monitors list --json"],
    then=lambda statuses: f"mainspring monitors show {statuses[0].monitor.name}" if statuses else "",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most this many.")
def list_(session: Session, *, limit: int) -> list[MonitorStatus]:
    """List monitors: what each watches, how many windows have closed, which alerts are open."""
    from mainspring.monitoring import ops

    with session.open() as ws:
        return ops.list_monitors(ws, limit=limit)


@command("show", of=COMMAND, view=_show_view, examples=["mainspring monitors show arrival-delay"], names=monitor_names)
@click.argument("monitor")
def show(session: Session, *, monitor: str) -> MonitorStatus:
    """Show a monitor with its latest windows: rows, error beside what was expected, and the strongest tests."""
    from mainspring.monitoring import ops

    with session.open() as ws:
        return ops.show_monitor(ws, monitor)
