"""Splits: which rows of a dataset version a model was trained and judged on."""

import msgspec

__all__ = ["Split"]


class Split(msgspec.Struct, frozen=True):
    """A named set of row ids of a dataset version, as sorted, disjoint ranges `(first, after the last)`."""

    name: str
    dataset: str
    rows: int
    ranges: tuple[tuple[int, int], ...]
