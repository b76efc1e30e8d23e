"""Plans: what the loop does for a model without being asked."""

from typing import Any

import msgspec

from mainspring.domain.gate import Gate

__all__ = ["Plan"]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a model is gated, rolled out and retrained; the default is what a model has until its owner declares another.

    share: the part of traffic a candidate takes as a canary, 0 to 1.
    rollout_margin: how much worse than the champion a candidate may be and still be promoted, as a part of its error; 0
    promotes only a candidate that is shown to be better on live traffic.
    error_rate: the chance that a candidate worse than that is promoted, and likewise the chance that one which is no
    worse than the champion is rolled back for being worse.
    retrain_on: the kinds of alert that start a retraining; drift of inputs alone is not among them.
    cooldown_days: how long after a retraining another alert waits.
    retry_days: how long after an alert was raised it asks for another retraining, if it is raised still.
    params: the pipeline's parameters that a retraining sets in place of those of the newest version's run.
    """

    gate: Gate = Gate()
    share: float = 0.2
    rollout_margin: float = 0.0
    error_rate: float = 0.05
    longest_days: int = 28
    retrain_on: tuple[str, ...] = ("error", "prediction_drift")
    cooldown_days: int = 14
    retry_days: int = 90
    # Any: parameters are plain JSON values.
    params: dict[str, Any] = {}
