"""Addresses of the things that references, and the subjects of events, name."""

import re
from collections.abc import Sequence

from mainspring.web.page import Crumb, Stop, link

__all__ = ["data_stop", "to_dataset", "to_model", "to_subject"]

_VERSIONED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)@([0-9]{1,9})$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_PAGES = {
    "run": "runs",
    "pipeline": "pipelines",
    "dataset": "datasets",
    "data": "datasets",
    "model": "models",
    "alias": "models",
    "verdict": "models",
    "gate": "models",
    "retraining": "models",
    "endpoint": "endpoints",
    "rollout": "endpoints",
    "monitor": "monitors",
    "alert": "alerts",
}


def to_dataset(project: str, reference: str) -> str:
    """The page of `flights@3`, or of `flights` where no version is named; empty where it is no reference."""
    name = reference.removeprefix(f"{project}/")
    return link(project, "datasets", name) if _NAME.match(name) else _versioned(project, "datasets", reference)


def data_stop(project: str, references: Sequence[str]) -> tuple[Stop, ...]:
    """One stop of a lineage strip for all datasets that were read together; nothing where there is none."""
    if not references:
        return ()
    first, *others = (Crumb(reference, to_dataset(project, reference)) for reference in references)
    return (Stop("data", first.name, first.href, beside=tuple(others)),)


def to_model(project: str, reference: str) -> str:
    """The page of `churn@2`, or an empty text where it names no version."""
    return _versioned(project, "models", reference)


def to_subject(project: str, kind: str, subject: str) -> str:
    """The page of what an event is about, by the noun of its kind (`model.promoted`) and its subject; empty if it has none."""
    head, _, tail = subject.partition("/")
    noun, name = (head, tail) if tail and head in _PAGES else (kind.partition(".")[0], subject)
    page = _PAGES.get(noun, "")
    if not page:
        return ""
    if page in ("datasets", "models") and "@" in name:
        return _versioned(project, page, name)
    return link(project, page, name) if _NAME.match(name) else ""


def _versioned(project: str, page: str, reference: str) -> str:
    found = _VERSIONED.match(reference.removeprefix(f"{project}/"))
    return link(project, page, found[1], found[2]) if found else ""
