"""The left rail: groups of pages in the order of the loop, with a count only where something needs action."""

import msgspec

from mainspring.web.page import link

__all__ = ["Group", "Item", "rail"]

_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("", (("", "Overview"),)),
    ("Build", (("runs", "Runs"), ("pipelines", "Pipelines"))),
    ("Data", (("datasets", "Datasets"),)),
    ("Models", (("models", "Registry"),)),
    ("Live", (("endpoints", "Endpoints"), ("monitors", "Monitors"), ("alerts", "Alerts"))),
    ("Govern", (("events", "Audit"),)),
)


class Item(msgspec.Struct, frozen=True):
    """One entry; `todo` is how many things behind it need action."""

    id: str
    name: str
    href: str
    todo: int = 0


class Group(msgspec.Struct, frozen=True):
    """Entries under one heading."""

    name: str
    entries: tuple[Item, ...]


def rail(project: str, *, open_alerts: int) -> tuple[Group, ...]:
    """The rail of a project."""
    return tuple(
        Group(
            name,
            tuple(
                Item(section, text, link(project, *filter(None, [section])), open_alerts if section == "alerts" else 0)
                for section, text in entries
            ),
        )
        for name, entries in _GROUPS
    )
