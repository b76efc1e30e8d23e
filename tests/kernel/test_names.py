"""Names and references from outside."""

import pytest

from mainspring.kernel.names import (
    InvalidName,
    InvalidReference,
    InvalidRelativeName,
    Reference,
    check_name,
    check_relative,
    parse_reference,
)

HOSTILE = [
    "",
    "..",
    "a/../b",
    "/etc/passwd",
    "a//b",
    "a\\b",
    "a\x00b",
    "./a",
    "a/.",
    "C:/x",
    "a/",
    "x" * 1001,
    "a\nb",
    "a\x7f",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(InvalidRelativeName):
        check_relative(name)


@pytest.mark.parametrize("name", ["a", "a/b.json", "transform/features.py", "ä/ö.txt", "..a/b.."])
def test_a_plain_relative_name_is_taken(name: str) -> None:
    assert check_relative(name) == name


@pytest.mark.parametrize("name", ["", "-rf", ".hidden", "a b", "a/b", "a" * 251, "ä", "a\n"])
def test_a_name_of_other_characters_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_name(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flights", Reference(name="flights")),
        ("flights@3", Reference(name="flights", at="3")),
        ("arrival-delay@champion", Reference(name="arrival-delay", at="champion")),
        ("ops/flights@3", Reference(name="flights", at="3", project="ops")),
    ],
)
def test_a_reference_is_read(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected
    assert expected.version == (3 if expected.at == "3" else None)


@pytest.mark.parametrize("text", ["", "@3", "flights@", "/flights", "a/b/c", "flights@3@4", "fl ights"])
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        parse_reference(text)
