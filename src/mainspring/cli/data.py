"""`mainspring data`: datasets and their versions."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from mainspring.cli.data_views import (
    DatasetPage,
    analyse_view,
    diff_view,
    list_view,
    report_view,
    show_view,
    version_view,
    violations_table,
)
from mainspring.cli.errors import FileMissing
from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.domain.dataset import Analysis, AppendMode, Dataset, DatasetDiff, DatasetVersion
from mainspring.domain.schema import Report

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["COMMAND"]

COMMAND = group("data", "Datasets and their versions.")


def dataset_names(ws: "Workspace") -> Iterable[str]:
    """Names a mistyped one could have meant."""
    from mainspring.data import ops

    return [dataset.name for dataset in ops.list_datasets(ws, limit=1000)]


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise FileMissing(path=file)
    return file


@command(
    "add",
    of=COMMAND,
    view=version_view,
    examples=[
        "mainspring data add flights january.parquet --event-time departed_at",
        "mainspring data add houses houses.csv --key house_id",
        "mainspring data add houses corrected.csv --replace",
    ],
    then=lambda version: f"mainspring data analyse {version.reference}",
)
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--event-time", default="", metavar="COLUMN", help="The column that tells when a row happened.")
@click.option("--key", multiple=True, metavar="COLUMN", help="A column that names a row; may be given more than once.")
@click.option("--replace", is_flag=True, help="The file is all of the new version, not an addition to the last.")
def add(
    session: Session, *, name: str, file: Path, event_time: str, key: tuple[str, ...], replace: bool
) -> DatasetVersion:
    """Add the rows of a CSV, Parquet or Arrow file as a new version.

    The first version's schema is inferred; later files are validated against it. A file that breaks it is refused with 4,
    kept in quarantine with its report, and none of its rows enters.
    """
    from mainspring import data
    from mainspring.data.errors import DataRefused

    mode: AppendMode = "replace" if replace else "append"
    with session.open_project() as ws:
        try:
            return data.add(ws, name, _existing(file), mode=mode, event_time=event_time, key=key)
        except DataRefused as refused:
            session.explain([violations_table(msgspec.convert(refused.fields["report"], Report))])
            raise


@command(
    "list",
    of=COMMAND,
    view=list_view,
    examples=["mainspring data list", "mainspring data list --json"],
    then=lambda datasets: f"mainspring data show {datasets[0].name}" if datasets else "",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most this many.")
@click.option("--after", default="", metavar="NAME", help="Go on after this dataset.")
def list_(session: Session, *, limit: int, after: str) -> list[Dataset]:
    """List datasets by name, with their newest version."""
    from mainspring.data import ops

    with session.open() as ws:
        return ops.list_datasets(ws, limit=limit, after=after)


@command(
    "show",
    of=COMMAND,
    view=show_view,
    examples=["mainspring data show flights", "mainspring data show flights@3"],
    names=dataset_names,
)
@click.argument("reference", metavar="NAME[@VERSION]")
def show(session: Session, *, reference: str) -> DatasetPage | DatasetVersion:
    """Show a dataset with its versions and what was refused, or one version with its parts."""
    from mainspring import data
    from mainspring.data import ops

    with session.open_reference(reference) as (ws, parsed):
        if parsed.at:
            return data.resolve(ws, reference)
        return DatasetPage(
            dataset=ops.show_dataset(ws, parsed.name),
            versions=tuple(ops.list_versions(ws, parsed.name, limit=1000)),
            quarantined=tuple(ops.list_quarantined(ws, parsed.name)),
        )


@command(
    "analyse",
    of=COMMAND,
    view=analyse_view,
    examples=["mainspring data analyse flights", "mainspring data analyse flights@1 --json"],
    names=dataset_names,
)
@click.argument("reference", metavar="NAME[@VERSION]")
def analyse(session: Session, *, reference: str) -> Analysis:
    """Show a version's schema and profile: type, nulls, range, distinct and frequent values of each column."""
    from mainspring import data
    from mainspring.data import ops

    with session.open_reference(reference) as (ws, parsed):
        return ops.analyse(ws, parsed.name, number=data.resolve(ws, reference).number)


@command(
    "diff",
    of=COMMAND,
    view=diff_view,
    examples=["mainspring data diff flights", "mainspring data diff flights@1 flights@3"],
    names=dataset_names,
)
@click.argument("base", metavar="NAME[@VERSION]")
@click.argument("other", metavar="[NAME@VERSION]", required=False, default="")
def diff(session: Session, *, base: str, other: str) -> DatasetDiff:
    """Show what changed between two versions; with one name, between its newest version and the one before."""
    from mainspring import data
    from mainspring.cli.errors import DifferentDatasets
    from mainspring.data import ops

    with session.open_reference(base) as (ws, parsed):
        if not other:
            return ops.diff(ws, parsed.name, other=parsed.version or 0)
        first, second = data.resolve(ws, base), data.resolve(ws, other)
        if first.dataset != second.dataset:
            raise DifferentDatasets(a=first.dataset, b=second.dataset)
        return ops.diff(ws, parsed.name, base=first.number, other=second.number)


@command(
    "validate",
    of=COMMAND,
    view=report_view,
    examples=["mainspring data validate flights february.parquet"],
    exit_code=lambda report: 0 if report.valid else 4,
    names=dataset_names,
)
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
def validate(session: Session, *, name: str, file: Path) -> Report:
    """Say what adding a file would say, and record nothing; exits with 4 if it would be refused."""
    from mainspring import data

    with session.open() as ws:
        return data.validate_source(ws, name, _existing(file))
