"""Plans: what the loop does for a model without being asked."""

import msgspec

from mainspring.domain.gate import Gate

__all__ = ["Plan"]


class Plan(msgspec.Struct, frozen=True):
    """How a model is gated, rolled out and retrained; the default is what a model has until its owner declares another.

    share: the part of traffic a candidate takes as a canary, 0 to 1.
    error_rate: the chance that a candidate worse than the champion by `rollout_margin` is promoted, and likewise the
    chance that one which is no worse is rolled back for being worse.
    retrain_on: the kinds of alert that start a retraining; drift of inputs alone is not among them.
    cooldown_days: how long after a retraining another alert waits.
    """

    gate: Gate = Gate()
    share: float = 0.2
    rollout_margin: float = 0.25
    error_rate: float = 0.05
    longest_days: int = 60
    retrain_on: tuple[str, ...] = ("error", "prediction_drift")
    cooldown_days: int = 14
