"""Brings a database to this version's schema, and refuses one that a newer version has written."""

from pathlib import Path

import sqlalchemy as sa

from mainspring.kernel.errors import Failed
from mainspring.storage.database import Database

__all__ = ["HEAD", "SchemaNewer", "revision", "upgrade"]

_FOLDER = Path(__file__).parent / "migrations"
HEAD = max(file.stem.split("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))
"""The newest migration this version knows: four digits."""

_ADVISORY_LOCK = 0x6D61696E  # "main", so that two processes do not migrate one PostgreSQL database at once


class SchemaNewer(Failed):
    code = "schema.newer"
    template = "the workspace was written by a newer Mainspring (schema {found}, this version knows {known})"
    hint = "upgrade with: pip install --upgrade mainspring"


def revision(connection: sa.Connection) -> str:
    """The schema's revision, empty for a database without tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, in one transaction; raises SchemaNewer."""
    with database.read() as connection:
        found = revision(connection)
    if found == HEAD:
        return
    if found > HEAD:
        raise SchemaNewer(found=found, known=HEAD)
    # Alembic is imported only here: it costs as much to import as everything else together.
    from alembic import command
    from alembic.config import Config

    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
