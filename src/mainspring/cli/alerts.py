"""`mainspring alerts`: what the monitors found."""

import click

from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.short import find_by_short_id
from mainspring.cli.view import Fields, Id, Page, Part, Sentence, Table, number, when
from mainspring.domain.alert import Alert

__all__ = ["COMMAND"]

COMMAND = group("alerts", "What the monitors found.")
_EVERY = 1000


def _list_view(alerts: list[Alert]) -> Page:
    rows = [(Id(a.id), when(a.opened_ms), a.kind, a.severity, a.state, a.endpoint, a.message) for a in alerts]
    columns = ("alert", "opened", "kind", "severity", "state", "endpoint", "what")
    return [Table(columns, rows, empty="no alerts")]


def _show_view(alert: Alert) -> Page:
    closed = f" ({when(alert.closed_ms)}: {alert.closed_because})" if alert.closed_ms else ""
    seen = (
        f"{when(alert.acknowledged_ms)} by {alert.acknowledged_by}: {alert.note}"
        if alert.acknowledged_ms
        else "not yet"
    )
    parts: list[Part] = [
        Sentence(alert.message, good=False if alert.state == "open" else None),
        Fields(
            [
                ("alert", alert.id),
                ("kind", f"{alert.kind}, {alert.severity}"),
                ("state", alert.state + closed),
                ("opened", when(alert.opened_ms)),
                ("endpoint", f"{alert.endpoint}, {alert.model}@{alert.version}"),
                ("windows", alert.windows),
                ("acknowledged", seen),
            ]
        ),
    ]
    rows = [
        (
            when(evidence.start_ms),
            test.column,
            test.statistic,
            f"{test.days} days",
            number(test.value),
            number(test.expected),
            f"{test.z:.1f}",
            f"{test.limit:.1f}",
        )
        for evidence in alert.evidence
        for test in evidence.tests
        if test.alarm
    ]
    parts.append(
        Table(
            ("window from", "column", "statistic", "over", "is", "expected", "z", "limit"),
            rows,
            empty="no test is on record",
        )
    )
    return parts


@command(
    "list",
    of=COMMAND,
    view=_list_view,
    examples=["mainspring alerts list", "mainspring alerts list --open"],
    then=lambda alerts: f"mainspring alerts show {alerts[0].id[-8:]}" if alerts else "",
)
@click.option("--open", "only_open", is_flag=True, help="Only those that are open.")
@click.option("--limit", type=click.IntRange(1, _EVERY), default=100, show_default=True, help="At most this many.")
def list_(session: Session, *, only_open: bool, limit: int) -> list[Alert]:
    """List alerts, newest first."""
    from mainspring.monitoring import ops

    with session.open() as ws:
        return ops.list_alerts(ws, state="open" if only_open else "", limit=limit)


@command(
    "show",
    of=COMMAND,
    view=_show_view,
    examples=["mainspring alerts show 3fa9c1d2", "mainspring alerts show 3fa9c1d2 --json"],
)
@click.argument("alert", metavar="ID")
def show(session: Session, *, alert: str) -> Alert:
    """Show an alert with the tests that raised it, each beside what was expected and its limit."""
    from mainspring.monitoring import ops

    with session.open() as ws:
        found = find_by_short_id(ops.list_alerts(ws, limit=_EVERY), alert, key=lambda a: a.id, noun="alerts")
        return ops.show_alert(ws, found.id if found else alert)
