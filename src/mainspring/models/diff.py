"""What two model versions do not share."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mainspring.domain.model import ModelDiff, ModelDifference, ModelVersion
from mainspring.domain.object import Tree
from mainspring.domain.package import Package, Provenance
from mainspring.domain.verdict import Verdict

__all__ = ["Side", "compare"]


class Side(msgspec.Struct, frozen=True):
    """All that is known of one of the two versions."""

    version: ModelVersion
    package: Package
    provenance: Provenance
    tree: Tree
    verdict: Verdict | None


def compare(a: Side, b: Side) -> ModelDiff:
    """The differences by area, in a fixed order: parameters, code, data, splits, columns, verdict, environment, bytes."""
    differences: list[ModelDifference] = []
    left, right = _areas(a), _areas(b)
    for area in left:
        differences += _differing(area, left[area], right[area])
    return ModelDiff(
        a=a.version.reference,
        b=b.version.reference,
        identical_bytes=a.version.package == b.version.package,
        differences=tuple(differences),
    )


# Any: whatever JSON-able values the versions carry.
def _areas(side: Side) -> dict[str, dict[str, Any]]:
    package, provenance = side.package, side.provenance
    return {
        "parameters": {**package.params, **provenance.params},
        "code": {"snapshot": provenance.snapshot, "transform": package.transform_digest},
        "data": {"dataset": package.dataset, "datasets": list(provenance.datasets)},
        "splits": {split.name: {"rows": split.rows, "ranges": len(split.ranges)} for split in package.splits},
        "columns": {field.name: msgspec.to_builtins(field) for field in package.signature.inputs},
        "verdict": _numbers(side.verdict),
        "environment": {**_pairs(package.requirements), "python": package.python},
        "bytes": {entry.path: entry.digest for entry in side.tree.entries},
    }


def _numbers(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    values = {f"{check.name} {check.group}".strip(): check.value for check in verdict.checks}
    return {"passed": verdict.passed, "baseline": verdict.baseline, **values}


def _pairs(requirements: Iterable[str]) -> dict[str, str]:
    return dict(line.split("==", 1) for line in requirements)


def _differing(area: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> list[ModelDifference]:
    names = sorted({*a, *b})
    return [ModelDifference(area=area, name=n, a=a.get(n), b=b.get(n)) for n in names if a.get(n) != b.get(n)]
