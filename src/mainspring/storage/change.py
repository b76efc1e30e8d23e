"""A change: rows, their events and the answer under the caller's idempotency key, all in one short transaction."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from mainspring.domain.lease import Lease
from mainspring.kernel import canonical, fault
from mainspring.kernel.clock import Clock
from mainspring.kernel.errors import Conflict
from mainspring.storage import leases
from mainspring.storage.database import Database, insert_ignore, metadata
from mainspring.storage.events import Pending, append

__all__ = ["Answered", "Change", "KeyReused", "Request", "change", "find_answer", "in_change"]

R = TypeVar("R")

ANSWERS_KEPT_MS = 24 * 3_600_000
_SLOW_CPU_S = 0.1
_open = threading.local()
_log = logging.getLogger("mainspring.storage")

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
)


class KeyReused(Conflict):
    code = "request.key_reused"
    template = "the idempotency key '{key}' was used for another request"
    hint = "use a new key for each request, and the same key only to send the same request again"


class Request:
    """The call a change belongs to: who asks, under which key, for what (a digest of op and arguments)."""

    def __init__(self, *, principal: str, key: str, digest: str) -> None:
        self.principal = principal
        self.key = key
        self.digest = digest
        self.kept = False
        """Whether a change has kept its answer."""


class Answered(Exception):
    """The request was answered by an earlier call; carries that answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer


class Change:
    """An open change: write rows through `conn`, record decisions with `event`, keep the answer with `reply`."""

    def __init__(self, conn: sa.Connection) -> None:
        self.conn = conn
        self.events: list[Pending] = []
        self.answer: bytes | None = None

    # Any: the payload is the full state after the change, of whatever Struct that is.
    def event(self, kind: str, *, subject: str, payload: Any = None) -> None:
        """Record a decision: `kind` is `<noun>.<past verb>`, `subject` a reference, `payload` the state after the change."""
        self.events.append(Pending(kind=kind, subject=subject, payload=canonical.dumps(payload)))

    def reply(self, result: R) -> R:
        """`result` unchanged; it becomes the answer to the same request under the same idempotency key for 24 h."""
        self.answer = canonical.dumps(result)
        return result


@contextmanager
def change(
    database: Database,
    clock: Clock,
    *,
    project: str,
    principal: str,
    lease: Lease | None = None,
    request: Request | None = None,
) -> Iterator[Change]:
    """One short transaction; raises LeaseLost, or Answered when the request was answered while this call was preparing."""
    if in_change():
        raise RuntimeError("a change is open in this thread already; one change holds all that belongs together")
    with database.write() as connection:
        started = time.thread_time()
        _open.depth = getattr(_open, "depth", 0) + 1
        try:
            if lease is not None:
                leases.check(connection, lease, clock)
            if request is not None and (answer := find_answer(connection, request, now_ms=clock.now_ms())) is not None:
                raise Answered(answer)
            tx = Change(connection)
            yield tx
            if request is not None and tx.answer is not None:
                _keep_answer(connection, request, tx.answer, now_ms=clock.now_ms())
            if tx.events:
                append(connection, project, tx.events, principal=principal, at_ms=clock.now_ms())
        finally:
            _open.depth -= 1
        fault.point("change.commit.before_commit")
    fault.point("change.commit.after_commit")
    spent = time.thread_time() - started
    if spent > _SLOW_CPU_S:
        kinds = sorted({event.kind for event in tx.events})
        _log.info("a change of %s computed for %.0f ms inside its transaction; prepare outside", kinds, spent * 1000)


def in_change() -> bool:
    """Whether this thread has a change open; file and network work is refused then."""
    return bool(getattr(_open, "depth", 0))


def find_answer(connection: sa.Connection, request: Request, *, now_ms: int) -> str | None:
    """The answer kept for this request, or None; raises KeyReused when the key belongs to another request."""
    row = connection.execute(
        sa.select(answers).where(
            answers.c.principal == request.principal,
            answers.c.key == request.key,
            answers.c.at_ms > now_ms - ANSWERS_KEPT_MS,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request != request.digest:
        raise KeyReused(key=request.key)
    return str(row.answer)


def _keep_answer(connection: sa.Connection, request: Request, answer: bytes, *, now_ms: int) -> None:
    connection.execute(sa.delete(answers).where(answers.c.at_ms <= now_ms - ANSWERS_KEPT_MS))
    values = {
        "principal": request.principal,
        "key": request.key,
        "request": request.digest,
        "answer": answer.decode(),
        "at_ms": now_ms,
    }
    if not insert_ignore(connection, answers, values):
        raise KeyReused(key=request.key)
    request.kept = True
