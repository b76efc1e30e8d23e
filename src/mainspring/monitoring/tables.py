"""The tables of monitors, their windows and alerts, and every query on them."""

from typing import Any

import msgspec
import sqlalchemy as sa

from mainspring.domain.alert import Alert, AlertKind
from mainspring.domain.monitor import Monitor, Policy
from mainspring.domain.object import Digest
from mainspring.domain.window import Tally, Window
from mainspring.storage.database import StructColumn, insert_ignore, metadata

__all__ = [
    "Stored",
    "alerts",
    "count_open",
    "count_windows",
    "find_alert",
    "find_endpoint",
    "find_monitor",
    "find_open",
    "insert_alert",
    "insert_monitor",
    "insert_window",
    "latest_window",
    "monitors",
    "recent_windows",
    "select_alerts",
    "select_monitors",
    "select_windows",
    "unmatured_windows",
    "update_alert",
    "update_monitor",
    "update_window",
    "windows",
]

monitors = sa.Table(
    "monitors",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("policy", StructColumn(Policy), nullable=False),
    sa.Index("ix_monitors_project_endpoint", "project", "endpoint"),
)
windows = sa.Table(
    "windows",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("monitor", sa.Text, primary_key=True),
    sa.Column("start_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("window", StructColumn(Window), nullable=False),
    sa.Column("tally", StructColumn(Tally), nullable=False),
    sa.Index("ix_windows_project_monitor_state", "project", "monitor", "state"),
)
alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("monitor", sa.Text, nullable=False),
    # The kind while it is open, the id afterwards: so no two of a kind can be open.
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("alert", StructColumn(Alert), nullable=False),
    sa.UniqueConstraint("project", "monitor", "slot"),
    sa.Index("ix_alerts_project_state_id", "project", "state", "id"),
    sa.Index("ix_alerts_project_monitor_id", "project", "monitor", "id"),
)


class Stored(msgspec.Struct, frozen=True):
    """A window with the counts it was tested on, and the reference those counts are on."""

    reference: Digest
    window: Window
    tally: Tally


def insert_monitor(conn: sa.Connection, monitor: Monitor) -> bool:
    """Insert it, unless one of this name is there; whether it was inserted."""
    return insert_ignore(conn, monitors, msgspec.structs.asdict(monitor))


def update_monitor(conn: sa.Connection, monitor: Monitor) -> None:
    """Write its new state."""
    conn.execute(sa.update(monitors).where(_named(monitors, monitor)).values(**msgspec.structs.asdict(monitor)))


def find_monitor(conn: sa.Connection, project: str, name: str) -> Monitor | None:
    """The monitor of this name, or None."""
    query = sa.select(monitors).where(monitors.c.project == project, monitors.c.name == name)
    return _monitor(conn.execute(query).one_or_none())


def find_endpoint(conn: sa.Connection, project: str, endpoint: str) -> Monitor | None:
    """The first monitor of an endpoint by name, or None."""
    query = sa.select(monitors).where(monitors.c.project == project, monitors.c.endpoint == endpoint)
    return _monitor(conn.execute(query.order_by(monitors.c.name).limit(1)).one_or_none())


def select_monitors(conn: sa.Connection, project: str, *, after: str, limit: int) -> list[Monitor]:
    """Monitors by name, those after `after`."""
    query = sa.select(monitors).where(monitors.c.project == project, monitors.c.name > after)
    rows = conn.execute(query.order_by(monitors.c.name).limit(limit))
    return [found for found in map(_monitor, rows) if found is not None]


def insert_window(conn: sa.Connection, monitor: Monitor, stored: Stored) -> bool:
    """Insert a closed window, unless it is there; whether it was inserted."""
    return insert_ignore(conn, windows, _window_values(monitor.project, stored))


def update_window(conn: sa.Connection, monitor: Monitor, stored: Stored) -> bool:
    """Write a window that has matured, unless it had already; whether it was written."""
    here = sa.and_(
        windows.c.project == monitor.project,
        windows.c.monitor == monitor.name,
        windows.c.start_ms == stored.window.start_ms,
        windows.c.state == "closed",
    )
    return conn.execute(sa.update(windows).where(here).values(**_window_values(monitor.project, stored))).rowcount == 1


def latest_window(conn: sa.Connection, project: str, monitor: str) -> Window | None:
    """The window that was closed last, or None."""
    found = select_windows(conn, project, monitor, limit=1)
    return found[0] if found else None


def select_windows(conn: sa.Connection, project: str, monitor: str, *, limit: int) -> list[Window]:
    """The latest windows, oldest first."""
    query = sa.select(windows.c.window).where(windows.c.project == project, windows.c.monitor == monitor)
    rows = conn.execute(query.order_by(windows.c.start_ms.desc()).limit(limit)).scalars()
    return list(rows)[::-1]


def recent_windows(conn: sa.Connection, monitor: Monitor, *, before_ms: int, matured: bool, limit: int) -> list[Stored]:
    """The latest windows on the monitor's reference that start before `before_ms`, oldest first."""
    query = sa.select(windows.c.reference, windows.c.window, windows.c.tally).where(
        windows.c.project == monitor.project,
        windows.c.monitor == monitor.name,
        windows.c.reference == monitor.reference,
        windows.c.start_ms < before_ms,
    )
    query = query.where(windows.c.state == "matured") if matured else query
    rows = conn.execute(query.order_by(windows.c.start_ms.desc()).limit(limit))
    return [Stored(reference=row.reference, window=row.window, tally=row.tally) for row in rows][::-1]


def unmatured_windows(conn: sa.Connection, monitor: Monitor, *, limit: int) -> list[Stored]:
    """The windows that have not matured yet, of whatever version, oldest first."""
    query = sa.select(windows.c.reference, windows.c.window, windows.c.tally).where(
        windows.c.project == monitor.project, windows.c.monitor == monitor.name, windows.c.state == "closed"
    )
    rows = conn.execute(query.order_by(windows.c.start_ms).limit(limit))
    return [Stored(reference=row.reference, window=row.window, tally=row.tally) for row in rows]


def count_windows(conn: sa.Connection, project: str, monitor: str) -> int:
    """How many windows a monitor has closed."""
    query = sa.select(sa.func.count()).where(windows.c.project == project, windows.c.monitor == monitor)
    return int(conn.execute(query).scalar_one())


def insert_alert(conn: sa.Connection, alert: Alert) -> bool:
    """Insert an open alert, unless one of its kind is open; whether it was inserted."""
    return insert_ignore(conn, alerts, _alert_values(alert))


def update_alert(conn: sa.Connection, alert: Alert) -> None:
    """Write its new state."""
    conn.execute(sa.update(alerts).where(alerts.c.id == alert.id).values(**_alert_values(alert)))


def find_alert(conn: sa.Connection, project: str, id: str) -> Alert | None:
    """The alert with this id, or None."""
    query = sa.select(alerts.c.alert).where(alerts.c.project == project, alerts.c.id == id)
    return conn.execute(query).scalar_one_or_none()


def find_open(conn: sa.Connection, monitor: Monitor) -> dict[AlertKind, Alert]:
    """The open alerts of a monitor by kind."""
    query = sa.select(alerts.c.alert).where(
        alerts.c.project == monitor.project, alerts.c.monitor == monitor.name, alerts.c.state == "open"
    )
    return {alert.kind: alert for alert in conn.execute(query.limit(10)).scalars()}


def select_alerts(
    conn: sa.Connection, project: str, *, state: str, monitor: str, after: str, limit: int
) -> list[Alert]:
    """Alerts, newest first, those before the id `after`."""
    query = sa.select(alerts.c.alert).where(alerts.c.project == project)
    query = query.where(alerts.c.state == state) if state else query
    query = query.where(alerts.c.monitor == monitor) if monitor else query
    query = query.where(alerts.c.id < after) if after else query
    return list(conn.execute(query.order_by(alerts.c.id.desc()).limit(limit)).scalars())


def count_open(conn: sa.Connection, project: str, monitor: str) -> int:
    """How many alerts of a monitor are open."""
    query = sa.select(sa.func.count()).where(
        alerts.c.project == project, alerts.c.monitor == monitor, alerts.c.state == "open"
    )
    return int(conn.execute(query).scalar_one())


def _named(table: sa.Table, monitor: Monitor) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.project == monitor.project, table.c.name == monitor.name)


# Any: a row of the table, whose columns are the fields of the Struct.
def _monitor(row: Any) -> Monitor | None:
    return None if row is None else Monitor(**row._mapping)


# Any: the values of a row by column.
def _window_values(project: str, stored: Stored) -> dict[str, Any]:
    return {
        "project": project,
        "monitor": stored.window.monitor,
        "start_ms": stored.window.start_ms,
        "reference": stored.reference,
        "state": stored.window.state,
        "window": stored.window,
        "tally": stored.tally,
    }


# Any: the values of a row by column.
def _alert_values(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "project": alert.project,
        "monitor": alert.monitor,
        "slot": alert.kind if alert.state == "open" else alert.id,
        "state": alert.state,
        "alert": alert,
    }
