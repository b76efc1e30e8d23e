"""Days that depend on each other, for simulations."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["ar1"]


def ar1(rng: np.random.Generator, *, runs: int, days: int, lag: float, heavy: bool = False) -> NDArray[np.float64]:
    """Series of variance 1 and correlation `lag` from day to day, shape (runs, days); Student's t with 4 df where `heavy`."""
    shape = (runs, days + 30)
    noise = rng.standard_t(4, size=shape) / np.sqrt(2) if heavy else rng.normal(size=shape)
    series = noise.copy()
    for day in range(1, days + 30):
        series[:, day] = lag * series[:, day - 1] + np.sqrt(1 - lag**2) * noise[:, day]
    return series[:, 30:]
