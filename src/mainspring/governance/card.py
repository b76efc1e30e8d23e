"""The card of a model version, written from what the workspace knows; every figure comes from its record."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainspring.domain.card import Card
from mainspring.models import ops as models
from mainspring.models import packages
from mainspring.serving import ops as serving
from mainspring.storage import events
from mainspring.tracking import ops as tracking

if TYPE_CHECKING:
    from mainspring.domain.model import ModelVersion
    from mainspring.workspace import Workspace

__all__ = ["card"]

_LEFT_TO_PEOPLE = ("intended use", "known limits", "people affected")
_EVENTS_READ = 1000


def card(ws: "Workspace", model: str, version: int) -> Card:
    """The card of a version; raises ModelUnknown, VersionUnknown."""
    found = models.show_version(ws, model, version)
    package = packages.read_package(Path(packages.materialise(ws, found.package)))
    run = tracking.show_run(ws, found.run_id) if found.run_id else None
    verdicts = models.list_verdicts(ws, model, version)
    serving_it = [
        status.wanted.name
        for status in serving.list_endpoints(ws, limit=1000)
        if any((variant.model, variant.version) == (model, version) for variant in status.wanted.variants)
    ]
    missing = [
        *_LEFT_TO_PEOPLE,
        *(["verdict of a gate"] if not verdicts else []),
        *(["training run"] if run is None else []),
    ]
    return Card(
        version=found,
        signature=package.signature,
        splits=package.splits,
        requirements=package.requirements,
        python=package.python,
        model_params=package.params,
        verdicts=tuple(verdicts),
        run_id=found.run_id,
        pipeline=run.pipeline if run else "",
        params=run.params if run else {},
        snapshot=run.snapshot if run else "",
        datasets=tuple(sorted(ref.reference for ref in run.inputs.values() if ref.reference)) if run else (),
        trained_ms=run.ended_ms if run else 0,
        reproduced_ms=_reproduced_ms(ws, found),
        endpoints=tuple(serving_it),
        missing=tuple(missing),
    )


def _reproduced_ms(ws: "Workspace", version: "ModelVersion") -> int:
    """When the version was last made again with identical bytes, 0 if never."""
    with ws.read() as connection:
        history = events.list_events(
            connection, ws.project, after=0, limit=_EVENTS_READ, subject=version.reference, newest=True
        )
    proofs = [
        event
        for event in history
        if event.kind == "model.reproduced" and (event.payload or {}).get("verdict") == "identical"
    ]
    return proofs[0].at_ms if proofs else 0
