"""Admission: a finished pipeline run becomes a registered version with a verdict, and the first good one the champion.

Each step is idempotent by what it makes: the same run registers one version, records one verdict, moves the alias once.
"""

from typing import TYPE_CHECKING

from mainspring.domain.artifact import Artifact
from mainspring.domain.gate import Evaluation
from mainspring.domain.model import ModelVersion
from mainspring.domain.run import Run
from mainspring.domain.verdict import Verdict
from mainspring.kernel import canonical
from mainspring.kernel.op import op
from mainspring.loop import tables
from mainspring.loop.errors import NoEvaluation, NoModel
from mainspring.loop.gates import judge
from mainspring.models import ops as models
from mainspring.tracking import ops as tracking

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["CHAMPION", "admit", "artifact_of", "champion_of", "evaluation_of", "held_out", "record", "register"]

CHAMPION = "champion"


@op("POST /models/{model}/admissions", allow="models.write")
def admit(ws: "Workspace", model: str, *, run: str) -> ModelVersion:
    """Register the model of a finished run, judge it against its trivial baseline, and make a first good one champion.

    Raises NoModel, NoEvaluation.
    """
    finished = tracking.show_run(ws, run)
    version = register(ws, model, finished)
    verdict = record(ws, version, evaluation_of(ws, finished), data=held_out(finished), run_id=finished.id)
    if verdict.passed and champion_of(ws, model) is None:
        reason = f"the first version to pass its gate: {verdict.gate}"
        models.set_alias(ws, model, alias=CHAMPION, version=version.version, reason=reason)
    return models.show_version(ws, model, version.version)


def register(ws: "Workspace", model: str, run: Run) -> ModelVersion:
    """The version of the run's model, registered if it was not."""
    made = artifact_of(run, "model")
    if made is None:
        raise NoModel(run=run.id[:12])
    return models.register_version(ws, model, package=made.digest, run_id=run.id)


def record(
    ws: "Workspace",
    version: ModelVersion,
    evaluation: Evaluation,
    *,
    data: str,
    run_id: str,
    against_champion: bool = False,
) -> Verdict:
    """Judge an evaluation by the model's plan and record the verdict on the version."""
    with ws.read() as connection:
        gate = tables.get_plan(connection, ws.project, version.model).gate
    verdict = judge(
        evaluation,
        gate,
        margin=gate.margin if against_champion else gate.baseline_margin,
        candidate=version.reference,
        data=data,
        run_id=run_id,
        at_ms=ws.clock.now_ms(),
    )
    return models.record_verdict(ws, version.model, version.version, verdict=verdict)


def evaluation_of(ws: "Workspace", run: Run) -> Evaluation:
    """The evaluation among the run's outputs; raises NoEvaluation."""
    made = artifact_of(run, "evaluation")
    if made is None:
        raise NoEvaluation(run=run.id[:12])
    return canonical.loads(ws.objects.get_bytes(made.digest), type=Evaluation)


def champion_of(ws: "Workspace", model: str) -> int | None:
    """The number of the version called champion, None where there is none."""
    aliases = models.show_model(ws, model).aliases
    return next((alias.version for alias in aliases if alias.alias == CHAMPION), None)


def artifact_of(run: Run, kind: str) -> Artifact | None:
    """The run's first output of a kind."""
    return next((artifact for artifact in run.artifacts if artifact.kind == kind), None)


def held_out(run: Run) -> str:
    """The judged rows in words."""
    references = sorted(ref.reference for ref in run.inputs.values() if ref.reference)
    return "held-out rows of " + ", ".join(references) if references else "held-out rows"
