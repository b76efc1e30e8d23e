"""Cards: what a model version is, from recorded facts; what nobody recorded is listed as missing."""

from typing import Any

import msgspec

from mainspring.domain.model import ModelVersion
from mainspring.domain.package import Signature
from mainspring.domain.split import Split
from mainspring.domain.verdict import Verdict

__all__ = ["Card"]


class Card(msgspec.Struct, frozen=True):
    """The facts of a version. `reproduced_ms` is when it was last made again bit for bit, 0 if never."""

    version: ModelVersion
    signature: Signature
    splits: tuple[Split, ...]
    requirements: tuple[str, ...]
    python: str
    # Any: parameters are plain JSON values.
    model_params: dict[str, Any]
    verdicts: tuple[Verdict, ...]
    run_id: str
    pipeline: str
    params: dict[str, Any]
    snapshot: str
    datasets: tuple[str, ...]
    trained_ms: int
    reproduced_ms: int
    endpoints: tuple[str, ...]
    missing: tuple[str, ...]
