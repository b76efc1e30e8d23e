"""Row ids as ranges: small to store, exact to read back."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mainspring.domain.split import Split
from mainspring.models.errors import SplitInvalid

__all__ = ["build_split", "row_ids"]


def build_split(name: str, row_ids: Iterable[int], *, dataset: str) -> Split:
    """The split of `row_ids` in any order; raises SplitInvalid for repeated, negative or non-integer ids. O(n log n)."""
    try:
        ids = np.fromiter(row_ids, dtype=np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SplitInvalid(name=name, reason=str(error)) from error
    ids.sort()
    if ids.size and ids[0] < 0:
        raise SplitInvalid(name=name, reason=f"row id {ids[0]} is negative")
    steps = np.diff(ids)
    if np.any(steps == 0):
        raise SplitInvalid(name=name, reason=f"row id {ids[1:][steps == 0][0]} comes twice")
    breaks = np.flatnonzero(steps > 1)
    firsts = ids[np.concatenate(([0], breaks + 1))] if ids.size else ids
    lasts = ids[np.concatenate((breaks, [ids.size - 1]))] if ids.size else ids
    ranges = tuple((int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True))
    return Split(name=name, dataset=dataset, rows=int(ids.size), ranges=ranges)


def row_ids(split: Split) -> npt.NDArray[np.int64]:
    """The row ids of a split, ascending."""
    if not split.ranges:
        return np.empty(0, dtype=np.int64)
    return np.concatenate([np.arange(first, stop, dtype=np.int64) for first, stop in split.ranges])
