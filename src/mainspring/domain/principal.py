"""Principals: who acts."""

from typing import Literal

import msgspec

__all__ = ["Principal", "Role"]

Role = Literal["owner", "viewer"]


class Principal(msgspec.Struct, frozen=True):
    """A person or a service; `project` limits what it may touch, `*` is every project."""

    name: str
    role: Role = "owner"
    project: str = "*"
