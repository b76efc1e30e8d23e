"""The durable side of a run: each change of its rows is one short transaction, fenced by the runner's lease."""

import time
from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.lease import Lease
from mainspring.domain.pipeline import Node
from mainspring.domain.run import Run, RunFailure, RunStatus
from mainspring.pipelines import tables
from mainspring.pipelines.errors import RunTaken
from mainspring.pipelines.key import state_of
from mainspring.pipelines.tables import Cached
from mainspring.storage.leases import LeaseLost
from mainspring.tracking import tables as tracking
from mainspring.tracking.lost import lease_name, owner_of_this_process

if TYPE_CHECKING:
    from mainspring.storage.change import Change
    from mainspring.workspace import Workspace

__all__ = ["Commit", "Ledger"]

_TTL_MS = 60_000
_BEAT_S = 20.0
_MAX_OPEN = 10_000


class Commit:
    """What one change writes: a step that ended with its result for the cache, steps taken over, steps started."""

    def __init__(
        self, *, ended: Run | None = None, result: Cached | None = None, leak: str = "", cached: list[Run] | None = None
    ) -> None:
        self.ended = ended
        self.result = result
        self.leak = leak
        self.cached = cached or []
        self.started: list[tuple[Node, Run]] = []


class Ledger:
    """The rows of one pipeline run and of its steps."""

    def __init__(self, ws: "Workspace", run: Run, *, environment: dict[str, str]) -> None:
        self._ws = ws
        tags = {f"environment.{name}": version for name, version in environment.items() if version}
        self.run = msgspec.structs.replace(run, tags=tags)
        self.ended = False
        self._owner = owner_of_this_process()
        self._recorded = False
        self._lease: Lease | None = None
        self._beaten = 0.0

    def hold(self) -> None:
        """Take the run's lease, or renew it; raises RunTaken when somebody else has it."""
        lease = self._ws.leases.acquire(lease_name(self.run.id), owner=self._owner, ttl_ms=_TTL_MS)
        if lease is None:
            raise RunTaken(run=self.run.id)
        self._lease = lease
        self._beaten = time.monotonic()

    def beat(self) -> None:
        """Renew the lease where a third of its time has gone, by this machine's time or by the workspace's clock."""
        if self._lease is None:
            return
        late = self._ws.clock.now_ms() > self._lease.expires_ms - _TTL_MS // 2
        if late or time.monotonic() - self._beaten > _BEAT_S:
            self.hold()

    def release(self) -> None:
        """Give the lease back."""
        if self._lease is not None:
            self._ws.leases.release(self._lease)
            self._lease = None

    def write(self, commit: Commit, *, ending: Run | None = None) -> None:
        """Write a commit, and with `ending` the end of the run; raises RunTaken when the run was marked as lost."""
        self.beat()
        metrics = dict(self.run.metrics)
        for run in [*commit.cached, *([commit.ended] if commit.ended else [])]:
            metrics.update(run.metrics)
        failure = self.run.failure or (commit.ended.failure if commit.ended else None)
        self.run = msgspec.structs.replace(self.run, metrics=metrics, failure=failure)
        final = msgspec.structs.replace(ending, metrics=metrics, failure=failure) if ending else None
        try:
            with self._ws.change(lease=self._lease) as tx:
                self._write(tx, commit, final)
        except LeaseLost as error:
            raise RunTaken(run=self.run.id) from error
        self._recorded = True
        if final is not None:
            self.run, self.ended = final, True

    def fail(self, failure: RunFailure) -> None:
        """The run has failed for a reason that is no step's own."""
        self.run = msgspec.structs.replace(self.run, failure=failure)

    def close_open(self, status: RunStatus, *, failure: RunFailure | None = None) -> None:
        """End the run and its open steps another way than by finishing."""
        if not self._recorded or self.ended:
            return
        now = self._ws.clock.now_ms()
        with self._ws.change() as tx:
            filters = {"parent": self.run.id, "status": "running"}
            steps = tracking.select_runs(tx.conn, self._ws.project, filters=filters, limit=_MAX_OPEN)
            final = msgspec.structs.replace(self.run, status=status, ended_ms=now, failure=failure)
            for run in steps:
                tracking.end_run(tx.conn, msgspec.structs.replace(run, status=status, ended_ms=now, failure=failure))
            if tracking.end_run(tx.conn, final):
                tx.event("run.finished", subject=f"run/{self.run.id}", payload=final)
        self.run, self.ended = final, True

    def _write(self, tx: "Change", commit: Commit, final: Run | None) -> None:
        project, subject = self._ws.project, f"run/{self.run.id}"
        if not self._recorded:
            tracking.insert_runs(tx.conn, project, [final or self.run], owner=self._owner)
            if final is None:
                tx.event("run.started", subject=subject, payload=self.run)
        if commit.ended is not None:
            if not tracking.end_run(tx.conn, commit.ended):
                raise RunTaken(run=self.run.id)
            if commit.leak:
                tracking.add_tags(tx.conn, commit.ended.id, {"not_cached": commit.leak})
        if commit.result is not None:
            tables.add(tx.conn, project, commit.result, state=state_of(commit.result.dependencies))
        started = [run for _, run in commit.started]
        tracking.insert_runs(tx.conn, project, [*commit.cached, *started], owner=self._owner)
        if final is not None:
            if self._recorded and not tracking.end_run(tx.conn, final):
                raise RunTaken(run=self.run.id)
            tx.event("run.finished", subject=subject, payload=final)
