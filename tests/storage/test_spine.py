"""The contract of storage, on SQLite and on PostgreSQL."""

import pytest

from mainspring.kernel.clock import PlayedClock
from mainspring.storage import events
from mainspring.storage.database import DatabaseDamaged
from mainspring.storage.leases import LeaseLost
from mainspring.storage.objects import ObjectDamaged, ObjectUnknown
from mainspring.workspace import Workspace, WorkspaceDamaged, open_workspace


def test_events_are_numbered_in_commit_order_and_verify(any_ws: Workspace) -> None:
    for number in range(3):
        with any_ws.change() as tx:
            tx.event("thing.made", subject=f"thing@{number}", payload={"number": number})
    with any_ws.read() as connection:
        listed = events.list_events(connection, "default", after=0, limit=10)
        report = events.verify(connection, "default")
    assert [event.number for event in listed] == [1, 2, 3]
    assert [event.payload for event in listed] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert report.valid
    assert report.events == 3


def test_a_change_that_raises_leaves_no_event(any_ws: Workspace) -> None:
    def change_and_fail() -> None:
        with any_ws.change() as tx:
            tx.event("thing.made", subject="thing@1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    with any_ws.read() as connection:
        assert events.list_events(connection, "default", after=0, limit=10) == []


def test_a_changed_event_is_found_and_named(any_ws: Workspace) -> None:
    for number in range(3):
        with any_ws.change() as tx:
            tx.event("thing.made", subject=f"thing@{number}")
    with any_ws.db.write() as connection:
        connection.exec_driver_sql("UPDATE events SET subject = 'other' WHERE number = 2")
    with any_ws.read() as connection:
        report = events.verify(connection, "default")
    assert not report.valid
    assert report.broken_at == 2
    assert report.reason == "event 2 was changed"


def test_an_erased_payload_leaves_the_chain_valid(any_ws: Workspace) -> None:
    with any_ws.change() as tx:
        tx.event("person.added", subject="person@1", payload={"name": "Ada"})
    with any_ws.db.write() as connection:
        connection.exec_driver_sql("DELETE FROM event_payloads WHERE number = 1")
    with any_ws.read() as connection:
        assert events.verify(connection, "default").valid
        assert events.list_events(connection, "default", after=0, limit=1)[0].payload is None


def test_a_lease_has_one_holder_and_fences_the_old_one(ws: Workspace, clock: PlayedClock) -> None:
    first = ws.leases.acquire("monitor", owner="a", ttl_ms=1000)
    assert first is not None
    assert ws.leases.acquire("monitor", owner="b", ttl_ms=1000) is None
    clock.advance(1001)
    second = ws.leases.acquire("monitor", owner="b", ttl_ms=1000)
    assert second is not None
    assert second.token == first.token + 1
    with pytest.raises(LeaseLost), ws.change(lease=first):
        pass
    with ws.change(lease=second):
        pass


def test_a_lease_is_held_on_each_database(any_ws: Workspace) -> None:
    lease = any_ws.leases.acquire("monitor", owner="a", ttl_ms=60_000)
    assert lease is not None
    assert any_ws.leases.acquire("monitor", owner="b", ttl_ms=60_000) is None
    with any_ws.change(lease=lease):
        pass
    any_ws.leases.release(lease)
    assert any_ws.leases.acquire("monitor", owner="b", ttl_ms=60_000) is not None


def test_objects_are_found_by_what_they_hold(ws: Workspace) -> None:
    name = ws.objects.put_bytes(b"rows")
    assert ws.objects.put_bytes(b"rows") == name
    assert ws.objects.get_bytes(name) == b"rows"
    assert ws.objects.names() == [name]


def test_damaged_and_unknown_objects_are_named(ws: Workspace) -> None:
    name = ws.objects.put_bytes(b"rows")
    path = ws.objects.path(name)
    path.chmod(0o644)
    path.write_bytes(b"rowz")
    with pytest.raises(ObjectDamaged):
        ws.objects.get_bytes(name)
    path.unlink()
    with pytest.raises(ObjectUnknown):
        ws.objects.get_bytes(name)


def test_a_lost_or_damaged_database_is_told_and_not_made_anew(ws: Workspace) -> None:
    database = ws.folder / "mainspring.db"
    ws.close()
    database.write_bytes(b"no database " * 1000)
    with pytest.raises(DatabaseDamaged, match="file is not a database"):
        open_workspace(ws.folder)
    for path in ws.folder.glob("mainspring.db*"):
        path.unlink()
    with pytest.raises(WorkspaceDamaged, match="has lost its database"):
        open_workspace(ws.folder)


def test_one_change_holds_all_that_belongs_together(ws: Workspace) -> None:
    def nest() -> None:
        with ws.change(), ws.change():
            pass

    with pytest.raises(RuntimeError, match="a change is open in this thread already"):
        nest()
