"""Windows close, mature and raise alerts, whatever order rows and labels come in."""

import msgspec
import polars as pl
import pytest
from monitored import DAY, START, day_of, feedback_of, make_monitor, make_reference, observe, run

from mainspring import monitoring
from mainspring.monitoring import ops
from mainspring.monitoring.errors import MonitorUnknown
from mainspring.workspace import Workspace

NOTHING = day_of(0, rows=0)
NO_LABELS = feedback_of(NOTHING)


def test_quiet_days_close_and_mature_without_an_alert(any_ws: Workspace) -> None:
    make_monitor(any_ws)
    assert run(any_ws, range(14)) == []
    status = ops.show_monitor(any_ws, "arrival-delay")
    assert [window.state for window in status.windows] == ["matured"] * 13 + ["closed"]
    assert status.windows_total == 14
    first = status.windows[0]
    assert (first.rows, first.labelled, first.version) == (60, 60, 1)
    assert first.error == pytest.approx(5.0, rel=0.01)
    assert first.limit is not None
    assert first.expected is not None
    assert first.expected < first.limit
    assert {test.days for test in status.windows[-1].tests} == {1, 7}
    assert status.columns == ("dep_delay", "carrier")


def test_moved_predictions_raise_one_alert_that_asks_for_retraining(ws: Workspace) -> None:
    """Given days that stay ten minutes later, then one alert of each kind opens, and later days add evidence to it."""
    make_monitor(ws)
    run(ws, range(7))
    opened = run(ws, range(7, 21), shift=10.0)
    assert sorted((alert.kind, alert.severity) for alert in opened) == [
        ("input_drift", "warning"),
        ("prediction_drift", "retrain"),
    ]
    standing = {alert.kind: alert for alert in ops.list_alerts(ws, state="open")}
    drifted = standing["prediction_drift"]
    assert drifted.windows > 3
    assert len(drifted.evidence) <= 10
    assert drifted.message.startswith("the predictions drifted: ")
    assert "dep_delay" in standing["input_drift"].message


def test_one_moved_day_warns_about_inputs_alone(ws: Workspace) -> None:
    make_monitor(ws)
    run(ws, range(10))
    assert [alert.kind for alert in run(ws, range(10, 11), carriers=("UA",))] == ["input_drift"]


def test_a_lasting_error_raises_an_alert_once_its_labels_matured(ws: Workspace) -> None:
    make_monitor(ws)
    run(ws, range(7))
    opened = run(ws, range(7, 20), error=7.5)
    assert [alert.kind for alert in opened] == ["error"]
    assert opened[0].severity == "retrain"
    assert "on held-out rows" in opened[0].message
    assert opened[0].opened_ms >= START + 9 * DAY


def test_an_alert_closes_after_seven_quiet_windows(ws: Workspace) -> None:
    make_monitor(ws)
    run(ws, range(10))
    run(ws, range(10, 11), carriers=("UA",))
    run(ws, range(11, 32))
    (alert,) = ops.list_alerts(ws)
    assert alert.state == "closed"
    assert alert.closed_because == "back within its limits for 7 windows"


def test_days_without_rows_are_no_data_and_keep_an_alert_open(ws: Workspace) -> None:
    make_monitor(ws)
    run(ws, range(10))
    run(ws, range(10, 11), carriers=("UA",))
    assert observe(ws, NOTHING, NO_LABELS, now_ms=START + 40 * DAY) == []
    status = ops.show_monitor(ws, "arrival-delay")
    empty = status.windows[-1]
    assert (empty.rows, empty.tests, empty.error) == (0, (), None)
    assert status.open_alerts == 1


def test_a_column_of_nulls_is_no_data_for_its_values(ws: Workspace) -> None:
    make_monitor(ws)
    rows = day_of(0).with_columns(pl.lit(None, dtype=pl.Float64).alias("dep_delay"))
    (alert,) = observe(ws, rows, feedback_of(rows), now_ms=START + DAY)
    assert alert.kind == "input_drift"
    of_column = {
        test.statistic for test in ops.show_monitor(ws, "arrival-delay").windows[0].tests if test.column == "dep_delay"
    }
    assert of_column == {"nulls"}


def test_unknown_categories_and_missing_columns_never_raise(ws: Workspace) -> None:
    make_monitor(ws)
    rows = day_of(0).with_columns(pl.lit("??").alias("carrier")).drop("dep_delay")
    (alert,) = observe(ws, rows, feedback_of(rows), now_ms=START + DAY)
    assert "1 more column" in alert.message


def test_labels_may_come_twice_out_of_order_and_for_unknown_predictions(ws: Workspace) -> None:
    make_monitor(ws)
    rows = day_of(0)
    labels = feedback_of(rows)
    wrong_first = labels.with_columns(pl.col("label") + 1000, pl.col("at_ms") - 1)
    unknown = pl.DataFrame({"prediction_id": ["nobody/0"], "label": [1e9], "at_ms": [START]})
    said = pl.concat([labels, wrong_first, unknown, labels.reverse()])
    observe(ws, pl.concat([rows, rows]), said, now_ms=START + 2 * DAY)
    (window, _) = ops.show_monitor(ws, "arrival-delay").windows
    assert (window.state, window.rows, window.labelled) == ("matured", 60, 60)
    assert window.error == pytest.approx(5.0, rel=0.02)


def test_a_label_that_comes_after_its_window_matured_changes_nothing(ws: Workspace) -> None:
    make_monitor(ws)
    rows = day_of(0)
    labels = feedback_of(rows)
    observe(ws, rows, labels.head(20), now_ms=START + 2 * DAY)
    before = ops.show_monitor(ws, "arrival-delay").windows[0]
    observe(ws, rows, labels, now_ms=START + 3 * DAY)
    after = ops.show_monitor(ws, "arrival-delay").windows[0]
    assert before == after
    assert after.labelled == 20


def test_nothing_is_needed_until_a_window_is_over(ws: Workspace) -> None:
    make_monitor(ws)
    assert monitoring.needed(ws, "arrival-delay", now_ms=START + DAY - 1) is None
    assert monitoring.needed(ws, "arrival-delay", now_ms=START + DAY) == (START, START + DAY)
    observe(ws, day_of(0), NO_LABELS, now_ms=START + DAY)
    assert monitoring.needed(ws, "arrival-delay", now_ms=START + DAY + 1) is None
    assert monitoring.needed(ws, "arrival-delay", now_ms=START + 2 * DAY) == (START, START + 2 * DAY)


def test_looking_twice_changes_nothing(ws: Workspace) -> None:
    make_monitor(ws)
    rows = pl.concat(day_of(day, shift=12.0) for day in range(9))
    first = observe(ws, rows, feedback_of(rows), now_ms=START + 9 * DAY)
    status, standing = ops.show_monitor(ws, "arrival-delay"), ops.list_alerts(ws)
    assert first
    assert observe(ws, rows, feedback_of(rows), now_ms=START + 9 * DAY) == []
    assert (ops.show_monitor(ws, "arrival-delay"), ops.list_alerts(ws)) == (status, standing)


def test_the_watched_version_counts_where_it_answered_in_shadow(ws: Workspace) -> None:
    make_monitor(ws)
    live = day_of(0, version=2)
    shadow = day_of(0, version=1, role="shadow").with_columns(
        pl.lit(None, dtype=pl.Float64).alias("dep_delay"), pl.lit(None, dtype=pl.String).alias("carrier")
    )
    observe(ws, pl.concat([live, shadow]), NO_LABELS, now_ms=START + DAY)
    (window,) = ops.show_monitor(ws, "arrival-delay").windows
    assert window.rows == 60
    assert not any(test.alarm for test in window.tests)


def test_a_new_champion_resolves_the_alerts_and_starts_over(ws: Workspace) -> None:
    monitor = make_monitor(ws)
    run(ws, range(7))
    run(ws, range(7, 16), shift=10.0)
    rebased = monitoring.rebase(
        ws, monitor.name, model="arrival-delay", version=2, reference=make_reference(2), since_ms=START + 16 * DAY
    )
    assert rebased.version == 2
    assert ops.list_alerts(ws, state="open") == []
    assert ops.list_alerts(ws)[0].closed_because == "version 2 of arrival-delay took over"
    again = monitoring.rebase(ws, monitor.name, model="arrival-delay", version=2, reference=make_reference(2))
    assert again == rebased
    assert run(ws, range(16, 26), version=2) == []
    windows = ops.show_monitor(ws, "arrival-delay").windows
    assert [window.version for window in windows] == [1] * 16 + [2] * 10
    # The last day of version 1 still matured, with its own labels.
    assert windows[15].state == "matured"
    assert {test.days for test in windows[20].tests if test.subject == "prediction"} == set()


def test_a_monitor_that_is_there_stays_as_it_is(ws: Workspace) -> None:
    first = make_monitor(ws)
    again = monitoring.ensure_monitor(
        ws, endpoint="arrival-delay", model="arrival-delay", version=9, reference=make_reference(2)
    )
    assert again == first
    assert first.false_alarms_a_year == 1.0


def test_windows_begin_with_the_first_whole_one(ws: Workspace) -> None:
    made = monitoring.ensure_monitor(
        ws, endpoint="other", model="m", version=1, reference=make_reference(), since_ms=START + 5 * 3_600_000
    )
    assert made.since_ms == START + DAY


def test_matured_until_is_the_end_of_the_last_window_with_all_labels(ws: Workspace) -> None:
    make_monitor(ws)
    assert monitoring.matured_until(ws, "arrival-delay", now_ms=START + 3 * DAY + 5) == START + 2 * DAY
    assert monitoring.matured_until(ws, "unwatched", now_ms=START + 3 * DAY) == START + 2 * DAY


def test_a_lost_lease_writes_nothing(ws: Workspace) -> None:
    make_monitor(ws)
    lease = ws.leases.acquire("controllers", owner="me", ttl_ms=1000)
    assert lease is not None
    stale = msgspec.structs.replace(lease, token=lease.token - 1)
    with pytest.raises(Exception, match="lease"):
        monitoring.observe(ws, "arrival-delay", day_of(0), NO_LABELS, now_ms=START + DAY, lease=stale)
    assert ops.show_monitor(ws, "arrival-delay").windows == ()


def test_an_unknown_monitor_is_named(ws: Workspace) -> None:
    with pytest.raises(MonitorUnknown, match="nobody"):
        monitoring.observe(ws, "nobody", NOTHING, NO_LABELS, now_ms=START)
