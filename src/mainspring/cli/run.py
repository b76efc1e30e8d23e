"""`mainspring run`: a pipeline of the project, and what its model is worth."""

from typing import TYPE_CHECKING, Any

import click
import msgspec

from mainspring.cli.errors import LocalOnly, PairInvalid
from mainspring.cli.frame import command
from mainspring.cli.models import verdict_table
from mainspring.cli.project import add_first_data, choose_pipeline, load_pipelines, read_param
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, Part, Sentence, Table, duration, number
from mainspring.domain.model import ModelVersion
from mainspring.domain.run import Run
from mainspring.domain.verdict import Verdict

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND", "RunPage"]


class RunPage(msgspec.Struct, frozen=True):
    """A run with its steps; where it made a model and judged it, the version and the verdict of its gate."""

    run: Run
    steps: tuple[Run, ...]
    version: ModelVersion | None = None
    verdict: Verdict | None = None


def _view(page: RunPage) -> Page:
    run = page.run
    rows = [
        (s.name, "from the cache" if s.cached_from else s.status, duration(s.ended_ms - s.started_ms))
        for s in page.steps
    ]
    parts: list[Part] = [
        Fields(
            [("run", run.id), ("pipeline", run.pipeline or run.name), ("took", duration(run.ended_ms - run.started_ms))]
        ),
        Table(("step", "is", "took"), rows),
    ]
    if run.metrics:
        parts.append(Fields([(name, number(value)) for name, value in sorted(run.metrics.items())], title="metrics"))
    if page.version is not None and page.verdict is not None:
        aliases = f" ({', '.join(page.version.aliases)})" if page.version.aliases else ""
        passed = "passed" if page.verdict.passed else "was refused by"
        parts += [
            verdict_table(page.verdict),
            Sentence(f"{page.version.reference}{aliases} {passed} its gate", good=page.verdict.passed),
        ]
    return parts


def _then(page: RunPage) -> str:
    if page.version is None:
        return f"mainspring runs show {page.run.id[-8:]}"
    if page.version.aliases:
        return "mainspring deploy"
    return f"mainspring models diff {page.version.model}@champion {page.version.reference}"


@command(
    "run",
    view=_view,
    examples=[
        "mainspring run",
        "mainspring run house-prices --param trees=300",
        "mainspring run house-prices --input houses=houses@2",
    ],
    then=_then,
    exit_code=lambda page: 4 if page.verdict is not None and not page.verdict.passed else 0,
)
@click.argument("pipeline", required=False, default="")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; JSON, or text.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=REF", help="An input, such as houses=houses@2.")
def COMMAND(session: Session, *, pipeline: str, params: tuple[str, ...], inputs: tuple[str, ...]) -> RunPage:  # noqa: N802
    """Run a pipeline of the project.

    Steps whose code, parameters and inputs are as before are taken from the cache. A dataset that is not named with --input
    is the newest version of the one of that name. A model that comes out with an evaluation is registered and judged by its
    gate, and the first to pass becomes the champion; exits with 4 if the gate refuses it.
    """
    if session.is_remote:
        raise LocalOnly(command="run", workspace=session.workspace)
    config = session.config
    chosen = choose_pipeline(load_pipelines(config), pipeline, module=config.pipelines)
    values = {name: read_param(chosen, name, text) for name, text in _pairs(params)}
    with session.open_project() as ws:
        values |= dict(_pairs(inputs))
        for name, kind in chosen.inputs.items():
            if kind == "dataset" and name not in values:
                values[name] = _dataset(session, ws, name)
        with session.waiting(f"running {chosen.name}"):
            run = chosen.run(ws, **values)
        return _page(ws, run)


def _dataset(session: Session, ws: "Workspace", name: str) -> str:
    first = session.config.data.get(name)
    added = add_first_data(ws, name, first) if first else None
    if added and first:
        session.say(f"{added.reference} begins with {first.file.name}: {added.rows:,} rows")
    return name


def _page(ws: "Workspace", run: Run) -> RunPage:
    from mainspring.loop import admission
    from mainspring.models import ops as models
    from mainspring.tracking import ops

    steps = tuple(reversed(ops.list_runs(ws, parent=run.id, kind="step", limit=1000)))
    kinds = {artifact.kind for artifact in run.artifacts}
    if not {"model", "evaluation"} <= kinds:
        return RunPage(run=run, steps=steps)
    version = admission.admit(ws, (run.pipeline or run.name).replace("_", "-"), run=run.id)
    verdicts = models.list_verdicts(ws, version.model, str(version.version), limit=1)
    return RunPage(run=run, steps=steps, version=version, verdict=verdicts[0])


# Any: values of parameters join these texts.
def _pairs(texts: tuple[str, ...]) -> list[tuple[str, Any]]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise PairInvalid(text=name)
    return [(name, value) for name, _, value in pairs]
