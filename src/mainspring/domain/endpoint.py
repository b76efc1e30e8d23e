"""Endpoints: a served address, the versions behind it, and the process that answers."""

from typing import Literal

import msgspec

from mainspring.domain.object import Digest

__all__ = [
    "Endpoint",
    "EndpointProcess",
    "EndpointStatus",
    "Route",
    "RouteVariant",
    "Variant",
    "VariantCount",
    "VariantRole",
]

VariantRole = Literal["live", "shadow"]


class Variant(msgspec.Struct, frozen=True):
    """One model version behind an endpoint, with its share of traffic, or answering unseen as a shadow."""

    name: str
    model: str
    version: int
    weight: float = 1.0
    role: VariantRole = "live"
    package: Digest = Digest("")


class Endpoint(msgspec.Struct, frozen=True):
    """What is wanted of an endpoint; `number` grows with every change of it."""

    project: str
    name: str
    number: int
    variants: tuple[Variant, ...]
    salt: str
    clock: Literal["system", "request"] = "system"
    port: int = 0
    created_ms: int = 0
    changed_ms: int = 0
    reason: str = ""


class EndpointProcess(msgspec.Struct, frozen=True):
    """The process that answers: `start_ticks` is the kernel's start time of `pid`, which tells it from a later one.

    `number` is the wanted state it serves, `error` why it refused a newer one.
    """

    pid: int
    start_ticks: int
    port: int
    number: int
    error: str = ""


class VariantCount(msgspec.Struct, frozen=True):
    """How much of an endpoint's traffic a variant has answered, as ingested so far."""

    variant: str
    version: int
    role: VariantRole
    rows: int
    requests: int


class EndpointStatus(msgspec.Struct, frozen=True):
    """An endpoint as wanted and as it is; `process` is None where none runs, `url` is empty then."""

    wanted: Endpoint
    state: Literal["ready", "stale", "stopped"]
    process: EndpointProcess | None = None
    url: str = ""
    counts: tuple[VariantCount, ...] = ()


class RouteVariant(msgspec.Struct, frozen=True):
    """A variant as its process needs it: where the package lies, and what its bytes must be."""

    name: str
    model: str
    version: int
    package: Digest
    folder: str
    weight: float
    role: VariantRole


class Route(msgspec.Struct, frozen=True):
    """The route file: all that an endpoint process knows of the world."""

    endpoint: str
    number: int
    salt: str
    variants: tuple[RouteVariant, ...]
    spool: str
    clock: Literal["system", "request"] = "system"
    port: int = 0
    hosts: tuple[str, ...] = ()
    max_rows: int = 50_000
    max_body_bytes: int = 8 << 20
    segment_bytes: int = 64 << 20
    version: int = 1
