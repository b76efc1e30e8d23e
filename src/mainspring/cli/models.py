"""`mainspring models`: models, their versions and aliases."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
import msgspec

from mainspring.cli.card import card_lines
from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Lines, Page, Part, Sentence, Table, number, size, when
from mainspring.domain.card import Card
from mainspring.domain.model import Alias, ModelDiff, ModelVersion, RegisteredModel
from mainspring.domain.package import Package, Provenance
from mainspring.domain.verdict import Verdict

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND", "ModelPage", "Promotion", "VersionPage"]

COMMAND = group("models", "Models, their versions and aliases.")


class ModelPage(msgspec.Struct, frozen=True):
    """A model with its newest versions."""

    model: RegisteredModel
    versions: tuple[ModelVersion, ...]


class VersionPage(msgspec.Struct, frozen=True):
    """A version with what its package says, what it was made from, and its verdicts, newest first."""

    version: ModelVersion
    package: Package
    provenance: Provenance
    verdicts: tuple[Verdict, ...]


class Promotion(msgspec.Struct, frozen=True):
    """An alias that was moved, or would be if `dry_run`; `before` is the version it pointed to, 0 for none."""

    model: str
    alias: str
    before: int
    version: int
    gate: str
    dry_run: bool


def model_names(ws: "Workspace") -> Iterable[str]:
    """Names a mistyped one could have meant."""
    from mainspring.models import ops

    return [model.name for model in ops.list_models(ws, limit=1000)]


def _gate(passed: bool | None) -> str:
    return {None: "not judged", True: "passed", False: "refused"}[passed]


def _aliases(aliases: Iterable[Alias]) -> str:
    return ", ".join(f"{alias.alias} -> {alias.version}" for alias in aliases)


def _list_view(models: list[RegisteredModel]) -> Page:
    rows = [(m.name, m.versions, _aliases(m.aliases), when(m.created_ms)) for m in models]
    return [
        Table(("model", "versions", "aliases", "since"), rows, empty="no models yet; make one with: mainspring run")
    ]


def _versions_table(versions: Iterable[ModelVersion]) -> Table:
    rows = [
        (
            v.reference,
            ", ".join(v.aliases),
            _gate(v.passed),
            v.flavour,
            v.dataset,
            size(v.size_bytes),
            when(v.created_ms),
        )
        for v in versions
    ]
    return Table(("version", "aliases", "gate", "flavour", "dataset", "size", "registered"), rows)


def verdict_table(verdict: Verdict) -> Table:
    """A verdict's checks with their numbers."""
    rows = [("passed" if c.passed else "refused", c.name, c.group, c.message) for c in verdict.checks]
    return Table(("is", "check", "group", "numbers"), rows, title=f"gate: {verdict.gate} ({when(verdict.at_ms)})")


def _show_view(page: ModelPage | VersionPage) -> Page:
    if isinstance(page, ModelPage):
        head = [
            ("model", page.model.name),
            ("aliases", _aliases(page.model.aliases)),
            ("since", when(page.model.created_ms)),
        ]
        return [Fields(head), _versions_table(page.versions)]
    version, package = page.version, page.package
    parts: list[Part] = [
        Fields(
            [
                ("version", version.reference),
                ("aliases", ", ".join(version.aliases)),
                ("gate", _gate(version.passed)),
                ("package", version.package),
                ("task", version.task),
                ("dataset", version.dataset),
                ("run", version.run_id),
                ("code", page.provenance.snapshot),
                ("size", size(version.size_bytes)),
                ("registered", when(version.created_ms)),
            ]
        ),
        Table(("input", "type"), [(field.name, field.type) for field in package.signature.inputs]),
        Table(("split", "rows", "of"), [(split.name, number(split.rows), split.dataset) for split in package.splits]),
    ]
    if page.provenance.params:
        parts.append(Fields(list(page.provenance.params.items()), title="parameters"))
    if page.verdicts:
        parts.append(verdict_table(page.verdicts[0]))
    return parts


def _promote_view(promotion: Promotion) -> Page:
    verb = "would point" if promotion.dry_run else "points"
    before = f", before it was version {promotion.before}" if promotion.before else ""
    return [
        Sentence(f"{promotion.alias} of {promotion.model} {verb} to version {promotion.version}{before}", good=True)
    ]


def _diff_view(diff: ModelDiff) -> Page:
    said = "the packages are the same bytes" if diff.identical_bytes else "the packages differ"
    rows = [(d.area, d.name, d.a, d.b) for d in diff.differences]
    return [Sentence(said), Table(("area", "name", diff.a, diff.b), rows, empty="nothing else differs")]


@command(
    "list",
    of=COMMAND,
    view=_list_view,
    examples=["mainspring models list", "mainspring models list --json"],
    then=lambda models: f"mainspring models show {models[0].name}" if models else "",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most this many.")
@click.option("--after", default="", metavar="NAME", help="Go on after this model.")
def list_(session: Session, *, limit: int, after: str) -> list[RegisteredModel]:
    """List models by name, with their aliases."""
    from mainspring.models import ops

    with session.open() as ws:
        return ops.list_models(ws, limit=limit, after=after)


@command(
    "show",
    of=COMMAND,
    view=_show_view,
    examples=["mainspring models show arrival-delay", "mainspring models show arrival-delay@champion"],
    names=model_names,
)
@click.argument("reference", metavar="NAME[@VERSION]")
def show(session: Session, *, reference: str) -> ModelPage | VersionPage:
    """Show a model with its versions, or one version by number or alias with its gate."""
    from mainspring.models import ops

    with session.open_reference(reference) as (ws, parsed):
        if parsed.at:
            return version_page(ws, parsed.name, parsed.at)
        return ModelPage(
            model=ops.show_model(ws, parsed.name), versions=tuple(ops.list_versions(ws, parsed.name, limit=20))
        )


def version_page(ws: "Workspace", model: str, at: str) -> VersionPage:
    """All that is known of one version."""
    from mainspring.models import ops

    return VersionPage(
        version=ops.show_version(ws, model, at),
        package=ops.show_package(ws, model, at),
        provenance=ops.show_provenance(ws, model, at),
        verdicts=tuple(ops.list_verdicts(ws, model, at)),
    )


@command(
    "card",
    of=COMMAND,
    view=lambda made: [Lines(card_lines(made))],
    examples=["mainspring models card arrival-delay@champion > CARD.md"],
    names=model_names,
)
@click.argument("reference", metavar="NAME[@VERSION]")
def card(session: Session, *, reference: str) -> Card:
    """Write the model card of a version as Markdown; without a version, of the champion."""
    from mainspring.governance import ops as governance
    from mainspring.models import ops

    with session.open_reference(reference) as (ws, parsed):
        version = ops.show_version(ws, parsed.name, parsed.at or "champion")
        return governance.show_card(ws, version.model, version.version)


@command(
    "promote",
    of=COMMAND,
    view=_promote_view,
    examples=[
        "mainspring models promote arrival-delay@2",
        "mainspring models promote arrival-delay@2 --alias candidate --dry-run",
        "mainspring models promote arrival-delay@2 --expect 1 --reason 'winter schedule'",
    ],
    then=lambda promotion: "" if promotion.dry_run else f"mainspring deploy {promotion.model}@{promotion.alias}",
    names=model_names,
)
@click.argument("reference", metavar="NAME@VERSION")
@click.option("--alias", default="champion", show_default=True, help="The alias to move.")
@click.option(
    "--expect", type=int, default=None, metavar="VERSION", help="Refuse if the alias points elsewhere now; 0: nowhere."
)
@click.option("--reason", default="", help="Why; kept in the history.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
def promote(
    session: Session, *, reference: str, alias: str, expect: int | None, reason: str, dry_run: bool
) -> Promotion:
    """Point an alias at a version that passed its gate; refused with 4 if it did not."""
    from mainspring.models import ops
    from mainspring.models.errors import AliasMoved, NoPassingVerdict

    with session.open_reference(reference, needs_version=True) as (ws, parsed):
        model = ops.show_model(ws, parsed.name)
        version = ops.show_version(ws, parsed.name, parsed.at)
        before = next((a.version for a in model.aliases if a.alias == alias), 0)
        verdicts = ops.list_verdicts(ws, parsed.name, parsed.at, limit=1)
        if dry_run and expect not in (None, before):
            raise AliasMoved(model=model.name, alias=alias, expected=expect, found=before)
        if dry_run and not version.passed:
            reason = f"gate '{verdicts[0].gate}' did not pass" if verdicts else "no gate has judged it"
            raise NoPassingVerdict(alias=alias, model=model.name, version=version.version, reason=reason)
        if not dry_run:
            ops.set_alias(ws, model.name, alias=alias, version=version.version, expected=expect, reason=reason)
        gate = verdicts[0].gate if verdicts else ""
        return Promotion(model.name, alias, before, version.version, gate, dry_run)


@command(
    "diff",
    of=COMMAND,
    view=_diff_view,
    examples=["mainspring models diff arrival-delay@1 arrival-delay@2"],
    names=model_names,
)
@click.argument("a", metavar="NAME@VERSION")
@click.argument("b", metavar="NAME@VERSION")
def diff(session: Session, *, a: str, b: str) -> ModelDiff:
    """Show what differs between two versions: parameters, columns, rows, gates, environment, bytes."""
    from mainspring.models import ops

    with session.open() as ws:
        return ops.diff(ws, a=a, b=b)
