"""The event chain: appended last in the transaction of the change it records, verified from the first event on.

Each event's hash covers the one before it and a salted digest of its payload. The payload and its salt lie in a side
table that erasure may empty; the chain still verifies then.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from mainspring.domain.event import ChainReport, Event
from mainspring.kernel import canonical
from mainspring.kernel.hashing import digest, digest_of
from mainspring.storage.database import insert_ignore, metadata

__all__ = ["GENESIS", "Pending", "append", "list_events", "verify"]

GENESIS = "0" * 64
_FORMAT = 1
_PAGE = 5_000

heads = sa.Table(
    "event_heads",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)
events = sa.Table(
    "events",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("payload_digest", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Index("ix_events_project_subject", "project", "subject"),
)
payloads = sa.Table(
    "event_payloads",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
)


class Pending(msgspec.Struct, frozen=True):
    """An event that waits for the end of its transaction."""

    kind: str
    subject: str
    payload: bytes


def append(connection: sa.Connection, project: str, pending: Sequence[Pending], *, principal: str, at_ms: int) -> None:
    """Write `pending` as the next events of the project and move its head; call it last in the transaction."""
    insert_ignore(connection, heads, {"project": project, "number": 0, "hash": GENESIS})
    head = connection.execute(
        sa.select(heads.c.number, heads.c.hash).where(heads.c.project == project).with_for_update()
    ).one()
    number, previous = head.number, head.hash
    rows, sides = [], []
    for event in pending:
        number += 1
        salt = secrets.token_hex(16)
        row: dict[str, Any] = {
            "project": project,
            "number": number,
            "kind": event.kind,
            "subject": event.subject,
            "principal": principal,
            "at_ms": at_ms,
            "payload_digest": _payload_digest(salt, event.payload),
            "previous": previous,
            "format": _FORMAT,
        }
        row["hash"] = previous = digest_of(row)
        rows.append(row)
        sides.append({"project": project, "number": number, "salt": salt, "payload": event.payload.decode()})
    connection.execute(sa.insert(events), rows)
    connection.execute(sa.insert(payloads), sides)
    connection.execute(sa.update(heads).where(heads.c.project == project).values(number=number, hash=previous))


def list_events(
    connection: sa.Connection, project: str, *, after: int, limit: int, subject: str = "", newest: bool = False
) -> list[Event]:
    """Events with a number above `after`, oldest first; `newest` turns the order and reads below `after` (0: from the head)."""
    query = sa.select(events, payloads.c.payload).join(
        payloads, (payloads.c.project == events.c.project) & (payloads.c.number == events.c.number), isouter=True
    )
    query = query.where(events.c.project == project)
    if subject:
        query = query.where(events.c.subject == subject)
    if newest:
        query = query.where(events.c.number < after) if after else query
        query = query.order_by(events.c.number.desc())
    else:
        query = query.where(events.c.number > after).order_by(events.c.number)
    return [_event(row) for row in connection.execute(query.limit(limit))]


def verify(connection: sa.Connection, project: str) -> ChainReport:
    """Walk the whole chain of a project and say where it first does not fit; O(number of events), constant memory."""
    head = connection.execute(sa.select(heads).where(heads.c.project == project)).one_or_none()
    count, previous = 0, GENESIS
    while page := connection.execute(
        sa.select(events, payloads.c.salt, payloads.c.payload)
        .join(payloads, (payloads.c.project == events.c.project) & (payloads.c.number == events.c.number), isouter=True)
        .where(events.c.project == project, events.c.number > count)
        .order_by(events.c.number)
        .limit(_PAGE)
    ).all():
        for row in page:
            reason = _fault(row, number=count + 1, previous=previous)
            if reason:
                return ChainReport(project, count, previous, False, broken_at=count + 1, reason=reason)
            count, previous = row.number, row.hash
    expected = (head.number, head.hash) if head else (0, GENESIS)
    if (count, previous) != expected:
        return ChainReport(
            project, count, previous, False, broken_at=count + 1, reason=f"the head says {expected[0]} events"
        )
    return ChainReport(project, count, previous, True)


def _fault(row: Any, *, number: int, previous: str) -> str:
    if row.number != number:
        return f"event {number} is missing"
    if row.previous != previous:
        return f"event {number} does not follow the one before it"
    names = ("project", "number", "kind", "subject", "principal", "at_ms", "payload_digest", "previous", "format")
    if digest_of({name: getattr(row, name) for name in names}) != row.hash:
        return f"event {number} was changed"
    if row.payload is not None and _payload_digest(row.salt, row.payload.encode()) != row.payload_digest:
        return f"the payload of event {number} was changed"
    return ""


def _payload_digest(salt: str, payload: bytes) -> str:
    return digest(bytes.fromhex(salt) + payload)


def _event(row: Any) -> Event:
    names = (
        "project",
        "number",
        "kind",
        "subject",
        "principal",
        "at_ms",
        "payload_digest",
        "previous",
        "hash",
        "format",
    )
    payload = None if row.payload is None else canonical.loads(row.payload)
    return Event(**{name: getattr(row, name) for name in names}, payload=payload)
