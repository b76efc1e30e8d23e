"""The cache key of a step, and whether a result kept under it still counts."""

import os
from collections.abc import Callable, Mapping

from mainspring.domain.pipeline import Graph, Node
from mainspring.domain.run import InputRef
from mainspring.kernel.hashing import digest_of
from mainspring.pipelines.closure import Code, Identity
from mainspring.pipelines.codecs import CODECS
from mainspring.pipelines.environment import environment_of, machine
from mainspring.pipelines.protocol import Use
from mainspring.pipelines.snapshot import Sources
from mainspring.pipelines.tables import Cached, Dependency

__all__ = ["Recorded", "cache_key", "declared_by", "state_of"]

FORMAT = 1


def cache_key(node: Node, graph: Graph, identity: Identity, inputs: Mapping[str, InputRef]) -> str:
    """What decides a step's result and is known before it runs, as one digest."""
    return digest_of(
        [
            FORMAT,
            node.function,
            identity.digest,
            node.params,
            {name: [ref.kind, ref.digest] for name, ref in inputs.items()},
            [[port.name, port.kind, CODECS[port.kind].version] for port in node.outputs],
            environment_of(identity.packages),
            machine(),
            graph.seed,
            graph.threads,
            {name: os.environ.get(name) for name in node.environment},
        ]
    )


def declared_by(graph: Graph) -> tuple[str, ...]:
    """The variables that the steps of a graph declare; each of them is given all, and its reads are recorded."""
    return tuple(sorted({name for node in graph.nodes for name in node.environment}))


def state_of(dependencies: tuple[Dependency, ...]) -> str:
    """The state of recorded dependencies as one digest."""
    return digest_of(list(dependencies))


class Recorded:
    """The state of what steps were seen to use, as it is in this snapshot and with these variables, which steps are given."""

    def __init__(self, sources: Sources, code: Code, *, variables: Mapping[str, str]) -> None:
        self._files = {entry.path: entry.digest for entry in sources.manifest.files}
        self._code = code
        self._readers: dict[str, Callable[[str], str]] = {
            "file": lambda name: self._files.get(name, ""),
            "folder": self._folder,
            "module": code.whole_digest,
            "variable": lambda name: digest_of(variables[name]) if name in variables else "",
        }

    def dependencies(self, uses: tuple[Use, ...]) -> tuple[Dependency, ...]:
        """The uses that a step reported, with the state of each."""
        return tuple(Dependency(use.kind, use.name, self._readers[use.kind](use.name)) for use in uses)

    def holds(self, result: Cached) -> bool:
        """Whether everything the result depended on is as it was."""
        return all(
            item.kind in self._readers and self._readers[item.kind](item.name) == item.digest
            for item in result.dependencies
        )

    def _folder(self, name: str) -> str:
        prefix = name.rstrip("/") + "/" if name else ""
        return digest_of(sorted({p[len(prefix) :].partition("/")[0] for p in self._files if p.startswith(prefix)}))
