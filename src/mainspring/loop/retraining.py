"""Retraining: from a request to a candidate that was judged, one idempotent step at a time.

The cause is unique, so a trigger that fires twice retrains once. A process killed in the middle is followed by another
that runs the same steps again: the pipeline resumes from its cache, the version and verdict are the ones already there.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainspring import pipelines
from mainspring.domain.dataset import ROW_ID
from mainspring.domain.model import ModelVersion
from mainspring.domain.retraining import Retraining, RetrainingState
from mainspring.domain.rollout import Rollout
from mainspring.domain.run import Run
from mainspring.domain.verdict import Verdict
from mainspring.kernel.errors import MainspringError, Unavailable
from mainspring.loop import tables
from mainspring.loop.admission import artifact_of, champion_of, evaluation_of, held_out, record, register
from mainspring.loop.errors import NoEvaluation, NoRun
from mainspring.loop.rollouts import plan_rollouts
from mainspring.loop.scoring import score
from mainspring.models import ops as models
from mainspring.models import packages
from mainspring.models.evaluation import compare_predictions
from mainspring.storage.leases import LeaseLost
from mainspring.tracking import ops as tracking

if TYPE_CHECKING:
    from mainspring.domain.lease import Lease
    from mainspring.workspace import Workspace

__all__ = ["advance", "latest_recipe"]

_log = logging.getLogger("mainspring.loop")


def advance(ws: "Workspace", retraining: Retraining, *, lease: "Lease | None" = None) -> Retraining:
    """Do the retraining's work and return its new state: `passed`, `refused` by the gate, or `failed` with the reason.

    A candidate that passes begins its rollouts in the change that says so. Raises Unavailable and LeaseLost, after which
    another step does the work again.
    """
    ws = ws.in_project(retraining.project)
    retraining = _move(ws, retraining, "running", lease=lease)
    try:
        run = _train(ws, retraining)
        version = register(ws, retraining.model, run)
        verdict = _judge(ws, version, run)
    except (Unavailable, LeaseLost):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of the work: whatever fails becomes the retraining's recorded state
        if not isinstance(error, MainspringError):
            _log.exception("retraining %s of %s hit a defect", retraining.id, retraining.model)
        return _move(ws, retraining, "failed", lease=lease, message=_words(error))
    with ws.read() as connection:
        plan = tables.get_plan(connection, ws.project, retraining.model)
    state: RetrainingState = "passed" if verdict.passed else "refused"
    failed = [check.message for check in verdict.checks if not check.passed]
    begins = plan_rollouts(ws, retraining, version.version, plan) if verdict.passed else []
    return _move(
        ws,
        retraining,
        state,
        lease=lease,
        run_id=run.id,
        version=version.version,
        message="; ".join(failed) or overall_message(verdict),
        begins=begins,
    )


def latest_recipe(ws: "Workspace", model: str) -> Run:
    """The run that made the newest version: its pipeline, code and parameters are what retraining uses again."""
    newest = models.list_versions(ws, model, limit=1)
    if not newest or not newest[0].run_id:
        raise NoRun(version=newest[0].reference if newest else model)
    return tracking.show_run(ws, newest[0].run_id)


def _train(ws: "Workspace", retraining: Retraining) -> Run:
    """The run of this retraining: the one that already succeeded for it, else a new one."""
    runs = tracking.list_runs(ws, kind="pipeline", status="succeeded", limit=1000)
    done = next((run for run in runs if run.trigger_id == retraining.id), None)
    if done is not None:
        return tracking.show_run(ws, done.id)
    recipe = latest_recipe(ws, retraining.model)
    inputs = {name: _latest(ref.reference) for name, ref in recipe.inputs.items() if ref.reference}
    with ws.read() as connection:
        plan = tables.get_plan(connection, ws.project, retraining.model)
    return pipelines.run_snapshot(
        ws,
        recipe.snapshot,
        recipe.pipeline,
        inputs=inputs,
        params=recipe.params | plan.params,
        trigger_id=retraining.id,
    )


def _latest(reference: str) -> str:
    return reference.partition("@")[0] + "@latest"


def _judge(ws: "Workspace", version: ModelVersion, run: Run) -> Verdict:
    """Against the champion on the candidate's held-out rows, without those that the champion was trained on."""
    evaluation = evaluation_of(ws, run)
    champion = champion_of(ws, version.model)
    if champion is None or champion == version.version:
        return record(ws, version, evaluation, data=held_out(run), run_id=run.id)
    opponent = models.show_version(ws, version.model, champion)
    rows = _judged_rows(ws, version, opponent, run)
    answers = score(ws, rows, [version.package, opponent.package])
    with ws.read() as connection:
        gate = tables.get_plan(connection, ws.project, version.model).gate
    compared = compare_predictions(
        rows,
        model=answers["0"].to_numpy(),
        opponent=answers["1"].to_numpy(),
        opponent_name=opponent.reference,
        label=evaluation.label,
        at=evaluation.at,
        by=evaluation.by,
        error_rate=gate.error_rate,
    )
    return record(ws, version, compared, data=held_out(run), run_id=run.id, against_champion=True)


def _judged_rows(ws: "Workspace", version: ModelVersion, champion: ModelVersion, run: Run) -> pl.DataFrame:
    """The rows of the frame that the evaluating step was given, held out by the candidate and not trained on by the champion.

    Raises NoEvaluation where no such row with an outcome is left.
    """
    assert run.graph is not None
    judge = run.graph.outputs[_name_of_evaluation(run)].node
    node = next(node for node in run.graph.nodes if node.name == judge)
    steps = {step.name: step for step in tracking.list_runs(ws, parent=run.id, kind="step", limit=1000)}
    frames = [
        artifact.digest
        for source in node.inputs.values()
        if source.node
        for artifact in steps[source.node].artifacts
        if artifact.kind == "frame" and artifact.name == source.output
    ]
    held, trained = _rows_of(ws, version, "holdout"), _rows_of(ws, champion, "train")
    if version.dataset != champion.dataset:
        trained = []  # Row ids of another dataset name other rows.
    if not frames or not held:
        raise NoEvaluation(run=run.id[:12])
    rows = pl.read_ipc(ws.objects.path(frames[0])).filter(pl.col(ROW_ID).is_in(held) & ~pl.col(ROW_ID).is_in(trained))
    if rows.is_empty():
        raise NoEvaluation(run=run.id[:12])
    return rows


def _rows_of(ws: "Workspace", version: ModelVersion, split: str) -> list[int]:
    """The row ids of a version's split, empty where it has none."""
    package = packages.read_package(packages.materialise(ws, version.package))
    found = [part for part in package.splits if part.name == split]
    return [row for part in found for first, end in part.ranges for row in range(first, end)]


def _name_of_evaluation(run: Run) -> str:
    made = artifact_of(run, "evaluation")
    if made is None:
        raise NoEvaluation(run=run.id[:12])
    return made.name


def _move(
    ws: "Workspace",
    retraining: Retraining,
    state: RetrainingState,
    *,
    lease: "Lease | None",
    run_id: str = "",
    version: int = 0,
    message: str = "",
    begins: Sequence[Rollout] = (),
) -> Retraining:
    """Write the new state with its event, and the rollouts it begins; moving to the state it is in changes nothing."""
    if retraining.state == state:
        return retraining
    moved = msgspec.structs.replace(
        retraining, state=state, run_id=run_id, version=version, message=message, changed_ms=ws.clock.now_ms()
    )
    with ws.change(lease=lease) as tx:
        tables.update_retraining(tx.conn, moved)
        tx.event(f"retraining.{state}", subject=retraining.model, payload=moved)
        for rollout in begins:
            if tables.insert_rollout(tx.conn, rollout):
                tx.event("rollout.started", subject=rollout.endpoint, payload=rollout)
    return moved


def overall_message(verdict: Verdict) -> str:
    """What the gate found over all rows, in words."""
    return next(check.message for check in verdict.checks if not check.group and check.low is not None)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, MainspringError) else f"{type(error).__name__}: {error}"
