"""Bins: quantile edges of a reference, exact counts on them, and the smooth components of their distribution."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMPONENTS", "components", "count", "edges", "has_atoms"]

BINS = 64
ATOMS = 128
_PEEKED = 10_000
COMPONENTS = ("location", "scale", "skew", "tails")
"""Names of Neyman's smooth components of degree 1 to 4."""


def edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges of bins for `values` (not empty, no NaN), ascending.

    Up to 128 distinct values have a bin each, and one between each two; else 64 bins hold equal shares. The first edge is the
    smallest value, the last the next number after the largest one, so every value lies inside.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.array([0.0, math.nextafter(0.0, math.inf)])
    if len(np.unique(finite[:_PEEKED])) <= ATOMS and len(atoms := np.unique(finite)) <= ATOMS:
        return np.unique(np.concatenate([atoms, np.nextafter(atoms, math.inf)]))
    inner = np.quantile(finite, np.arange(BINS) / BINS, method="inverted_cdf")
    return np.append(np.unique(inner), math.nextafter(float(finite.max()), math.inf))


def has_atoms(at: NDArray[np.float64]) -> bool:
    """Whether each value of the reference has a bin of its own."""
    return bool(at[1] == math.nextafter(float(at[0]), math.inf))


def count(values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Exact counts of `values` (no NaN): below the first edge, between each two, from the last edge on. Shape (len(at) + 1,)."""
    return np.bincount(np.searchsorted(at, values, side="right"), minlength=len(at) + 1)


def components(counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """The value of each smooth component at each bin: polynomials of the rank, orthonormal under `counts`.

    Fewer than five bins in use carry fewer components. The mean of a component over the reference is 0, its variance 1.
    Source: Neyman 1937, Rayner and Best 1989; docs/maths/drift.md#components.
    """
    share = counts / counts.sum()
    rank = np.clip(2 * (np.cumsum(share) - share / 2) - 1, -1, 1)
    rank[0], rank[-1] = -1.0, 1.0
    basis = [np.ones_like(rank)]
    for degree in range(1, min(len(COMPONENTS), int((counts > 0).sum()) - 1) + 1):
        polynomial = rank**degree
        # Twice, since one pass of Gram and Schmidt leaves rounding behind.
        for other in basis * 2:
            polynomial = polynomial - (share * polynomial * other).sum() * other
        norm = math.sqrt(float((share * polynomial**2).sum()))
        if norm < 1e-6:
            break
        basis.append(polynomial / norm)
    return dict(zip(COMPONENTS, basis[1:], strict=False))
