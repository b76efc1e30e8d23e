"""Writes docs/cli.md from the commands themselves: `python -m mainspring.cli.reference > docs/cli.md`."""

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator
from typing import Any

import click
import msgspec

import mainspring
from mainspring.cli.catalogue import CATALOGUE
from mainspring.cli.config import CONFIG_KEYS
from mainspring.cli.frame import Command, Noun
from mainspring.cli.main import root
from mainspring.cli.report import EXIT_CODES
from mainspring.cli.session import ENVIRONMENT
from mainspring.cli.wire import schema_name
from mainspring.kernel.errors import CODES

__all__ = ["answer_type", "commands", "load_everything", "render", "type_name"]

_NOT_IMPORTED = ("mainspring.storage.migrations", "mainspring.cli.templates", "mainspring.cli.reference")
_WIDTH = 110

_HEAD = """# The command line

Made from the commands themselves by `python -m mainspring.cli.reference`; a test holds it to them.

Data goes to stdout; progress, hints and errors go to stderr. Where stdout is no terminal there is no colour and no bar.
An id may be shortened to its first or last characters, 4 or more; lists show its last 8.
"""
_JSON = """## JSON

With `--json` a command answers one line, `{"schema": "mainspring/<command>/1", "data": ...}`. The number grows when a field
goes or changes its meaning; new fields may come at any time. The type of `data` is named with each command, and the types
are listed at the end. An error answers `{"schema": "mainspring/error/1", "error": {"code", "message", "hint", "fields"}}` as well as
its line on stderr.
"""


def load_everything() -> None:
    """Import every module of the package, so that each error and op is registered."""
    for module in pkgutil.walk_packages(mainspring.__path__, "mainspring."):
        if not module.name.startswith(_NOT_IMPORTED) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def commands() -> Iterator[tuple[str, Command]]:
    """Every command with its words, in the order of the catalogue."""
    for name in CATALOGUE:
        entry = root.get_command(click.Context(root), name)
        if isinstance(entry, Noun):
            yield from ((f"{name} {verb}", made) for verb, made in entry.commands.items() if isinstance(made, Command))
        elif isinstance(entry, Command):
            yield name, entry


def render() -> str:
    """The whole page."""
    load_everything()
    parts = [_HEAD, _code(_help(root, "mainspring")), _exit_codes(), _settings(), _JSON]
    seen: dict[str, type[msgspec.Struct]] = {}
    for words, command in commands():
        answered = answer_type(command)
        _collect(answered, seen)
        answer = f"Schema `{schema_name(words)}`, data: {type_name(answered)}."
        parts += [f"## mainspring {words}\n", _code(_help(command, f"mainspring {words}")), answer + "\n"]
    parts.append("## Types\n")
    parts += [_struct(seen[name]) for name in sorted(seen)]
    parts.append(_errors())
    return "\n".join(parts)


# Any: a type form.
def answer_type(command: Command) -> Any:
    """The type of a command's answer."""
    if not isinstance(command.answer_type, str):
        return command.answer_type
    module, _, name = command.answer_type.partition(":")
    return getattr(importlib.import_module(module), name)


def _help(command: click.Command, words: str) -> str:
    context = click.Context(
        command, info_name=words, terminal_width=_WIDTH, max_content_width=_WIDTH, help_option_names=["-h", "--help"]
    )
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _code(text: str) -> str:
    return f"```text\n{text}\n```\n"


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["## Exit codes\n", "| code | meaning |", "| --- | --- |", *rows, ""])


def _settings() -> str:
    head = "## Settings\n\nA flag wins over a variable of the environment, which wins over `mainspring.toml`, looked for from the working\ndirectory upwards.\n"
    rows = [
        f"| `{name}` | {meaning} |"
        for name, meaning in (
            *ENVIRONMENT.items(),
            *((f"{key}` in `mainspring.toml", text) for key, text in CONFIG_KEYS.items()),
        )
    ]
    return "\n".join([head, "| setting | meaning |", "| --- | --- |", *rows, ""])


def _errors() -> str:
    rows = [
        f"| `{code}` | {cls.exit_code} | {_cell(cls.template)} | {_cell(cls.hint)} |"
        for code, cls in sorted(CODES.items())
        if code and cls.__module__.startswith("mainspring.")
    ]
    return "\n".join(
        ["## Errors\n", "| code | exit | what happened | what to do |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _struct(cls: type[msgspec.Struct]) -> str:
    hints = typing.get_type_hints(cls)
    rows = [f"| `{field.encode_name}` | {type_name(hints[field.name])} |" for field in msgspec.structs.fields(cls)]
    first = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
    return "\n".join([f"### {cls.__name__}\n", first + "\n", "| field | type |", "| --- | --- |", *rows, ""])


# Any: a type form, which is whatever an annotation can be.
def type_name(hint: Any) -> str:
    """A type in words."""
    if isinstance(hint, typing.NewType):
        return type_name(hint.__supertype__)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (list, tuple):
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"object of {type_name(arguments[1])}"
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(type_name(argument) for argument in arguments)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null", Any: "anything"}
    return names.get(hint, getattr(hint, "__name__", str(hint)))


def _collect(hint: Any, seen: dict[str, type[msgspec.Struct]]) -> None:
    for argument in typing.get_args(hint):
        _collect(argument, seen)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint.__name__ not in seen:
        seen[hint.__name__] = hint
        for inner in typing.get_type_hints(hint).values():
            _collect(inner, seen)


if __name__ == "__main__":
    click.echo(render(), nl=False)
