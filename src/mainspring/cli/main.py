"""The entry point: finds the command, runs it, and turns what it raises into a sentence and an exit code."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from mainspring.cli.catalogue import CATALOGUE, SECTIONS
from mainspring.cli.frame import global_options, unknown_command
from mainspring.cli.report import report
from mainspring.cli.session import Session

__all__ = ["main", "root"]

_EXAMPLES = """Examples:
  mainspring demo                        the whole loop, on a year of real flights
  mainspring init prices && cd prices    a project of your own
  mainspring run && mainspring deploy    train it, gate it, serve it
"""


class Root(click.Group):
    """The top of the command line; loads the file of the one command that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(CATALOGUE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = CATALOGUE.get(cmd_name)
        if entry is None:
            return None
        made = importlib.import_module(f"mainspring.cli.{entry.module}").COMMAND
        assert isinstance(made, click.Command)
        return made

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in CATALOGUE and not args[0].startswith("-"):
            raise unknown_command(args[0], CATALOGUE, ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(_EXAMPLES + "\n")
        super().format_help(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in SECTIONS:
            with formatter.section(section):
                formatter.write_dl(
                    [(name, entry.summary) for name, entry in CATALOGUE.items() if entry.section == section]
                )

    # Any: the signature is click's; its overload for standalone mode does not apply, since this always exits.
    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run the command line and exit with its code; see docs/cli.md for the table of codes."""
        words = list(sys.argv[1:] if args is None else args)
        session = Session()
        extra.update(standalone_mode=False, obj=session)
        try:
            code = super().main(words, prog_name or "mainspring", **extra)
        except BaseException as error:  # noqa: BLE001 - the process's edge: every end gets its exit code
            session.json = session.json or "--json" in words
            code = report(error, session)
        sys.exit(code if isinstance(code, int) else 0)


def _version() -> str:
    from importlib.metadata import version

    return version("mainspring")


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"mainspring {_version()}")
        ctx.exit()


root = Root(
    name="mainspring",
    help="One system for the whole life of a machine-learning model.",
    params=[
        *global_options(),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Show the version.",
        ),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def main() -> None:
    """The `mainspring` command."""
    root.main()
