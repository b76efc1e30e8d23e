"""Errors of governance."""

from mainspring.kernel.errors import Refused

__all__ = ["PredictionUntraceable"]


class PredictionUntraceable(Refused):
    code = "prediction.untraceable"
    template = "prediction '{id}' was made by {version}, which was registered without a run"
    hint = "train the model with a pipeline, so that its making is recorded"
