"""Short ids: enough of an id's first or last characters to mean one thing.

Ids begin with the time they were made, so things made together share their first characters; their last ones are random.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from mainspring.cli.errors import AmbiguousId

__all__ = ["find_by_short_id"]

T = TypeVar("T")
_SHORTEST = 4
_NAMED = 5


def find_by_short_id(things: Iterable[T], text: str, *, key: Callable[[T], str], noun: str) -> T | None:
    """The one of `things` whose id is `text`, or begins or ends with it; None if none; raises AmbiguousId if several."""
    fitting = [thing for thing in things if _fits(key(thing), text)]
    exact = [thing for thing in fitting if key(thing) == text]
    if exact:
        return exact[0]
    if len(fitting) > 1:
        named = ", ".join(key(thing) for thing in fitting[:_NAMED])
        raise AmbiguousId(text=text, noun=noun, candidates=named + (" …" if len(fitting) > _NAMED else ""))
    return fitting[0] if fitting else None


def _fits(identifier: str, text: str) -> bool:
    return identifier == text or (len(text) >= _SHORTEST and (identifier.startswith(text) or identifier.endswith(text)))
