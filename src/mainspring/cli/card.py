"""The model card of a version as Markdown: what it is for, made from, judged by, and what it takes."""

from collections.abc import Iterator, Sequence

from mainspring.cli.view import number, size, when
from mainspring.domain.model import ModelVersion
from mainspring.domain.package import Package, Provenance
from mainspring.domain.verdict import Verdict

__all__ = ["card"]


def card(version: ModelVersion, package: Package, provenance: Provenance, verdicts: Sequence[Verdict]) -> list[str]:
    """The lines of the card."""
    return [
        f"# {version.reference}",
        "",
        f"A {package.task} model ({package.flavour}), registered {when(version.created_ms)} UTC"
        + (f", known as {', '.join(version.aliases)}." if version.aliases else "."),
        "",
        *_origin(version, package, provenance),
        *_judgement(verdicts),
        *_signature(package),
    ]


def _origin(version: ModelVersion, package: Package, provenance: Provenance) -> Iterator[str]:
    yield from ("## Made from", "", "| what | is |", "| --- | --- |")
    yield f"| package | `{version.package}` ({size(version.size_bytes)}) |"
    yield f"| run | `{version.run_id}` |"
    yield f"| code | `{provenance.snapshot}` |"
    for dataset in provenance.datasets:
        yield f"| dataset | {_cell(dataset)} |"
    for split in package.splits:
        yield f"| rows of {_cell(split.name)} | {number(split.rows)} of {_cell(split.dataset)} |"
    for name, value in provenance.params.items():
        yield f"| parameter {_cell(name)} | {_cell(value)} |"
    yield ""


def _judgement(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield from ("## Judged by", "")
    if not verdicts:
        yield from ("No gate has judged it.", "")
        return
    latest = verdicts[0]
    word = "Passed" if latest.passed else "Refused by"
    yield from (
        f"{word} {_cell(latest.gate)} on {when(latest.at_ms)} UTC.",
        "",
        "| check | group | passed | numbers |",
        "| --- | --- | --- | --- |",
    )
    for check in latest.checks:
        yield f"| {_cell(check.name)} | {_cell(check.group)} | {'yes' if check.passed else 'no'} | {_cell(check.message)} |"
    yield ""


def _signature(package: Package) -> Iterator[str]:
    yield from ("## Takes", "", "| column | type | may be null |", "| --- | --- | --- |")
    for field in package.signature.inputs:
        yield f"| {_cell(field.name)} | {field.type} | {'yes' if field.nullable else 'no'} |"
    yield from ("", f"It was made with Python {package.python} and " + ", ".join(package.requirements) + ".")


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
