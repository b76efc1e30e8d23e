"""What is given to a pipeline's inputs: datasets by reference, values by their content."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainspring.domain.dataset import DatasetVersion
from mainspring.domain.pipeline import Graph
from mainspring.domain.run import InputRef
from mainspring.kernel.hashing import Digest
from mainspring.pipelines.codecs import CODECS, UnsupportedType, kind_of, name_of
from mainspring.pipelines.errors import InputInvalid
from mainspring.pipelines.protocol import Given
from mainspring.pipelines.values import adopt, checkout

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Input", "resolve_inputs"]


class Input(msgspec.Struct, frozen=True):
    """An input that is ready: what is recorded of it, and what a step is given."""

    ref: InputRef
    given: Given


# Any: values of whatever type the inputs have.
def resolve_inputs(ws: "Workspace", graph: Graph, values: Mapping[str, Any], *, scratch: Path) -> dict[str, Input]:
    """Every input of the pipeline; raises InputInvalid for what is missing, unknown or of the wrong type."""
    known = {port.name: port.kind for port in graph.inputs}
    for name in values:
        if name not in known:
            there = ", ".join([*known, *graph.params]) or "none"
            reason = f"there is no such argument; there are: {there}"
            raise InputInvalid(pipeline=graph.pipeline, argument=name, reason=reason)
    found = {}
    for name, kind in known.items():
        if name not in values:
            raise InputInvalid(pipeline=graph.pipeline, argument=name, reason="it is missing")
        resolve = _dataset if kind == "dataset" else _value
        found[name] = resolve(ws, graph, name, kind, values[name], scratch)
    return found


# Any: see `resolve_inputs`.
def _dataset(ws: "Workspace", graph: Graph, name: str, kind: str, value: Any, _: Path) -> Input:
    # Only pipelines that take datasets need them.
    from mainspring import data

    match value:
        case InputRef():
            version = data.resolve(ws, value.reference)
        case str() | data.Dataset() | data.DatasetRef() | DatasetVersion():
            version = data.resolve(ws, value)
        case _:
            reason = f"expected a dataset or its reference, given {name_of(type(value))}"
            raise InputInvalid(pipeline=graph.pipeline, argument=name, reason=reason)
    paths = tuple(str(path) for path in data.paths(ws, version))
    exact = version.reference if version.project == ws.project else f"{version.project}/{version.reference}"
    return Input(
        ref=InputRef(kind=kind, digest=version.digest, reference=exact),
        given=Given(kind=kind, paths=paths, name=version.dataset, version=version.number),
    )


# Any: see `resolve_inputs`.
def _value(ws: "Workspace", graph: Graph, name: str, kind: str, value: Any, scratch: Path) -> Input:
    digest = value.digest if isinstance(value, InputRef) else _stored(ws, graph, name, kind, value, scratch)
    path = checkout(ws.objects, kind=kind, digest=digest, scratch=scratch)
    return Input(ref=InputRef(kind=kind, digest=digest), given=Given(kind=kind, paths=(str(path),)))


# Any: see `resolve_inputs`.
def _stored(ws: "Workspace", graph: Graph, name: str, kind: str, value: Any, scratch: Path) -> Digest:
    try:
        found = kind_of(type(value))
    except UnsupportedType:
        found = ""
    if found != kind:
        reason = f"expected a value of kind {kind}, given {name_of(type(value))}"
        raise InputInvalid(pipeline=graph.pipeline, argument=name, reason=reason)
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / secrets.token_hex(8)
    try:
        CODECS[kind].write(value, path)
    except (TypeError, ValueError) as error:
        raise InputInvalid(pipeline=graph.pipeline, argument=name, reason=str(error)) from error
    return adopt(ws.objects, path, name=name, kind=kind).digest
