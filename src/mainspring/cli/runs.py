"""`mainspring runs`: executions of pipelines, steps and scripts."""

import click

from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Id, Page, Sentence, Table, duration, number, size, when
from mainspring.domain.run import Comparison, Run

__all__ = ["COMMAND"]

COMMAND = group("runs", "Executions of pipelines, steps and scripts.")
_STATUSES = ["running", "succeeded", "failed", "cancelled", "lost"]


def _took(run: Run) -> str:
    return duration(run.ended_ms - run.started_ms) if run.ended_ms else ""


def _metrics(run: Run) -> str:
    return " ".join(f"{name}={number(value)}" for name, value in sorted(run.metrics.items())[:3])


def _list_view(runs: list[Run]) -> Page:
    rows = [(Id(r.id), r.name, r.status, when(r.started_ms), _took(r), _metrics(r)) for r in runs]
    columns = ("run", "name", "status", "started", "took", "metrics")
    return [Table(columns, rows, empty="no runs yet; start one with: mainspring run")]


def _show_view(run: Run) -> Page:
    head = [
        ("run", run.id),
        ("name", run.name),
        ("kind", run.kind),
        ("status", run.status + (" (from the cache)" if run.cached_from else "")),
        ("started", when(run.started_ms)),
        ("took", _took(run)),
        ("by", run.principal),
        ("trigger", run.trigger_id),
        ("code", run.snapshot),
    ]
    page: list[Fields | Table | Sentence] = [Fields([pair for pair in head if pair[1]])]
    if run.failure is not None:
        frames = [(f"{f.file}:{f.line}", f.function, f.source) for f in run.failure.frames]
        page.append(Sentence(f"{run.failure.type or run.failure.kind}: {run.failure.message}", good=False))
        page.append(Table(("at", "in", "line"), frames, empty="no line of it is known"))
    if run.params:
        page.append(Fields(list(run.params.items()), title="parameters"))
    if run.inputs:
        page.append(
            Table(("input", "is", "digest"), [(n, i.reference or i.kind, i.digest[:16]) for n, i in run.inputs.items()])
        )
    if run.metrics:
        page.append(Fields([(name, number(value)) for name, value in sorted(run.metrics.items())], title="metrics"))
    if run.artifacts:
        page.append(
            Table(
                ("artifact", "kind", "size", "digest"),
                [(a.name, a.kind, size(a.size_bytes), a.digest[:16]) for a in run.artifacts],
            )
        )
    return page


def _compare_view(comparison: Comparison) -> Page:
    columns = tuple(Id(run).short for run in comparison.runs)

    def table(noun: str, rows: dict[str, tuple[object, ...]], empty: str) -> Table:
        return Table((noun, *columns), [(name, *values) for name, values in rows.items()], empty=empty)

    metrics: dict[str, tuple[object, ...]] = {
        name: tuple(map(number, values)) for name, values in comparison.metrics.items()
    }
    return [
        table("metric", metrics, "none of them has metrics"),
        table("parameter", dict(comparison.params), "the parameters are the same"),
        table(
            "input",
            {name: tuple((v or "")[:12] for v in values) for name, values in comparison.inputs.items()},
            "the inputs are the same",
        ),
        table(
            "fact",
            {name: tuple(v[:16] for v in values) for name, values in comparison.facts.items()},
            "code and status are the same",
        ),
    ]


@command(
    "list",
    of=COMMAND,
    view=_list_view,
    examples=[
        "mainspring runs list",
        "mainspring runs list --status failed --limit 5",
        "mainspring runs list --parent 3fa9c1d2 --json",
    ],
    then=lambda runs: f"mainspring runs show {Id(runs[0].id).short}" if runs else "",
)
@click.option("--kind", type=click.Choice(["pipeline", "step", "script"]), default=None, help="Only this kind.")
@click.option("--pipeline", default="", metavar="NAME", help="Only of this pipeline.")
@click.option("--status", type=click.Choice(_STATUSES), default=None, help="Only with this status.")
@click.option("--parent", default="", metavar="ID", help="The steps of this run.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most this many.")
@click.option("--after", default="", metavar="ID", help="Go on after this run.")
def list_(
    session: Session, *, kind: str | None, pipeline: str, status: str | None, parent: str, limit: int, after: str
) -> list[Run]:
    """List runs, newest first; without --kind or --parent, those that are not a step of another."""
    from mainspring.tracking import ops

    with session.open() as ws:
        if parent:
            parent = ops.show_run(ws, parent).id
        elif kind is None:
            parent = "none"
        after = ops.show_run(ws, after).id if after else ""
        return ops.list_runs(
            ws, kind=kind or "", pipeline=pipeline, status=status or "", parent=parent, limit=limit, after=after
        )


@command(
    "show",
    of=COMMAND,
    view=_show_view,
    examples=["mainspring runs show 3fa9c1d2", "mainspring runs show 3fa9c1d2 --json"],
    then=lambda run: f"mainspring runs list --parent {Id(run.id).short}" if run.kind == "pipeline" else "",
)
@click.argument("run", metavar="ID")
def show(session: Session, *, run: str) -> Run:
    """Show one run; ID may be its first or last characters, 4 or more."""
    from mainspring.tracking import ops

    with session.open() as ws:
        return ops.show_run(ws, run)


@command("compare", of=COMMAND, view=_compare_view, examples=["mainspring runs compare 3fa9c1d2 41c07be0"])
@click.argument("runs", metavar="ID ID...", nargs=-1, required=True)
def compare(session: Session, *, runs: tuple[str, ...]) -> Comparison:
    """Show runs side by side: their metrics, and only what differs in parameters, inputs and code."""
    from mainspring.tracking import ops

    with session.open() as ws:
        return ops.compare_runs(ws, runs=",".join(runs))
