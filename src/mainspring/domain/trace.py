"""Traces: the way from one prediction back to the rows that made it."""

from typing import Any

import msgspec

from mainspring.domain.prediction import Prediction
from mainspring.domain.split import Split

__all__ = ["Reproduction", "Trace", "TracedFile"]


class Trace(msgspec.Struct, frozen=True):
    """A prediction, its variant and version, the run that trained it, its code, its data, and the rows by split."""

    prediction: Prediction
    endpoint: str
    variant: str
    version: str
    package: str
    run_id: str
    pipeline: str
    snapshot: str
    code: tuple[str, ...]
    datasets: tuple[str, ...]
    splits: tuple[Split, ...]
    trigger: str = ""
    # Any: parameters are plain JSON values.
    params: dict[str, Any] = {}


class TracedFile(msgspec.Struct, frozen=True):
    """One file of a package and its copy made again; `first_difference` is the offset of the first unequal byte, -1 if none."""

    path: str
    recorded: str
    rebuilt: str
    first_difference: int = -1
    differing_bytes: int = 0

    @property
    def identical(self) -> bool:
        """Whether the bytes are the same."""
        return self.recorded == self.rebuilt


class Reproduction(msgspec.Struct, frozen=True):
    """A version made again from its recorded code, data and parameters, with nothing taken from the cache."""

    version: str
    verdict: str
    recorded: str
    rebuilt: str
    run_id: str
    environment_changes: tuple[str, ...]
    files: tuple[TracedFile, ...]
    seconds: float
