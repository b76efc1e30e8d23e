"""The end of the demo: error by month of the untouched first model and of the system, and one prediction traced."""

from typing import TYPE_CHECKING

import msgspec
import polars as pl
from rich.console import Console
from rich.table import Table

from mainspring.demo.timeline import Happening
from mainspring.domain.trace import Trace
from mainspring.loop.scoring import score
from mainspring.models import ops as models
from mainspring.serving import captured, feedback

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Month", "Summary", "by_month", "show"]


class Month(msgspec.Struct, frozen=True):
    """Mean absolute error in a month, minutes, over the rows whose outcome is known; `versions` answered in it."""

    month: str
    rows: int
    first_model: float
    system: float
    versions: tuple[int, ...]


class Summary(msgspec.Struct, frozen=True):
    """What the demo did, all of it computed in this run."""

    requests: int
    predictions: int
    outcomes: int
    months: tuple[Month, ...]
    trace: Trace
    happenings: tuple[Happening, ...]
    alerts: int
    retrainings: int
    promotions: int
    seconds: float
    peak_memory_bytes: int


def by_month(ws: "Workspace", endpoint: str, model: str, *, from_ms: int, to_ms: int) -> list[Month]:
    """Error by month of version 1, asked again about every row, and of whatever version answered the row then."""
    answered = captured(ws, endpoint, from_ms=from_ms, to_ms=to_ms).filter(pl.col("role") == "live")
    labels = feedback(ws, endpoint, from_ms=from_ms, to_ms=to_ms + (to_ms - from_ms))
    known = answered.join(labels.sort("at_ms").unique("prediction_id", keep="last").drop("at_ms"), on="prediction_id")
    first = score(ws, known, [models.show_version(ws, model, 1).package])["0"]
    judged = known.select(
        month=pl.from_epoch("at_ms", time_unit="ms").dt.strftime("%Y-%m"),
        first_model=(first - pl.col("label")).abs(),
        system=(pl.col("prediction") - pl.col("label")).abs(),
        version="version",
    )
    months = judged.group_by("month").agg(
        rows=pl.len(),
        first_model=pl.col("first_model").mean(),
        system=pl.col("system").mean(),
        versions=pl.col("version").unique().sort(),
    )
    return [Month(**{**row, "versions": tuple(row["versions"])}) for row in months.sort("month").iter_rows(named=True)]


def show(console: Console, summary: Summary) -> None:
    """Print the table and the trace."""
    table = Table(
        title="Mean absolute error by month, minutes",
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for heading in ("month", "rows", "first model, untouched", "the system", "difference", "versions that answered"):
        table.add_column(heading, justify="left" if heading in ("month", "versions that answered") else "right")
    for month in summary.months:
        difference = month.system - month.first_model
        colour = "" if abs(difference) < 0.005 else "green" if difference < 0 else "red"
        table.add_row(
            month.month,
            f"{month.rows:,}",
            f"{month.first_model:.2f}",
            f"{month.system:.2f}",
            f"[{colour}]{difference:+.2f}[/]" if colour else f"{difference:+.2f}",
            ", ".join(map(str, month.versions)),
        )
    rows = sum(month.rows for month in summary.months) or 1
    first, system = (
        sum(getattr(month, side) * month.rows for month in summary.months) / rows for side in ("first_model", "system")
    )
    table.add_row("all", f"{rows:,}", f"{first:.2f}", f"{system:.2f}", f"{system - first:+.2f}", "", style="bold")
    console.print()
    console.print(table)
    console.print()
    _show_trace(console, summary.trace)
    console.print()
    console.print(
        f"{summary.requests:,} requests, {summary.predictions:,} captured predictions, {summary.outcomes:,} outcomes, "
        f"{summary.alerts} alerts, {summary.retrainings} retrainings, {summary.promotions} promotions; "
        f"{summary.seconds:.0f} s, at most {summary.peak_memory_bytes / 1e6:,.0f} MB in one process"
    )


def _show_trace(console: Console, trace: Trace) -> None:
    answered = trace.prediction
    outcome = "not known yet" if answered.label is None else f"{answered.label:+.0f} min"
    splits = ", ".join(f"{split.name} {split.rows:,} rows of {split.dataset}" for split in trace.splits)
    lines = (
        ("prediction", f"{answered.id}  {answered.prediction:+.1f} min, outcome {outcome}"),
        ("variant", f"{trace.variant} of endpoint {trace.endpoint}"),
        ("version", f"{trace.version}  package {trace.package[:12]}"),
        (
            "run",
            f"{trace.run_id[:12]}  pipeline {trace.pipeline}"
            + (f", retraining {trace.trigger[:12]}" if trace.trigger else ""),
        ),
        ("code", f"{trace.snapshot[:12]}  {', '.join(trace.code)}"),
        ("data", ", ".join(trace.datasets)),
        ("rows", splits),
    )
    console.print("One prediction, traced to the rows that made it", style="bold")
    for place, (name, text) in enumerate(lines):
        console.print(f"{'  ' * place}{'└ ' if place else ''}[dim]{name}[/] {text}", highlight=False, soft_wrap=True)
