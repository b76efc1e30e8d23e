"""What a mistyped name could have meant."""

import contextlib
import difflib

from mainspring.cli.session import Session
from mainspring.kernel.errors import MainspringError, NotFound

__all__ = ["suggestion"]

_FIELDS = ("name", "model", "dataset", "pipeline", "endpoint", "monitor")


def suggestion(error: MainspringError, session: Session) -> str:
    """`did you mean 'flights'? ` where the command knows names and one of them is near; else nothing."""
    typed = next((str(error.fields[field]) for field in _FIELDS if field in error.fields), "")
    answered = bool(error.fields.get("suggestion"))
    if not isinstance(error, NotFound) or session.names is None or not typed or answered:
        return ""
    known: list[str] = []
    # A suggestion is a courtesy: whatever goes wrong in finding it must not hide the error itself.
    with contextlib.suppress(Exception), session.open() as ws:
        known = list(session.names(ws))
    near = difflib.get_close_matches(typed, known, n=1)
    return f"did you mean {near[0]!r}? " if near else ""
