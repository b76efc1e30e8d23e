"""The seam to feature code: how a transformation becomes stored sources, and a function again.

Features lie above models, so this capability holds no import of them: whoever composes the two (the public
`mainspring` module, the endpoint) installs the pair of functions here, or passes one where it is needed.
"""

from collections.abc import Callable
from typing import TypeAlias

import polars as pl

from mainspring.domain.package import Transform
from mainspring.models.errors import TransformUnavailable

__all__ = ["Function", "Pack", "Unpack", "install", "pack", "unpack"]

Function: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
Pack: TypeAlias = Callable[[Function], Transform]
Unpack: TypeAlias = Callable[[Transform], Function]

_installed: list[tuple[Pack, Unpack]] = []


def install(packing: Pack, unpacking: Unpack) -> None:
    """Use these for every package of this process from now on."""
    _installed[:] = [(packing, unpacking)]


def pack(function: Function) -> Transform:
    """The stored form of a transformation; raises TransformUnavailable where nobody composed features and models."""
    if not _installed:
        raise TransformUnavailable(entry=getattr(function, "__qualname__", repr(function)))
    return _installed[0][0](function)


def unpack(transform: Transform) -> Function:
    """The function of a stored transformation, its digest checked by the installed code."""
    if not _installed:
        raise TransformUnavailable(entry=transform.entry)
    return _installed[0][1](transform)
