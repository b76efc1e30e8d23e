"""Monitors and alerts are listed, shown and acknowledged."""

import pytest
from monitored import DAY, START, make_monitor, run

from mainspring.domain.principal import Principal
from mainspring.monitoring import ops
from mainspring.monitoring.errors import AlertUnknown, LimitInvalid, MonitorUnknown
from mainspring.storage.events import list_events
from mainspring.workspace import PermissionDenied, Workspace


def test_monitors_are_listed_with_their_windows_but_not_the_tests(any_ws: Workspace) -> None:
    make_monitor(any_ws)
    run(any_ws, range(8))
    (status,) = ops.list_monitors(any_ws)
    assert status.monitor.endpoint == "arrival-delay"
    assert (len(status.windows), status.windows[-1].tests) == (8, ())
    assert ops.list_monitors(any_ws, after="arrival-delay") == []
    assert len(ops.show_monitor(any_ws, "arrival-delay", windows=3).windows) == 3


def test_an_alert_is_acknowledged_once_and_stays_open(any_ws: Workspace) -> None:
    make_monitor(any_ws)
    (alert,) = [found for found in run(any_ws, range(1), shift=20.0) if found.kind == "input_drift"]
    seen = ops.acknowledge_alert(any_ws, alert.id, note="spring")
    assert (seen.state, seen.note, seen.acknowledged_by) == ("open", "spring", any_ws.principal.name)
    assert ops.acknowledge_alert(any_ws, alert.id, note="again") == seen
    assert ops.show_alert(any_ws, alert.id) == seen
    assert ops.list_alerts(any_ws, state="closed") == []
    assert ops.list_alerts(any_ws, monitor="other") == []
    assert ops.list_alerts(any_ws, after=alert.id) == []


def test_decisions_are_events_and_windows_are_not(ws: Workspace) -> None:
    make_monitor(ws)
    run(ws, range(5), shift=20.0)
    with ws.read() as conn:
        kinds = [event.kind for event in list_events(conn, ws.project, after=0, limit=100)]
    assert kinds == ["monitor.created", "alert.opened"]


def test_a_viewer_may_look_and_not_acknowledge(ws: Workspace) -> None:
    make_monitor(ws)
    (alert,) = run(ws, range(1), shift=20.0)
    viewer = ws.seen_by(Principal(name="eve", role="viewer"))
    assert ops.show_alert(viewer, alert.id) == alert
    with pytest.raises(PermissionDenied):
        ops.acknowledge_alert(viewer, alert.id)


def test_what_is_not_there_and_what_is_too_much_is_said(ws: Workspace) -> None:
    with pytest.raises(MonitorUnknown):
        ops.show_monitor(ws, "nobody")
    with pytest.raises(AlertUnknown):
        ops.show_alert(ws, "nothing")
    with pytest.raises(AlertUnknown):
        ops.acknowledge_alert(ws, "nothing")
    with pytest.raises(LimitInvalid):
        ops.list_alerts(ws, limit=0)
    assert START % DAY == 0
