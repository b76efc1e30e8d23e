"""The model card of a version as Markdown: what it was made from, judged by, takes, and what nobody has written yet."""

from collections.abc import Iterator

from mainspring.cli.view import number, size, when
from mainspring.domain.card import Card

__all__ = ["card_lines"]


def card_lines(card: Card) -> list[str]:
    """The lines of the card."""
    version = card.version
    known_as = f", known as {', '.join(version.aliases)}" if version.aliases else ""
    return [
        f"# {version.reference}",
        "",
        f"A {version.task} model ({version.flavour}), registered {when(version.created_ms)} UTC{known_as}.",
        "",
        *_origin(card),
        *_judgement(card),
        *_signature(card),
        *_missing(card),
    ]


def _origin(card: Card) -> Iterator[str]:
    yield from ("## Made from", "", "| what | is |", "| --- | --- |")
    yield f"| package | `{card.version.package}` ({size(card.version.size_bytes)}) |"
    yield f"| run | `{card.run_id}` of pipeline {_cell(card.pipeline)}, {when(card.trained_ms)} UTC |"
    yield f"| code | `{card.snapshot}` |"
    for dataset in card.datasets:
        yield f"| dataset | {_cell(dataset)} |"
    for split in card.splits:
        yield f"| rows of split {_cell(split.name)} | {number(split.rows)} of {_cell(split.dataset)} |"
    for name, value in card.params.items():
        yield f"| parameter {_cell(name)} | {_cell(value)} |"
    reproduced = f"{when(card.reproduced_ms)} UTC" if card.reproduced_ms else "never"
    yield f"| made again bit for bit | {reproduced} |"
    yield ""


def _judgement(card: Card) -> Iterator[str]:
    yield from ("## Judged by", "")
    if not card.verdicts:
        yield from ("No gate has judged it.", "")
        return
    latest = card.verdicts[0]
    word = "Passed" if latest.passed else "Refused by"
    yield f"{word} the gate {_cell(latest.gate)} on {when(latest.at_ms)} UTC, {_cell(latest.data)}."
    yield from ("", "| check | group | passed | numbers |", "| --- | --- | --- | --- |")
    for check in latest.checks:
        passed = "yes" if check.passed else "no"
        yield f"| {_cell(check.name)} | {_cell(check.group)} | {passed} | {_cell(check.message)} |"
    yield ""


def _signature(card: Card) -> Iterator[str]:
    yield from ("## Takes", "", "| column | type | may be null |", "| --- | --- | --- |")
    for field in card.signature.inputs:
        yield f"| {_cell(field.name)} | {field.type} | {'yes' if field.nullable else 'no'} |"
    yield from ("", f"Made with Python {card.python} and {', '.join(card.requirements)}.", "")


def _missing(card: Card) -> Iterator[str]:
    if card.endpoints:
        yield from (f"Served at {', '.join(card.endpoints)}.", "")
    if card.missing:
        yield from ("## Not written yet", "")
        yield from (f"- {item}" for item in card.missing)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
