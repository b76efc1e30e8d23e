"""Shares of rows (nulls, unseen categories, values outside the range) on a scale where their variance does not depend on them."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["WITHIN", "angle", "angles", "share"]

WITHIN = 0.25
"""The variance of one row on the angular scale."""


def angle(hits: float, rows: float) -> float:
    """The angular transform of `hits` among `rows` > 0; its variance is about 1 / (4 rows), also where hits are rare.

    Source: Anscombe 1948; docs/maths/drift.md#shares.
    """
    return math.asin(math.sqrt((hits + 0.375) / (rows + 0.75)))


def angles(hits: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """`angle` of each pair."""
    return np.arcsin(np.sqrt((hits + 0.375) / (rows + 0.75)))


def share(at: float) -> float:
    """The share of rows at an angle."""
    return math.sin(at) ** 2
