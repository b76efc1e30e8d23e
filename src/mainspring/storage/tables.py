"""Every table of the storage layer, for who needs the whole schema."""

from mainspring.storage.change import answers
from mainspring.storage.events import events, heads, payloads
from mainspring.storage.leases import leases

__all__ = ["answers", "events", "heads", "leases", "payloads"]
