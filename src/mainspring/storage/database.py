"""The database: SQLite (WAL) or PostgreSQL behind SQLAlchemy Core, with one writer's transaction at a time on SQLite."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mainspring.kernel import canonical
from mainspring.kernel.errors import Failed, Invalid, Unavailable, need

__all__ = [
    "Database",
    "DatabaseBusy",
    "DatabaseDamaged",
    "DatabaseUrlInvalid",
    "StructColumn",
    "insert_ignore",
    "metadata",
]

T = TypeVar("T")

metadata = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)
"""Every table of every capability."""

_BUSY_TIMEOUT_S = 30


class DatabaseUrlInvalid(Invalid):
    code = "database.url"
    template = "'{url}' is not a database Mainspring knows"
    hint = "use a folder for SQLite or postgresql://USER@HOST/NAME"


class DatabaseDamaged(Failed):
    code = "database.damaged"
    template = "the database cannot be read: {reason}"
    hint = "restore a backup into a new folder: mainspring restore FILE --to FOLDER"


class DatabaseBusy(Unavailable):
    code = "database.busy"
    template = "the database did not answer: {reason}"
    hint = "try again; see: mainspring doctor"


class StructColumn(sa.types.TypeDecorator[T], Generic[T]):
    """A column that holds a Struct, or any type msgspec knows, as canonical JSON text."""

    impl = sa.Text
    cache_ok = True

    # Any: a type form such as `list[Check]` is not a `type[T]` for mypy.
    def __init__(self, type: Any) -> None:
        super().__init__()
        self.type = type

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else canonical.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> T | None:
        return None if value is None else msgspec.json.decode(value, type=self.type)


class Database:
    """An engine and its two kinds of use: `read`, and `write`, which is what `ws.change` opens."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._writer = threading.RLock()

    @classmethod
    def open(cls, url: str | Path) -> "Database":
        """The database at a file's path (SQLite) or a postgresql:// URL; raises DatabaseUrlInvalid."""
        if isinstance(url, Path):
            return cls(_sqlite(url))
        if url.startswith(("postgresql://", "postgres://")):
            return cls(_postgresql(url))
        raise DatabaseUrlInvalid(url=url.partition("://")[0])

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite, where the injected clock is the time of leases."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection in one read transaction: everything read is of one moment."""
        try:
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except (sa.exc.DatabaseError, sa.exc.TimeoutError) as error:
            raise _meant(error) from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection in one write transaction: committed at the end of the block, rolled back by an exception."""
        try:
            with self._writer, self.engine.connect() as plain:
                connection = plain.execution_options(mainspring_write=True)
                with connection.begin():
                    yield connection
        except (sa.exc.DatabaseError, sa.exc.TimeoutError) as error:
            raise _meant(error) from error

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _meant(error: sa.exc.SQLAlchemyError) -> Exception:
    """What a database's own error means to the caller; one that is about a statement stays as it is."""
    if isinstance(error, sa.exc.OperationalError | sa.exc.TimeoutError):
        return DatabaseBusy(reason=_reason(error))
    # SQLite raises the plain class, and no subclass, for a file that is not a database or has been overwritten.
    return DatabaseDamaged(reason=_reason(error)) if type(error) is sa.exc.DatabaseError else error


def _reason(error: Exception) -> str:
    """The driver's own words, without SQLAlchemy's, which would show the statement and its values."""
    return str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]


def insert_ignore(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same key is there; whether it was inserted."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    # Without the option, psycopg's count of an INSERT is thrown away and reads -1.
    result = connection.execute(statement, execution_options={"preserve_rowcount": True})
    return result.rowcount > 0


def _sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": _BUSY_TIMEOUT_S, "isolation_level": None}
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that begins as a reader and then writes can fail at once with SQLITE_BUSY: take the lock first.
        write = connection.get_execution_options().get("mainspring_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: str) -> sa.Engine:
    need("psycopg", extra="postgres")
    parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    return sa.create_engine(parsed, isolation_level="READ COMMITTED", pool_pre_ping=True)
