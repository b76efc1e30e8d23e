"""Features: facts joined as they were known at a point in time, and the transformation that travels with a model."""

from mainspring.features.asof import join_asof
from mainspring.features.transform import pack, unpack

__all__ = ["join_asof", "pack", "unpack"]
