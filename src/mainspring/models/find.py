"""Finding what a reference names, with errors that say what is there instead."""

import difflib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainspring.domain.model import ModelVersion
from mainspring.kernel.names import Reference, check_name, parse_reference
from mainspring.models import tables
from mainspring.models.errors import AliasUnknown, ModelUnknown, VersionUnknown

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["check_model", "find_at", "resolve"]

_LARGEST = 2**63 - 1


def resolve(ws: "Workspace", reference: str | Reference, *, default: str = "") -> ModelVersion:
    """The version that `reference` names; without `@` the alias `default`, or the newest version where that is empty.

    Raises InvalidReference, ModelUnknown, VersionUnknown, AliasUnknown, and PermissionDenied for another project that the
    principal may not read.
    """
    parsed = parse_reference(reference) if isinstance(reference, str) else reference
    seen = ws.in_project(parsed.project) if parsed.project and parsed.project != ws.project else ws
    seen.require("models.read")
    with seen.read() as conn:
        check_model(conn, seen.project, parsed.name)
        at = parsed.at or default or str(tables.numbers(conn, seen.project, parsed.name))
        return find_at(conn, seen.project, parsed.name, at)


def find_at(conn: sa.Connection, project: str, model: str, at: str) -> ModelVersion:
    """The version of `model` at a number or an alias; raises VersionUnknown, AliasUnknown."""
    check_name(at)
    if at.isdigit():
        number = int(at)
    else:
        alias = tables.find_alias(conn, project, model, at)
        if alias is None:
            found = tables.find_model(conn, project, model)
            raise AliasUnknown(
                name=model, alias=at, suggestion=_suggest(at, [a.alias for a in found.aliases] if found else [])
            )
        number = alias.version
    version = tables.find_version(conn, project, model, number) if number <= _LARGEST else None
    if version is None:
        count = tables.numbers(conn, project, model)
        known = {0: "none", 1: "version 1 only"}.get(count, f"versions 1 to {count}")
        raise VersionUnknown(name=model, version=number, known=known)
    return version


def check_model(conn: sa.Connection, project: str, name: str) -> None:
    """Raise ModelUnknown, with the nearest name, unless the model exists."""
    check_name(name)
    if tables.find_model(conn, project, name) is None:
        raise ModelUnknown(name=name, project=project, suggestion=_suggest(name, tables.names(conn, project)))


def _suggest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is {', '.join(known[:5])}" if known else ""
