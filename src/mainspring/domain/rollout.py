"""Rollouts: the plan that moves an endpoint from one version to another, and its state."""

from typing import Literal

import msgspec

__all__ = ["Look", "Rollout", "RolloutState"]

RolloutState = Literal["canary", "promoted", "rolled_back", "superseded"]


class Look(msgspec.Struct, frozen=True):
    """One look at the running comparison: candidate's error minus champion's, with an interval valid at every look; no bounds yet: None.

    `most` is the margin in units of the label: the difference that the upper bound has to stay below.
    """

    at_ms: int
    blocks: int
    rows: int
    difference: float
    low: float | None
    high: float | None
    most: float


class Rollout(msgspec.Struct, frozen=True):
    """A candidate taking `share` of an endpoint's traffic until a sequential test decides, or `longest_ms` have passed.

    `margin` is a part of the champion's error. The decision is recorded first, its effects (alias, route, monitor) follow; `settled` says they are all there.
    `route` is the endpoint's change number that the rollout made: another one means that somebody changed the endpoint
    meanwhile, and the rollout ends `superseded`.
    """

    id: str
    project: str
    endpoint: str
    model: str
    champion: int
    candidate: int
    share: float
    margin: float
    error_rate: float
    state: RolloutState
    started_ms: int
    longest_ms: int
    looks: tuple[Look, ...] = ()
    decided_ms: int = 0
    reason: str = ""
    retraining: str = ""
    settled: bool = False
    route: int = 0
