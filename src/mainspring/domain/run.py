"""Runs: one execution of a pipeline, of a step of it, or of any script that logs."""

from typing import Any, Literal, NewType

import msgspec

from mainspring.domain.artifact import Artifact
from mainspring.domain.pipeline import Graph

__all__ = [
    "Comparison",
    "Frame",
    "InputRef",
    "Metric",
    "Run",
    "RunFailure",
    "RunId",
    "RunKind",
    "RunStatus",
]

RunId = NewType("RunId", str)
RunKind = Literal["pipeline", "step", "script"]
RunStatus = Literal["running", "succeeded", "failed", "cancelled", "lost"]


class Frame(msgspec.Struct, frozen=True):
    """One line of a traceback; `own` where it lies in the user's project, named relative to the project's folder."""

    file: str
    line: int
    function: str
    source: str
    own: bool


class RunFailure(msgspec.Struct, frozen=True):
    """Why a run failed. `frames` has the user's own deepest frame first, then the rest of the user's, outwards.

    kind: `raised` by the user's code; `killed` by a signal; `memory` killed by the system for want of memory; `exited`
    without an answer; `output` the answer was not of the declared type; `import` the project could not be imported.
    """

    kind: Literal["raised", "killed", "memory", "exited", "output", "import"]
    type: str
    message: str
    step: str = ""
    frames: tuple[Frame, ...] = ()
    folded: int = 0


class InputRef(msgspec.Struct, frozen=True):
    """What was given to an input: its kind, the digest of its content, and the reference where it has one (`flights@3`)."""

    kind: str
    digest: str
    reference: str = ""


class Metric(msgspec.Struct, frozen=True):
    """One measured value; `value` is None where it was not a finite number."""

    name: str
    value: float | None
    step: int
    at_ms: int


class Run(msgspec.Struct, frozen=True):
    """One execution. `snapshot` is the code that really ran; `cached_from` the step run whose outputs were taken over."""

    id: RunId
    kind: RunKind
    name: str
    status: RunStatus
    started_ms: int
    ended_ms: int = 0
    parent: str = ""
    pipeline: str = ""
    # Any: parameters are plain JSON values.
    params: dict[str, Any] = {}
    inputs: dict[str, InputRef] = {}
    metrics: dict[str, float | None] = {}
    artifacts: tuple[Artifact, ...] = ()
    tags: dict[str, str] = {}
    failure: RunFailure | None = None
    snapshot: str = ""
    cache_key: str = ""
    cached_from: str = ""
    trigger_id: str = ""
    principal: str = ""
    graph: Graph | None = None


class Comparison(msgspec.Struct, frozen=True):
    """Runs side by side, in the order asked for: what differs between them, and every metric; None where a run has none."""

    runs: tuple[str, ...]
    # Any: parameters are plain JSON values.
    params: dict[str, tuple[Any, ...]]
    inputs: dict[str, tuple[str | None, ...]]
    facts: dict[str, tuple[str, ...]]
    metrics: dict[str, tuple[float | None, ...]]
