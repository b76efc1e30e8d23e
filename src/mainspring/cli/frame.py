"""The frame of every command: global options anywhere, examples first in `--help`, answers through one door."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from mainspring.cli.session import Session
from mainspring.cli.view import View

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Command", "Noun", "command", "global_options", "group", "unknown_command"]

P = ParamSpec("P")
T = TypeVar("T")
Names = Callable[["Workspace"], Iterable[str]]

_EVERYWHERE = "--workspace, --project, --json, --plain, -q, -v and --color work here too; see: mainspring --help"


def _set_flag(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None and param.name is not None:
        ctx.ensure_object(Session).flags[param.name] = value


def _set_field(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value and param.name is not None:
        setattr(ctx.ensure_object(Session), param.name, value)


def global_options() -> list[click.Option]:
    """Fresh copies of the options that every command takes."""
    flag = functools.partial(click.Option, is_flag=True, expose_value=False, callback=_set_field)
    text = functools.partial(click.Option, expose_value=False, callback=_set_flag)
    return [
        text(
            ["--workspace"],
            metavar="PATH|URL",
            help="The workspace: a folder, or a server's URL.  [default: ./.mainspring]",
        ),
        text(["--project"], metavar="NAME", help="The project.  [default: default]"),
        flag(["--json"], help="Answer as one line of JSON with a versioned schema."),
        flag(["--plain"], help="Answer as tab-separated records, one a line."),
        flag(["-q", "--quiet"], help="No progress and no hints."),
        flag(["-v", "--verbose"], help="Show tracebacks and logs."),
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            expose_value=False,
            callback=_set_field,
            help="Colour; NO_COLOR works too.  [default: auto]",
        ),
    ]


class Command(click.Command):
    """A command with examples, and the global options accepted after it."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), names: Names | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.names = names
        self.answer_type: Any = None
        self.params.extend(global_options())

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_examples(self.examples, formatter)
        super().format_help(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [p.get_help_record(ctx) for p in self.params if p.expose_value and isinstance(p, click.Option)]
        own.append(("--help", "Show this."))
        with formatter.section("Options"):
            formatter.write_dl([record for record in own if record])
        formatter.write_paragraph()
        formatter.write_text(_EVERYWHERE)


class Noun(click.Group):
    """The commands of one noun."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown_command(args[0], self.commands, ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        examples = [command.examples[0] for command in self.commands.values() if isinstance(command, Command)]
        _write_examples(examples, formatter)
        super().format_help(ctx, formatter)


def _write_examples(examples: Iterable[str], formatter: click.HelpFormatter) -> None:
    formatter.write("Examples:\n")
    for line in examples:
        formatter.write(f"  {line}\n")
    formatter.write_paragraph()


def unknown_command(word: str, known: Iterable[str], ctx: click.Context) -> click.UsageError:
    """The error for a command that is not there, with the nearest one that is."""
    near = difflib.get_close_matches(word, list(known), n=1)
    meant = f", did you mean {near[0]!r}?" if near else ""
    return click.UsageError(f"there is no command {word!r}{meant}", ctx=ctx)


def _path(ctx: click.Context) -> str:
    """The command's words after `mainspring`."""
    parts = []
    here: click.Context | None = ctx
    while here is not None and here.parent is not None:
        parts.append(here.info_name or "")
        here = here.parent
    return " ".join(reversed(parts))


def group(name: str, summary: str) -> Noun:
    """A new noun."""
    return Noun(name, help=summary, params=list(global_options()))


# Any: click calls back with whatever its parameters made; the decorated function's own annotations are the contract.
def command(
    name: str,
    *,
    view: View[Any],
    examples: Sequence[str],
    of: Noun | None = None,
    then: Callable[[Any], str] | None = None,
    names: Names | None = None,
    exit_code: Callable[[Any], int] | None = None,
    answer: str = "",
) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function that takes the session and returns its answer.

    view turns the answer into what a person sees; then gives the next command to hint; names lists what a
    mistyped name could have meant; exit_code is for an answer that is no error and still not 0;
    answer is the type of the answer as `module:Name` where importing it would slow down `--help`.
    """

    def decorate(function: Callable[..., Any]) -> Command:
        @functools.wraps(function)
        def callback(**arguments: Any) -> None:
            session = click.get_current_context().ensure_object(Session)
            session.command = _path(click.get_current_context())
            session.names = names
            value = function(session, **arguments)
            session.answer(value, view)
            if then is not None and session.is_interactive and (hint := then(value)):
                session.say(f"next: {hint}")
            if exit_code is not None and (code := exit_code(value)):
                raise click.exceptions.Exit(code)

        params = list(reversed(getattr(function, "__click_params__", [])))
        made = Command(
            name,
            callback=callback,
            params=params,
            help=inspect.getdoc(function),
            examples=examples,
            names=names,
        )
        made.answer_type = answer or inspect.get_annotations(function).get("return")
        if of is not None:
            of.add_command(made)
        return made

    return decorate
