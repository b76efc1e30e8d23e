"""Writes the first migration from the tables the capabilities declare; for use until the first release only."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

import mainspring
from mainspring.storage.database import metadata

TARGET = Path(__file__).parents[1] / "src/mainspring/storage/migrations/versions/0001_first.py"
HEAD = '''"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
'''


def main() -> None:
    """Import every module that declares tables, then render their creation."""
    for module in pkgutil.walk_packages(mainspring.__path__, "mainspring."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        script = produce_migrations(context, metadata)
    assert script.upgrade_ops is not None
    body = render_python_code(script.upgrade_ops, sqlalchemy_module_prefix="sa.", alembic_module_prefix="op.")
    body = body.replace("mainspring.storage.database.StructColumn", "sa.Text")
    lines = [line for line in body.splitlines() if "commands auto generated" not in line and "end Alembic" not in line]
    text = re.sub(r"sa\.Text\((?:type=)?[^)\n]+\)", "sa.Text()", "\n".join(lines))
    TARGET.write_text(HEAD + text + "\n")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)
    print(f"{TARGET.name}: {len(metadata.tables)} tables")


if __name__ == "__main__":
    main()
