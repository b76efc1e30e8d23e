"""From one prediction back to the rows that made it: variant, version, run, code, dataset versions, rows by split."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainspring.domain.object import Digest
from mainspring.domain.trace import Trace
from mainspring.governance.errors import PredictionUntraceable
from mainspring.models import ops as models
from mainspring.models import packages
from mainspring.pipelines.snapshot import load_sources
from mainspring.serving import ops as serving
from mainspring.tracking import ops as tracking

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["trace"]


def trace(ws: "Workspace", prediction: str) -> Trace:
    """Walk from a prediction's id to what made it; raises PredictionUnknown, PredictionUntraceable."""
    answered = serving.show_prediction(ws, prediction)
    version = models.show_version(ws, answered.model, answered.version)
    if not version.run_id:
        raise PredictionUntraceable(id=prediction, version=version.reference)
    run = tracking.show_run(ws, version.run_id)
    package = packages.read_package(Path(packages.materialise(ws, version.package)))
    code = load_sources(ws.objects, Digest(run.snapshot))
    return Trace(
        prediction=answered,
        endpoint=answered.endpoint,
        variant=answered.variant,
        version=version.reference,
        package=version.package,
        run_id=run.id,
        pipeline=run.pipeline,
        snapshot=run.snapshot,
        code=tuple(sorted(code.files)),
        datasets=tuple(sorted(ref.reference for ref in run.inputs.values() if ref.reference)),
        splits=package.splits,
        trigger=run.trigger_id,
        params=run.params,
    )
