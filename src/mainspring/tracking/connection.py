"""The connected workspace of this process: what `ms.connect()` sets, and what is used where no workspace is given."""

from typing import TYPE_CHECKING

from mainspring.tracking.errors import NotConnected

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["current", "set_current"]

_current: "Workspace | None" = None


def set_current(ws: "Workspace | None") -> None:
    """Make `ws` the workspace that is used where none is given; None disconnects."""
    global _current
    _current = ws


def current() -> "Workspace":
    """The connected workspace; raises NotConnected."""
    if _current is None:
        raise NotConnected()
    return _current
