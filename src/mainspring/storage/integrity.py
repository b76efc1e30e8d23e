"""Whether what is stored is whole: the database's own check, every event chain, and objects against their names."""

import random

import sqlalchemy as sa

from mainspring.domain.event import ChainReport
from mainspring.domain.object import Digest
from mainspring.storage import events
from mainspring.storage.database import Database
from mainspring.storage.objects import LocalObjects, ObjectDamaged

__all__ = ["check_database", "damaged_objects", "verify_chains"]


def check_database(database: Database) -> str:
    """What the database finds wrong with itself; empty for nothing. O(size) on SQLite, a round trip on PostgreSQL."""
    with database.read() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("SELECT 1"))
            return ""
        found = connection.execute(sa.text("PRAGMA integrity_check(5)")).scalars().all()
    return "" if found == ["ok"] else "; ".join(map(str, found))


def verify_chains(connection: sa.Connection) -> list[ChainReport]:
    """The verification of every project's chain; O(number of events)."""
    projects = connection.execute(sa.select(events.heads.c.project).order_by(events.heads.c.project)).scalars().all()
    return [events.verify(connection, project) for project in projects]


def damaged_objects(objects: LocalObjects, *, most: int | None, source: random.Random) -> tuple[int, list[Digest]]:
    """How many objects were read, and those whose bytes no longer fit their name; `most` draws a sample of so many."""
    names = objects.names()
    if most is not None and len(names) > most:
        names = source.sample(names, most)
    damaged = []
    for name in names:
        try:
            objects.verify(name)
        except ObjectDamaged:
            damaged.append(name)
    return len(names), damaged
