"""Which steps of a pipeline are done, can be taken from the cache, or are ready to run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from mainspring.domain.artifact import Artifact
from mainspring.domain.pipeline import Graph, Node
from mainspring.domain.run import InputRef, Run, RunId
from mainspring.pipelines import tables
from mainspring.pipelines.closure import Code, Identity
from mainspring.pipelines.environment import environment_of, machine
from mainspring.pipelines.inputs import Input
from mainspring.pipelines.key import Recorded, cache_key, declared_by
from mainspring.pipelines.protocol import Given
from mainspring.pipelines.snapshot import Sources
from mainspring.pipelines.tables import Cached
from mainspring.pipelines.worker import environment

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Schedule"]

_State = Literal["waiting", "running", "done", "failed"]


class Schedule:
    """The steps of one run, their states, and the artifacts made so far."""

    def __init__(
        self, ws: "Workspace", graph: Graph, sources: Sources, inputs: Mapping[str, Input], *, use_cache: bool
    ) -> None:
        self.graph = graph
        self.sources = sources
        self._ws = ws
        self._inputs = inputs
        self._use_cache = use_cache
        self._code = Code(sources)
        variables = environment(threads=graph.threads, declared=declared_by(graph))
        self.recorded = Recorded(sources, self._code, variables=variables)
        self._identities = {node.name: self._code.identity(node.function) for node in graph.nodes}
        self._states: dict[str, _State] = {node.name: "waiting" for node in graph.nodes}
        self._made: dict[tuple[str, str], Artifact] = {}
        self._keys: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The versions that the steps' results depend on, by name, with Python's and the machine's."""
        packages = {package for identity in self._identities.values() for package in identity.packages}
        python, system, processor = machine()
        return {**environment_of(sorted(packages)), "python": python, "system": f"{system} {processor}"}

    def is_over(self) -> bool:
        """Whether nothing runs and nothing can be started any more."""
        return "running" not in self._states.values() and (self.has_failed() or not self.ready(limit=1))

    def has_failed(self) -> bool:
        """Whether a step failed; then no other is started."""
        return "failed" in self._states.values()

    def identity(self, node: Node) -> Identity:
        """The identity of a step's code."""
        return self._identities[node.name]

    def refs(self, node: Node) -> dict[str, InputRef]:
        """What a step's inputs are, once its sources are known."""
        out = {}
        for name, source in node.inputs.items():
            if source.node:
                made = self._made[source.node, source.output]
                out[name] = InputRef(kind=made.kind, digest=made.digest)
            else:
                out[name] = self._inputs[source.output].ref
        return out

    def given(self, node: Node) -> dict[str, Given | Artifact]:
        """What a step reads: the pipeline's own inputs as they are given, other steps' artifacts."""
        return {
            name: self._made[source.node, source.output] if source.node else self._inputs[source.output].given
            for name, source in node.inputs.items()
        }

    def key(self, node: Node) -> str:
        """The cache key of a step whose sources are known; empty for one that is never cached."""
        if node.name not in self._keys:
            known = cache_key(node, self.graph, self.identity(node), self.refs(node)) if node.cached else ""
            self._keys[node.name] = known
        return self._keys[node.name]

    def take_cached(self, parent: Run) -> list[Run]:
        """Take over every step that the cache has a result for, and those that this makes ready in turn."""
        taken: list[Run] = []
        while not self.has_failed():
            found = [(node, hit) for node in self.ready(limit=len(self.graph.nodes)) if (hit := self._lookup(node))]
            if not found:
                break
            for node, hit in found:
                run = self.step_run(node, parent)
                taken.append(
                    msgspec.structs.replace(
                        run,
                        status="succeeded",
                        ended_ms=run.started_ms,
                        artifacts=hit.artifacts,
                        metrics=hit.metrics,
                        cached_from=hit.run,
                        snapshot=hit.snapshot,
                    )
                )
                self.finish(node, hit.artifacts)
        return taken

    def ready(self, *, limit: int) -> list[Node]:
        """Steps that wait for nothing but a free place, in the graph's order."""
        ready = [
            node
            for node in self.graph.nodes
            if self._states[node.name] == "waiting"
            and all(self._states.get(source.node, "done") == "done" for source in node.inputs.values())
        ]
        return ready[: max(limit, 0)]

    def start(self, node: Node) -> None:
        """The step runs."""
        self._states[node.name] = "running"

    def finish(self, node: Node, artifacts: tuple[Artifact, ...]) -> None:
        """The step is done and these are its outputs."""
        self._states[node.name] = "done"
        self._made.update({(node.name, artifact.name): artifact for artifact in artifacts})

    def fail(self, node: Node) -> None:
        """The step failed."""
        self._states[node.name] = "failed"

    def outputs(self) -> tuple[Artifact, ...]:
        """The pipeline's own outputs, as far as they are made."""
        return tuple(
            msgspec.structs.replace(self._made[source.node, source.output], name=name)
            for name, source in self.graph.outputs.items()
            if (source.node, source.output) in self._made
        )

    def step_run(self, node: Node, parent: Run) -> Run:
        """A new running step run."""
        return Run(
            id=RunId(self._ws.ids.new()),
            kind="step",
            name=node.name,
            status="running",
            started_ms=self._ws.clock.now_ms(),
            parent=parent.id,
            pipeline=parent.pipeline,
            params=node.params,
            inputs=self.refs(node),
            snapshot=parent.snapshot,
            cache_key=self.key(node),
            trigger_id=parent.trigger_id,
            principal=parent.principal,
        )

    def _lookup(self, node: Node) -> Cached | None:
        if not (self._use_cache and node.cached):
            return None
        with self._ws.read() as connection:
            results = tables.find(connection, self._ws.project, self.key(node))
        for result in results:
            if self.recorded.holds(result) and all(self._ws.objects.exists(a.digest) for a in result.artifacts):
                return result
        return None
