"""docs/cli.md is what the commands say of themselves."""

from pathlib import Path

import pytest

from mainspring.cli.reference import commands, render

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.mark.slow
def test_page_is_made_from_the_commands() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), (
        "make it again: python -m mainspring.cli.reference > docs/cli.md"
    )


@pytest.mark.parametrize("words", [words for words, _ in commands()])
def test_every_command_is_on_the_page(words: str) -> None:
    assert f"## mainspring {words}\n" in PAGE.read_text(encoding="utf-8")
