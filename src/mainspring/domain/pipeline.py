"""Pipelines: the typed graph that one traced call of a pipeline function makes."""

from typing import Any

import msgspec

__all__ = ["Graph", "Node", "Port", "Source"]


class Port(msgspec.Struct, frozen=True):
    """A named place where a value goes in or comes out, and the kind of artifact that it is."""

    name: str
    kind: str


class Source(msgspec.Struct, frozen=True):
    """Where a value comes from: output `output` of step `node`, or the pipeline's own input where `node` is empty."""

    node: str
    output: str


class Node(msgspec.Struct, frozen=True):
    """One step in the graph: `function` is `module:name` in the snapshot, `environment` the variables it declares."""

    name: str
    function: str
    inputs: dict[str, Source]
    outputs: tuple[Port, ...]
    # Any: parameters are plain JSON values.
    params: dict[str, Any] = {}
    environment: tuple[str, ...] = ()
    cached: bool = True


class Graph(msgspec.Struct, frozen=True):
    """A pipeline as it will run: its inputs, parameters and nodes in an order in which each follows its sources."""

    pipeline: str
    inputs: tuple[Port, ...]
    # Any: parameters are plain JSON values.
    params: dict[str, Any]
    nodes: tuple[Node, ...]
    outputs: dict[str, Source]
    seed: int = 0
    threads: int = 1
