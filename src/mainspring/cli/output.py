"""Writes an answer to stdout: as JSON, as plain records, as aligned columns, or with colour on a terminal."""

import sys
import unicodedata
from collections.abc import Sequence

import click

from mainspring.cli.view import Fields, Id, Lines, Page, Part, Sentence, Table

__all__ = ["clean", "explain", "write_aligned", "write_plain", "write_rich"]


def clean(value: object) -> str:
    """`value` as one line without control characters, so that no stored text can steer the terminal."""
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if not unicodedata.category(c).startswith("C") else " " for c in text)


def _cell(value: object) -> str:
    return clean(value.short if isinstance(value, Id) else value)


def write_plain(page: Page) -> None:
    """One record a line, tab-separated, without headers or cut values."""
    for part in page:
        match part:
            case Table():
                for row in part.rows:
                    click.echo("\t".join(clean(cell) for cell in row))
            case Fields():
                for name, value in part.pairs:
                    click.echo(f"{name}\t{clean(value)}")
            case Sentence():
                click.echo(clean(part.text))
            case Lines():
                click.echo("\n".join(map(clean, part.lines)))


def write_aligned(page: Page) -> None:
    """Columns aligned with spaces on stdout; what a pipe or a file gets."""
    click.echo(_text(page))


def explain(page: Page) -> None:
    """Columns aligned with spaces on stderr: the evidence for the error that follows."""
    click.echo(_text(page) + "\n", err=True)


def _text(page: Page) -> str:
    return "\n\n".join("\n".join(_lines(part)) for part in page)


def _lines(part: Part) -> list[str]:
    match part:
        case Sentence():
            return [clean(part.text)]
        case Lines():
            return [clean(line) for line in part.lines]
        case Fields():
            title = [part.title] if part.title else []
            return title + _align([(name, clean(value)) for name, value in part.pairs])
        case Table():
            title = [part.title] if part.title else []
            if not part.rows:
                return [*title, part.empty]
            return title + _align([part.columns, *([_cell(cell) for cell in row] for row in part.rows)])


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def write_rich(page: Page, *, force: bool) -> None:
    """Tables with a bold head and coloured verdicts, cut to the terminal's width."""
    # Lazy: rich takes 60 ms to import and a pipe never needs it.
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=sys.stdout, force_terminal=True if force else None, highlight=False, markup=False, emoji=False
    )
    for position, part in enumerate(page):
        if position:
            console.print()
        if isinstance(part, Table | Fields) and part.title:
            console.print(Text(part.title, style="bold"))
        match part:
            case Sentence():
                style = {True: "green", False: "red", None: ""}[part.good]
                console.print(Text(clean(part.text), style=style), soft_wrap=True)
            case Lines():
                console.print(Text("\n".join(map(clean, part.lines))), soft_wrap=True)
            case Fields():
                console.print(_rich_fields(part))
            case Table() if part.rows:
                console.print(_rich_table(part))
            case Table():
                console.print(Text(part.empty, style="dim"), soft_wrap=True)


# object: rich is imported lazily, so its Table cannot be named here at run time.
def _rich_fields(fields: Fields) -> object:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields.pairs:
        grid.add_row(Text(name), Text(clean(value)))
    return grid


def _rich_table(table: Table) -> object:
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for position, column in enumerate(table.columns):
        shown.add_column(column, no_wrap=position == 0, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(_cell(cell)) for cell in row))
    return shown
