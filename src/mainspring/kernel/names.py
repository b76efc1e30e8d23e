"""Names and references that come from outside: checked once, here."""

import re
from pathlib import PurePosixPath

import msgspec

from mainspring.kernel.errors import Invalid

__all__ = [
    "InvalidName",
    "InvalidReference",
    "InvalidRelativeName",
    "Reference",
    "check_name",
    "check_relative",
    "parse_reference",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}")
_MAX_RELATIVE = 1000


class InvalidName(Invalid):
    code = "name.invalid"
    template = "{name!r} is not a valid name"
    hint = "use letters, digits, '.', '_' and '-', starting with a letter or digit, at most 250"


class InvalidRelativeName(Invalid):
    code = "name.not_relative"
    template = "{name!r} is not a valid file name inside an artifact"
    hint = "use a relative name with '/', without '..', backslashes or control characters"


class InvalidReference(Invalid):
    code = "reference.invalid"
    template = "{text!r} is not a reference"
    hint = "write [project/]name[@version-or-alias], such as arrival-delay@1 or arrival-delay@champion"


class Reference(msgspec.Struct, frozen=True):
    """A parsed reference; `at` is a version number, an alias or empty; `project` is empty where none was written."""

    name: str
    at: str = ""
    project: str = ""

    @property
    def version(self) -> int | None:
        """The version number, where `at` is one."""
        return int(self.at) if self.at.isdigit() else None


def check_name(name: str) -> str:
    """`name` unchanged; raises InvalidName unless it is 1 to 250 plain characters."""
    if not _NAME.fullmatch(name):
        raise InvalidName(name=name[:80])
    return name


def check_relative(name: str) -> str:
    """`name` unchanged; raises InvalidRelativeName unless it names a file inside a folder, in one way only."""
    parts = name.split("/")
    bad = (
        not name
        or len(name) > _MAX_RELATIVE
        or any(part in ("", ".", "..") for part in parts)
        or any(c in "\\:" or ord(c) < 32 or ord(c) == 127 for c in name)
        or PurePosixPath(name).is_absolute()
    )
    if bad:
        raise InvalidRelativeName(name=name[:80])
    return name


def parse_reference(text: str) -> Reference:
    """The reference in `text`, `[project/]name[@version-or-alias]`; raises InvalidReference."""
    head, _, at = text.partition("@")
    project, slash, name = head.rpartition("/")
    if ("@" in text and not at) or (slash and not project):
        raise InvalidReference(text=text[:80])
    for part in (name, *([project] if project else []), *([at] if at else [])):
        if not _NAME.fullmatch(part):
            raise InvalidReference(text=text[:80])
    return Reference(name=name, at=at, project=project)
