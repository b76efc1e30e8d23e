"""Leases: one holder at a time, fenced by a token that is checked in the transaction that uses it.

The database's clock decides on PostgreSQL, where holders run on several machines; the injected clock when embedded.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from mainspring.domain.lease import Lease
from mainspring.kernel.clock import Clock
from mainspring.kernel.errors import Conflict, Unavailable
from mainspring.storage.database import Database, insert_ignore, metadata

__all__ = ["LeaseLost", "Leases", "check"]

_log = logging.getLogger("mainspring.storage")

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
)


class LeaseLost(Conflict):
    code = "lease.lost"
    template = "the lease '{name}' has passed to another holder"
    hint = "another process took over after this one was silent too long; nothing was written, run it again"


class Leases:
    """The leases of a workspace."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def acquire(self, name: str, *, owner: str, ttl_ms: int) -> Lease | None:
        """The lease on `name` for `ttl_ms`, or None while another owner holds it; its own owner renews it, token kept."""
        with self._database.write() as connection:
            insert_ignore(connection, leases, {"name": name, "owner": "", "token": 0, "expires_ms": 0})
            now = now_ms(connection, self._clock)
            row = connection.execute(sa.select(leases).where(leases.c.name == name).with_for_update()).one()
            held = row.expires_ms > now
            if held and row.owner != owner:
                return None
            token = row.token if held else row.token + 1
            connection.execute(
                sa.update(leases).where(leases.c.name == name).values(owner=owner, token=token, expires_ms=now + ttl_ms)
            )
        return Lease(name=name, owner=owner, token=token, expires_ms=now + ttl_ms)

    @contextmanager
    def held(self, name: str, *, owner: str, ttl_ms: int) -> Iterator[Lease | None]:
        """The lease for the length of the block, renewed by a thread while it lasts; None where another holds it.

        It is left to run out rather than released: its owner, who comes back soon, gets it with the same token.
        """
        lease = self.acquire(name, owner=owner, ttl_ms=ttl_ms)
        if lease is None:
            yield None
            return
        over = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(lease, ttl_ms, over), daemon=True, name=f"lease {name}")
        renewing.start()
        try:
            yield lease
        finally:
            over.set()
            renewing.join()

    def _renew(self, lease: Lease, ttl_ms: int, over: threading.Event) -> None:
        while not over.wait(ttl_ms / 3000):
            try:
                if self.acquire(lease.name, owner=lease.owner, ttl_ms=ttl_ms) is None:
                    return
            except Unavailable as error:
                _log.warning("the lease '%s' could not be renewed: %s", lease.name, error)

    def release(self, lease: Lease) -> None:
        """End the claim at once, if it is still this one."""
        with self._database.write() as connection:
            mine = (leases.c.name == lease.name) & (leases.c.token == lease.token)
            connection.execute(sa.update(leases).where(mine).values(expires_ms=0))


def check(connection: sa.Connection, lease: Lease, clock: Clock) -> None:
    """Raise LeaseLost unless `lease` is the current claim and has not run out; holds its row to the end of the transaction."""
    row = connection.execute(sa.select(leases).where(leases.c.name == lease.name).with_for_update()).one_or_none()
    if row is None or row.token != lease.token or row.expires_ms <= now_ms(connection, clock):
        raise LeaseLost(name=lease.name)


def now_ms(connection: sa.Connection, clock: Clock) -> int:
    """The time that leases are judged by."""
    if connection.dialect.name == "sqlite":
        return clock.now_ms()
    seconds = connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    return int(seconds * 1000)
