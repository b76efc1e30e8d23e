"""What a view answers: a template, its title, its place in the site and the values it shows."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Crumb", "Figure", "Filter", "Finding", "Shown", "Stop", "View", "link"]


class Crumb(msgspec.Struct, frozen=True):
    """One part of the way from the project to this page; the last has no address."""

    name: str
    href: str = ""


class Stop(msgspec.Struct, frozen=True):
    """One stop of a lineage strip: its role in the loop, its name, a fact about it, and whether this page is about it.

    `beside` are more of the same role, none before another: the datasets of one run.
    """

    role: str
    name: str
    href: str = ""
    fact: str = ""
    here: bool = False
    beside: tuple[Crumb, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """A page to render. `section` is the item of the rail that is current; `view` is the template's own Struct."""

    template: str
    title: str
    section: str
    crumbs: tuple[Crumb, ...]
    # Any: every page has a view Struct of its own, which only its template reads.
    view: Any


View = Callable[["Workspace", Request], Shown]
"""Builds a page from a workspace and a request, through ops alone."""


def link(project: str, *parts: str | int, **query: str | int) -> str:
    """The address of a page below a project; every part is quoted."""
    path = "/".join(["", "p", quote(project, safe=""), *(quote(str(part), safe="@") for part in parts)])
    asked = "&".join(f"{quote(key)}={quote(str(value), safe='')}" for key, value in query.items() if value != "")
    return (path if parts else path + "/") + (f"?{asked}" if asked else "")


class Filter(msgspec.Struct, frozen=True):
    """One choice above a table."""

    name: str
    href: str
    current: bool


class Figure(msgspec.Struct, frozen=True):
    """One of the numbers at the top of a page: its name, the number as read, the full value, a remark and a small picture."""

    name: str
    text: str
    full: str = ""
    note: str = ""
    picture: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One line of a list of things to see."""

    status: str
    message: str
    href: str
    at_ms: int
