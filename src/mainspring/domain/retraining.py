"""Retrainings: a trigger's way from its cause to a candidate, step by step."""

from typing import Literal

import msgspec

__all__ = ["Retraining", "RetrainingState"]

RetrainingState = Literal["requested", "running", "refused", "failed", "passed"]


class Retraining(msgspec.Struct, frozen=True):
    """One retraining: its cause (an alert's id, or a person), the run it started and the version that came of it.

    One cause starts one retraining: `cause` is unique in the project.
    """

    id: str
    project: str
    model: str
    cause: str
    reason: str
    state: RetrainingState
    requested_ms: int
    requested_by: str
    changed_ms: int
    run_id: str = ""
    version: int = 0
    message: str = ""
