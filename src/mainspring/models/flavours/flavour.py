"""What a flavour is: the seam between packages and one library of models."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from mainspring.domain.package import Task

__all__ = ["Flavour"]


class Flavour(Protocol):
    """How models of one kind are saved, loaded and asked; none of it may run code that the bytes bring along."""

    name: str
    model_file: str
    requirements: tuple[str, ...]

    def handles(self, estimator: object) -> bool:
        """Whether `estimator` is of this kind; imports nothing."""
        ...

    def dumps(self, estimator: object) -> bytes:
        """The model's bytes: the same for equal models, in every process."""
        ...

    def types(self, data: bytes) -> tuple[str, ...]:
        """The types in `data` that need to be trusted to load it, sorted."""
        ...

    def loads(self, data: bytes, *, trusted: tuple[str, ...]) -> object:
        """The model; raises TypeNotTrusted when `data` holds a type outside `trusted` and the flavour's own allow-list."""
        ...

    def predict(self, estimator: object, features: pl.DataFrame, *, task: Task) -> npt.NDArray[np.float64]:
        """One number a row: the value, or the probability of the second of two classes."""
        ...

    # object: parameters are whatever JSON-able values the library has.
    def params(self, estimator: object) -> dict[str, object]:
        """The estimator's own parameters."""
        ...
