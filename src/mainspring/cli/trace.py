"""`mainspring trace`: from a prediction back to the rows its model learned from."""

import click

from mainspring.cli.frame import command
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, Part, Table, number, when
from mainspring.domain.trace import Trace

__all__ = ["COMMAND"]


def _view(trace: Trace) -> Page:
    asked = trace.prediction
    label = f"{number(asked.label)} (known {when(asked.label_at_ms)})" if asked.label is not None else "not known yet"
    parts: list[Part] = [
        Fields(
            [
                ("prediction", f"{asked.id} = {number(asked.prediction)} at {when(asked.at_ms)}"),
                ("outcome", label),
                ("endpoint", f"{trace.endpoint}, variant {trace.variant}"),
                ("version", trace.version),
                ("package", trace.package),
                ("run", f"{trace.run_id} of pipeline {trace.pipeline}"),
                ("trigger", trace.trigger or "a person"),
                ("code", f"{trace.snapshot} ({len(trace.code)} files: {', '.join(trace.code[:6])})"),
                ("data", ", ".join(trace.datasets)),
            ]
        ),
        Table(
            ("split", "of", "rows", "row ids"),
            [(split.name, split.dataset, number(split.rows), _ranges(split.ranges)) for split in trace.splits],
            empty="no rows of it were recorded",
        ),
        Table(("input", "value"), list(asked.inputs.items())),
    ]
    if trace.params:
        parts.append(Fields(list(trace.params.items()), title="parameters"))
    return parts


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    shown = ", ".join(f"{first} to {after - 1}" if after - first > 1 else str(first) for first, after in ranges[:3])
    return shown + (f" and {len(ranges) - 3:,} more ranges" if len(ranges) > 3 else "")


@command(
    "trace",
    view=_view,
    examples=["mainspring trace 01a1fd7875eb70f88f0df03390c424f1/0", "mainspring trace REQUEST/ROW --json"],
    then=lambda trace: f"mainspring reproduce {trace.version}",
)
@click.argument("prediction", metavar="REQUEST/ROW")
def COMMAND(session: Session, *, prediction: str) -> Trace:  # noqa: N802
    """Follow a prediction back to the rows its model learned from.

    Prediction, variant, model version, run, code, dataset versions, and the rows by split, by their ids.
    """
    from mainspring.governance import ops

    with session.open() as ws:
        return ops.trace_prediction(ws, prediction)
