"""The page of one prediction: the way from its answer back to the rows that made its model."""

from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request

from mainspring.domain.prediction import Prediction
from mainspring.domain.trace import Trace
from mainspring.governance import ops
from mainspring.web import figures
from mainspring.web.page import Crumb, Shown, Stop, link
from mainspring.web.references import data_stop, to_model

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["show"]


class _Shown(msgspec.Struct, frozen=True):
    prediction: Prediction
    sub: str
    command: str
    strip: tuple[Stop, ...]
    inputs: tuple[tuple[str, str], ...]
    splits: tuple[tuple[str, str], ...]
    code: tuple[str, ...]


def show(ws: "Workspace", request: Request) -> Shown:
    """One prediction: what went in, what came out, who answered, and what that model was made from."""
    trace = ops.trace_prediction(ws, request.path_params["prediction"])
    answered = trace.prediction
    view = _Shown(
        prediction=answered,
        sub=f"answered {figures.clock(answered.at_ms)} UTC by variant {answered.variant}",
        command=f"mainspring trace {answered.id}",
        strip=_strip(ws.project, trace),
        inputs=tuple((name, figures.full(value)) for name, value in answered.inputs.items()),
        splits=tuple((split.name, f"{split.rows:,} rows of {split.dataset}") for split in trace.splits),
        code=trace.code,
    )
    crumbs = (
        Crumb("Endpoints", link(ws.project, "endpoints")),
        Crumb(trace.endpoint, link(ws.project, "endpoints", trace.endpoint)),
        Crumb(answered.id),
    )
    return Shown("prediction.html", f"Prediction {answered.id}", "endpoints", crumbs, view)


def _strip(project: str, trace: Trace) -> tuple[Stop, ...]:
    return (
        Stop("prediction", figures.sig(trace.prediction.prediction), fact=trace.prediction.id, here=True),
        Stop("endpoint", trace.endpoint, link(project, "endpoints", trace.endpoint), f"variant {trace.variant}"),
        Stop("model", trace.version, to_model(project, trace.version), trace.package[:8]),
        Stop("run", trace.run_id[-8:], link(project, "runs", trace.run_id), trace.pipeline),
        Stop("code", trace.snapshot[:8], fact=f"{len(trace.code)} files"),
        *data_stop(project, trace.datasets),
    )
