"""What a runner and its fork server say to each other: one JSON line a message, over a socket pair."""

from typing import Any

import msgspec

from mainspring.domain.package import Provenance
from mainspring.domain.pipeline import Graph
from mainspring.domain.run import RunFailure

__all__ = [
    "Done",
    "Given",
    "Load",
    "Loaded",
    "Made",
    "Plan",
    "Refusal",
    "Report",
    "Request",
    "Response",
    "Stop",
    "Use",
    "Work",
]


class Load(msgspec.Struct, frozen=True, tag=True):
    """Import the project from the snapshot at `root`; the rest as in its manifest. `allowed`: folders steps may read."""

    root: str
    package: str
    paths: tuple[str, ...]
    module: str
    allowed: tuple[str, ...]


class Given(msgspec.Struct, frozen=True):
    """One input: a file or folder, or for a dataset its name, version and files."""

    kind: str
    paths: tuple[str, ...]
    name: str = ""
    version: int = 0


class Work(msgspec.Struct, frozen=True, tag=True):
    """Run one step; `imported` are the modules its static identity covers, `provenance` is written into its models."""

    id: str
    function: str
    inputs: dict[str, Given]
    # Any: parameters are plain JSON values.
    params: dict[str, Any]
    staging: str
    log: str
    seed: int
    imported: tuple[str, ...]
    provenance: Provenance


class Plan(msgspec.Struct, frozen=True, tag=True):
    """Put a pipeline's graph together."""

    id: str
    function: str
    # Any: parameters are plain JSON values.
    params: dict[str, Any]


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End every step: SIGTERM, and SIGKILL after `grace_s`."""

    grace_s: float


class Use(msgspec.Struct, frozen=True, order=True):
    """Something a step was seen to use: kind `file`, `folder`, `module` or `variable`."""

    kind: str
    name: str


class Made(msgspec.Struct, frozen=True):
    """One output in the staging folder, under its own name there."""

    name: str
    kind: str


class Refusal(msgspec.Struct, frozen=True):
    """An error of Mainspring's own, as it goes over the wire."""

    status: int
    code: str
    message: str
    hint: str
    # Any: the values that the error is about.
    fields: dict[str, Any]


class Report(msgspec.Struct, frozen=True):
    """How a step's function ended; `leaks` are uses that cannot be verified later, so its result is not kept in the cache."""

    outputs: tuple[Made, ...] = ()
    metrics: dict[str, float | None] = {}
    uses: tuple[Use, ...] = ()
    leaks: tuple[str, ...] = ()
    failure: RunFailure | None = None
    graph: Graph | None = None
    refusal: Refusal | None = None


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The project is imported, or why not; `threads` are the threads its imports started that make forking unsafe."""

    failure: RunFailure | None = None
    threads: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, tag=True):
    """A child has ended: by itself with `exit_code`, or by `signal`; without a report where it could give none."""

    id: str
    exit_code: int = 0
    signal: int = 0
    report: Report | None = None


Request = Load | Work | Plan | Stop
Response = Loaded | Done
