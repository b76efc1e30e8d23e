"""The commands that pages offer are commands that exist, with the arguments they take."""

import html
import re
import shlex

import click
import pytest

from mainspring.cli.main import root
from mainspring.workspace import Workspace

from .conftest import Get, app_over, asker
from .world import PAGES, World, answers


def commands_of(get: Get, prefix: str = "/p/default") -> set[str]:
    found: set[str] = set()
    for path in PAGES.values():
        text = get(path.replace("/p/default", prefix)).text
        found.update(html.unescape(command) for command in re.findall(r'data-copy="([^"]*)"', text))
    return {part.strip() for command in found for part in command.split("&&")}


def parse(words: list[str]) -> click.Context:
    """The context of a command line; raises UsageError where it is not one."""
    command: click.Command = root
    context = click.Context(root, info_name="mainspring")
    while isinstance(command, click.Group):
        name, chosen, words = command.resolve_command(context, words)
        assert chosen is not None
        command, context = chosen, click.Context(chosen, parent=context, info_name=name)
    return command.make_context(command.name, words, parent=context.parent)


def test_every_command_on_every_page_can_be_typed(get: Get, ws: Workspace) -> None:
    commands = commands_of(get) | commands_of(asker(app_over(ws)))
    wrong = []

    for command in sorted(commands):
        program, *words = shlex.split(command)
        if program == "mainspring":
            try:
                parse(words)
            except click.UsageError as error:
                wrong.append((command, error.format_message()))

    assert len(commands) > 15
    assert wrong == []


def test_a_wrong_command_would_be_found() -> None:
    with pytest.raises(click.UsageError):
        parse(["runs", "show", "--no-such-option"])


def test_commands_of_another_project_name_it() -> None:
    get = asker(app_over(World(answers(), project="prices")))

    commands = {
        command
        for command in commands_of(get, "/p/prices")
        if command.startswith("mainspring ") and "doctor" not in command
    }

    assert len(commands) > 15
    assert [command for command in commands if not command.endswith(" --project prices")] == []
