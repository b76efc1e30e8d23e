"""Running a pipeline: steps start as their sources are there, two at a time, and each is committed as it ends.

What a step made becomes durable before the database says so; a kill at any moment therefore loses at most the steps that
were running, and running again takes the finished ones from the cache.
"""

import selectors
import signal
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mainspring.domain.artifact import Artifact
from mainspring.domain.package import Provenance
from mainspring.domain.pipeline import Node
from mainspring.domain.run import Run, RunFailure
from mainspring.kernel import fault
from mainspring.kernel.errors import MainspringError
from mainspring.pipelines.commit import Commit, Ledger
from mainspring.pipelines.errors import RunFailed, RunnerStopped
from mainspring.pipelines.failure import died, report
from mainspring.pipelines.key import declared_by
from mainspring.pipelines.protocol import Done, Given, Load, Loaded, Work
from mainspring.pipelines.schedule import Schedule
from mainspring.pipelines.snapshot import Sources, materialise
from mainspring.pipelines.tables import Cached
from mainspring.pipelines.values import adopt, checkout
from mainspring.pipelines.worker import Worker

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Prepared", "Runner", "prepare"]

_PLACES = 2
_GRACE_S = 2.0
_BEAT_S = 5.0


class Prepared(NamedTuple):
    """A worker that has imported the project, and how that went."""

    worker: Worker
    loaded: Loaded


class Runner:
    """One execution of a graph. `root` is the project's folder where there is one, for naming files to the user."""

    def __init__(
        self,
        ws: "Workspace",
        schedule: Schedule,
        run: Run,
        *,
        scratch: Path,
        root: Path | None,
        prepared: Prepared | None = None,
    ) -> None:
        self._ws = ws
        self._schedule = schedule
        self._scratch = scratch
        self._root = root
        self._ledger = Ledger(ws, run, environment=schedule.environment)
        self._prepared = prepared
        self._singles: dict[str, Worker] = {}
        self._running: dict[str, tuple[Node, Run]] = {}
        self._selector = selectors.DefaultSelector()
        self._kills = _out_of_memory_kills()

    def run(self) -> Run:
        """Run to the end and return the finished run; raises RunFailed, RunTaken, RunnerStopped, KeyboardInterrupt."""
        try:
            self._open()
            while not self._ledger.ended:
                self._wait()
        except KeyboardInterrupt:
            self._cancel()
            raise
        except (MainspringError, OSError) as error:
            self._ledger.close_open("failed", failure=RunFailure(kind="exited", type="", message=str(error)))
            raise
        finally:
            self._close()
        if self._ledger.run.failure is not None:
            text = report(self._ledger.run.failure, root=self._root)
            raise RunFailed(run=self._ledger.run.id, report=text)
        return self._ledger.run

    def _open(self) -> None:
        """Record the run with all that the cache gives; a run that it gives wholly is one change and starts no process."""
        commit = Commit(cached=self._schedule.take_cached(self._ledger.run))
        if self._schedule.is_over():
            self._ledger.write(commit, ending=self._ending())
            return
        self._ledger.hold()
        self._ledger.write(commit)
        self._prepared = self._prepared or self._prepare()
        self._selector.register(self._prepared.worker, selectors.EVENT_READ, self._prepared.worker)
        if self._prepared.loaded.failure is not None:
            self._ledger.fail(self._prepared.loaded.failure)
            self._ledger.write(Commit(), ending=self._ending())
            return
        self._write(Commit())

    def _write(self, commit: Commit) -> None:
        """Write a commit with what it lets start, and the end of the run where nothing is left; then start processes."""
        commit.started = self._next()
        self._ledger.write(commit, ending=self._ending() if self._schedule.is_over() else None)
        for node, run in commit.started:
            self._launch(node, run)

    def _prepare(self, *, once: bool = False) -> Prepared:
        graph = self._schedule.graph
        return prepare(
            self._ws,
            self._schedule.sources,
            pipeline=graph.pipeline,
            threads=graph.threads,
            declared=declared_by(graph),
            scratch=self._scratch,
            once=once,
        )

    def _next(self) -> list[tuple[Node, Run]]:
        """Start what there is a place for: rows first, processes once those are written."""
        if self._schedule.has_failed():
            return []
        nodes = self._schedule.ready(limit=_PLACES - len(self._running))
        for node in nodes:
            self._schedule.start(node)
            self._running[node.name] = (node, self._schedule.step_run(node, self._ledger.run))
        return [self._running[node.name] for node in nodes]

    def _launch(self, node: Node, run: Run) -> None:
        staging = self._scratch / "staging" / run.id
        staging.mkdir(parents=True)
        order = Work(
            id=node.name,
            function=node.function,
            inputs={name: self._given(item) for name, item in self._schedule.given(node).items()},
            params=node.params,
            staging=str(staging),
            log=str(staging.with_suffix(".log")),
            seed=self._schedule.graph.seed,
            imported=self._schedule.identity(node).imported,
            provenance=self._provenance(),
        )
        assert self._prepared is not None
        worker = self._prepared.worker
        if self._prepared.loaded.threads:
            # A child forked beside a foreign thread may hang on a lock it held: this step gets a process of its own.
            worker = self._prepare(once=True).worker
            self._singles[node.name] = worker
            self._selector.register(worker, selectors.EVENT_READ, worker)
        worker.send(order)

    def _provenance(self) -> Provenance:
        """What a model made in this run was made from: the same whenever the same run is made again."""
        run = self._ledger.run
        references = sorted(ref.reference for ref in run.inputs.values() if ref.reference)
        return Provenance(snapshot=run.snapshot, datasets=tuple(references), params=run.params)

    def _given(self, item: Given | Artifact) -> Given:
        if isinstance(item, Given):
            return item
        path = checkout(self._ws.objects, kind=item.kind, digest=item.digest, scratch=self._scratch / "trees")
        return Given(kind=item.kind, paths=(str(path),))

    def _wait(self) -> None:
        self._ledger.beat()
        for key, _ in self._selector.select(_BEAT_S):
            worker: Worker = key.data
            try:
                messages = worker.receive()
            except RunnerStopped:
                if worker not in self._singles.values():
                    raise
                messages = [worker.ended()] if worker.work in self._running else []
            for message in messages:
                if isinstance(message, Done):
                    self._end(message)

    def _end(self, done: Done) -> None:
        """Commit a step that ended, with whatever the cache then gives and what is started next."""
        node, run = self._running.pop(done.id)
        if (single := self._singles.pop(done.id, None)) is not None:
            self._selector.unregister(single)
            single.close()
        commit = self._made(node, run, done)
        commit.cached = self._schedule.take_cached(self._ledger.run)
        fault.point("step.commit.before_database")
        self._write(commit)
        fault.point("step.commit.after_database")

    def _made(self, node: Node, run: Run, done: Done) -> Commit:
        """The step's outputs in the object store, or its failure."""
        staging = self._scratch / "staging" / run.id
        now = self._ws.clock.now_ms()
        failure = done.report.failure if done.report else self._death(node, done)
        fault.point("step.commit.before_objects")
        logs = self._log(staging.with_suffix(".log"))
        if failure is not None or done.report is None:
            self._schedule.fail(node)
            failed = msgspec.structs.replace(run, status="failed", ended_ms=now, failure=failure, artifacts=logs)
            return Commit(ended=failed)
        outputs = tuple(
            adopt(self._ws.objects, staging / made.name, name=made.name, kind=made.kind) for made in done.report.outputs
        )
        fault.point("step.commit.after_objects")
        self._schedule.finish(node, outputs)
        ended = msgspec.structs.replace(
            run, status="succeeded", ended_ms=now, artifacts=outputs + logs, metrics=done.report.metrics
        )
        if done.report.leaks or not node.cached:
            return Commit(ended=ended, leak=", ".join(done.report.leaks[:3]))
        cached = Cached(
            key=run.cache_key,
            dependencies=self._schedule.recorded.dependencies(done.report.uses),
            artifacts=outputs,
            metrics=done.report.metrics,
            run=run.id,
            snapshot=run.snapshot,
        )
        return Commit(ended=ended, result=cached)

    def _log(self, path: Path) -> tuple[Artifact, ...]:
        if not path.exists() or not path.stat().st_size:
            return ()
        return (adopt(self._ws.objects, path, name="log.txt", kind="log"),)

    def _death(self, node: Node, done: Done) -> RunFailure:
        kills = _out_of_memory_kills()
        out_of_memory = done.signal == signal.SIGKILL and kills > self._kills
        self._kills = kills
        return died(step=node.name, exit_code=done.exit_code, killed_by=done.signal, out_of_memory=out_of_memory)

    def _ending(self) -> Run:
        return msgspec.structs.replace(
            self._ledger.run,
            status="failed" if self._schedule.has_failed() or self._ledger.run.failure else "succeeded",
            ended_ms=self._ws.clock.now_ms(),
            artifacts=self._schedule.outputs(),
        )

    def _cancel(self) -> None:
        shared = 0 if self._singles else len(self._running)
        for worker in self._workers():
            worker.stop(grace_s=_GRACE_S, expecting=1 if worker in self._singles.values() else shared)
        self._ledger.close_open("cancelled")

    def _workers(self) -> list[Worker]:
        return [*self._singles.values(), *([self._prepared.worker] if self._prepared else [])]

    def _close(self) -> None:
        for worker in self._workers():
            worker.close()
        self._selector.close()
        self._ledger.release()


def prepare(
    ws: "Workspace",
    sources: Sources,
    *,
    pipeline: str,
    threads: int,
    declared: Collection[str],
    scratch: Path,
    once: bool = False,
) -> Prepared:
    """A worker that has imported the project from a materialised snapshot; `once` for a single step.

    declared: the variables of the environment that its steps are given.
    """
    snapshot = scratch / "snapshot"
    if not snapshot.exists():
        materialise(sources, snapshot)
    manifest = sources.manifest
    worker = Worker(pipeline=pipeline, threads=threads, declared=declared, log=scratch / "server.log", once=once)
    request = Load(
        root=str(snapshot),
        package=manifest.package,
        paths=manifest.paths,
        module=manifest.module,
        allowed=(str(ws.folder),),
    )
    return Prepared(worker, worker.load(request))


def _out_of_memory_kills() -> int:
    """How many processes the system has killed for want of memory since it started (Linux; elsewhere 0)."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
