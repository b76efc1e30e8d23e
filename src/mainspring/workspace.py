"""The composition root: settings become one Workspace that holds the database, the objects, the clock and who acts.

This is the embedded workspace, a folder; `api.client` has the remote one, a server's address. Ops take either.
"""

import copy
import fcntl
import getpass
import os
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from mainspring.access.permissions import allowed
from mainspring.domain.lease import Lease
from mainspring.domain.principal import Principal
from mainspring.kernel import canonical
from mainspring.kernel.clock import Clock, SystemClock
from mainspring.kernel.errors import Conflict, Failed, Invalid, NotFound, Unauthorised
from mainspring.kernel.hashing import digest_of
from mainspring.kernel.ids import Ids
from mainspring.kernel.names import check_name
from mainspring.kernel.op import Op, idempotency_key
from mainspring.storage import change, migrate
from mainspring.storage.database import Database
from mainspring.storage.leases import Leases
from mainspring.storage.objects import LocalObjects

__all__ = [
    "DEFAULT_FOLDER",
    "PermissionDenied",
    "Workspace",
    "WorkspaceDamaged",
    "WorkspaceHeld",
    "WorkspaceInvalid",
    "WorkspaceUnknown",
    "create_workspace",
    "open_workspace",
]

DEFAULT_FOLDER = Path(".mainspring")
_FORMAT = 1


class WorkspaceUnknown(NotFound):
    code = "workspace.unknown"
    template = "there is no workspace at '{folder}'"
    hint = "make one with: mainspring init NAME, or mainspring demo"


class WorkspaceInvalid(Invalid):
    code = "workspace.invalid"
    template = "'{folder}' cannot be a workspace: {reason}"
    hint = "name another folder with --workspace"


class WorkspaceDamaged(Failed):
    code = "workspace.damaged"
    template = "the workspace '{folder}' has lost its database: there is none, or it is empty"
    hint = "restore a backup into a new folder: mainspring restore FILE --to FOLDER"


class WorkspaceHeld(Conflict):
    code = "workspace.held"
    template = "the workspace '{folder}' is in use by {holder}"
    hint = "stop that process first, or use its address"


class PermissionDenied(Unauthorised):
    code = "permission.denied"
    template = "'{principal}' ({role}) may not do '{permission}' in project '{project}'"
    hint = "ask an owner for a token with that right; see: mainspring tokens create --help"


class _Marker(msgspec.Struct, frozen=True):
    """What `workspace.json` says: which format the folder has, and which database goes with it."""

    format: int
    id: str
    database: str = ""


class Workspace:
    """One database and one object store, seen by one principal in one project."""

    def __init__(
        self,
        *,
        folder: Path,
        database: Database,
        objects: LocalObjects,
        clock: Clock,
        source: random.Random,
        principal: Principal,
    ) -> None:
        self.folder = folder
        self.db = database
        self.objects = objects
        self.clock = clock
        self.random = source
        self.ids = Ids(clock, source)
        self.leases = Leases(database, clock)
        self.principal = principal
        self.project = "default"
        self._request: change.Request | None = None

    def seen_by(self, principal: Principal, *, project: str = "") -> "Workspace":
        """The same workspace for another principal or project."""
        view = copy.copy(self)
        view.principal = principal
        view.project = check_name(project) if project else self.project
        view._request = None
        return view

    def in_project(self, project: str) -> "Workspace":
        """The same workspace in another project."""
        return self.seen_by(self.principal, project=project)

    def require(self, permission: str) -> None:
        """Raise PermissionDenied unless the principal has `permission` in this project."""
        if not self.may(permission):
            raise PermissionDenied(
                principal=self.principal.name, role=self.principal.role, permission=permission, project=self.project
            )

    def may(self, permission: str) -> bool:
        """Whether the principal has `permission` in this project."""
        return allowed(self.principal, permission, self.project)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read transaction: everything read is of one moment."""
        with self.db.read() as connection:
            yield connection

    @contextmanager
    def change(self, *, lease: Lease | None = None) -> Iterator[change.Change]:
        """One short write transaction with its events; prepare files, processes and network before it."""
        with change.change(
            self.db, self.clock, project=self.project, principal=self.principal.name, lease=lease, request=self._request
        ) as tx:
            yield tx

    # Any: the op's own types; `kernel.op` binds them.
    def perform(self, op: Op, arguments: Mapping[str, Any]) -> Any:
        """Run an op here: permission first, then an answer kept under the caller's idempotency key, then the function."""
        self.require(op.allow)
        op.check(arguments)
        key = idempotency_key()
        if self._request is not None:
            # An op within an op: its answer is not the one that the caller's key stands for.
            return op.function(self._without_request(), **arguments)
        if not (key and op.mutates):
            return op.function(self, **arguments)
        view = copy.copy(self)
        view._request = change.Request(
            principal=self.principal.name,
            key=key,
            digest=digest_of([op.name, self.project, canonical.dumps(dict(arguments))]),
        )
        with self.read() as connection:
            kept = change.find_answer(connection, view._request, now_ms=self.clock.now_ms())
        if kept is None:
            try:
                answer = op.function(view, **arguments)
                if not view._request.kept:
                    # An op made of other ops: its own answer is kept last, when all of them are done.
                    with view.change() as tx:
                        tx.reply(answer)
                return answer
            except change.Answered as answered:
                kept = answered.answer
        return canonical.loads(kept, type=op.result)

    def _without_request(self) -> "Workspace":
        view = copy.copy(self)
        view._request = None
        return view

    @contextmanager
    def hold(self, purpose: str) -> Iterator[None]:
        """An exclusive lock of the folder for `purpose`; raises WorkspaceHeld naming the process that has it."""
        path = self.folder / "lock"
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise WorkspaceHeld(folder=self.folder, holder=file.read().strip() or "another process") from error
            file.truncate(0)
            file.write(f"{purpose} (process {os.getpid()})\n")
            file.flush()
            yield
            file.truncate(0)

    def close(self) -> None:
        """Give the database's connections back."""
        self.db.close()


def create_workspace(
    folder: Path = DEFAULT_FOLDER, *, clock: Clock | None = None, database: str = "", seed: int | None = None
) -> Workspace:
    """The workspace in `folder`, made if it is not there; `database` is a postgresql:// URL, empty for SQLite in the folder."""
    marker = folder / "workspace.json"
    if not marker.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            left = {path.name for path in folder.iterdir()} if folder.is_dir() else {"a file"}
            if not left <= {
                "demo",
                "workspace.json.new",
                "mainspring.db",
                "mainspring.db-wal",
                "mainspring.db-shm",
                "objects",
                "lock",
            }:
                raise WorkspaceInvalid(folder=folder, reason="it is not empty and holds no workspace")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = _Marker(
            format=_FORMAT, id=secrets.token_hex(16), database=database or os.environ.get("MAINSPRING_DATABASE", "")
        )
        # The database first: from the moment the marker is there, a workspace without tables is one that has lost them.
        made = Database.open(content.database or folder.resolve() / "mainspring.db")
        migrate.upgrade(made)
        made.close()
        temporary = marker.with_name("workspace.json.new")
        temporary.write_bytes(canonical.dumps(content) + b"\n")
        temporary.rename(marker)
    return _open(folder, clock=clock, seed=seed, principal=None)


def open_workspace(folder: Path = DEFAULT_FOLDER, *, project: str = "", clock: Clock | None = None) -> Workspace:
    """The workspace in `folder`; raises WorkspaceUnknown where there is none."""
    if not (folder / "workspace.json").is_file():
        raise WorkspaceUnknown(folder=folder)
    ws = _open(folder, clock=clock, seed=None, principal=None)
    return ws.in_project(project) if project else ws


def _open(folder: Path, *, clock: Clock | None, seed: int | None, principal: Principal | None) -> Workspace:
    try:
        marker = canonical.loads((folder / "workspace.json").read_bytes(), type=_Marker)
    except (msgspec.MsgspecError, OSError) as error:
        raise WorkspaceInvalid(folder=folder, reason=f"workspace.json cannot be read ({error})") from error
    if marker.format > _FORMAT:
        raise WorkspaceInvalid(folder=folder, reason=f"it has format {marker.format}, this version knows {_FORMAT}")
    folder = folder.resolve()
    database = Database.open(marker.database or folder / "mainspring.db")
    with database.read() as connection:
        empty = not migrate.revision(connection)
    if empty:
        database.close()
        raise WorkspaceDamaged(folder=folder)
    migrate.upgrade(database)
    return Workspace(
        folder=folder,
        database=database,
        objects=LocalObjects(folder / "objects"),
        clock=clock or SystemClock(),
        source=random.Random(seed) if seed is not None else random.SystemRandom(),
        principal=principal or Principal(name=_os_user(), role="owner"),
    )


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
