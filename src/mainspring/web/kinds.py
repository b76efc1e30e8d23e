"""The kind of a status word: which sign and colour it wears. The word itself is always written beside it."""

from typing import Literal

__all__ = ["Kind", "kind_of"]

Kind = Literal["ok", "bad", "warn", "busy", "idle"]

_KINDS: dict[Kind, frozenset[str]] = {
    "ok": frozenset({"succeeded", "passed", "ready", "healthy", "promoted", "verified", "identical", "valid", "quiet"}),
    "bad": frozenset({"failed", "refused", "broken", "open", "rolled_back", "differs", "lost", "alarm", "retrain"}),
    "warn": frozenset({"acknowledged", "quarantined", "stale", "cancelled", "drifted", "warning", "stopped"}),
    "busy": frozenset({"running", "requested", "canary", "waiting"}),
}


def kind_of(status: str) -> Kind:
    """The kind of `status`; `idle` for words that call for nothing, like cached, shadow or closed."""
    word = status.lower().replace(" ", "_").replace("-", "_")
    return next((kind for kind, words in _KINDS.items() if word in words), "idle")
