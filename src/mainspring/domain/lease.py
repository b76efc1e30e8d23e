"""Leases: time-limited claims."""

import msgspec

__all__ = ["Lease"]


class Lease(msgspec.Struct, frozen=True):
    """A claim on `name` by `owner` until `expires_ms`; `token` grows with every new holder and fences off the old one."""

    name: str
    owner: str
    token: int
    expires_ms: int
