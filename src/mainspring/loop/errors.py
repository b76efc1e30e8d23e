"""Errors of the loop."""

from mainspring.kernel.errors import Failed, Invalid, NotFound, Refused

__all__ = [
    "NoChampion",
    "NoEvaluation",
    "NoModel",
    "NoRun",
    "PlanInvalid",
    "RetrainingRefused",
    "RetrainingUnknown",
    "RolloutUnknown",
    "ScoringFailed",
]


class NoModel(Invalid):
    code = "run.no_model"
    template = "run {run} has no model among its outputs"
    hint = "let the pipeline return the ms.Model that a step made"


class NoEvaluation(Refused):
    code = "gate.no_evaluation"
    template = "run {run} has no evaluation on held-out rows, so there is nothing for the gate to judge"
    hint = "let the pipeline return ms.evaluate(...) beside its model, and name the rows it was judged on in the split holdout"


class NoRun(Invalid):
    code = "version.no_run"
    template = "{version} was registered without a run, so its making is not known"
    hint = "train it with a pipeline"


class NoChampion(NotFound):
    code = "model.no_champion"
    template = "model '{model}' has no version called champion yet"
    hint = "promote one with: mainspring models promote {model}@VERSION"


class PlanInvalid(Invalid):
    code = "plan.invalid"
    template = "the plan cannot be kept: {reason}"
    hint = "see the fields of Plan in /api/v1/openapi.json"


class RetrainingUnknown(NotFound):
    code = "retraining.unknown"
    template = "there is no retraining '{id}'"
    hint = "see: mainspring models show MODEL"


class RetrainingRefused(Refused):
    code = "retraining.refused"
    template = "the candidate {version} did not pass the gate: {reason}"
    hint = "see: mainspring models show {version}"


class RolloutUnknown(NotFound):
    code = "rollout.unknown"
    template = "there is no rollout '{id}'"
    hint = "see: mainspring endpoints show ENDPOINT"


class ScoringFailed(Failed):
    code = "scoring.failed"
    template = "the model could not be run on the rows: {reason}"
    hint = "see the model's signature with: mainspring models show MODEL@VERSION"
