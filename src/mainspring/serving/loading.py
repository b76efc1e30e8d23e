"""Models as they were packaged, their transformation included: where features and models are joined.

Importing this module makes `models.transforms` work for the whole process; the public name `ms.Model` comes from here.
"""

from collections.abc import Collection
from pathlib import Path

from mainspring.features.transform import pack, unpack
from mainspring.models import packages, transforms
from mainspring.models.model import Model

__all__ = ["Model", "load_model"]

transforms.install(pack, unpack)


def load_model(folder: Path, *, trusted: Collection[str] = ()) -> Model:
    """The model of the package in `folder`; raises PackageChanged, TransformChanged, TypeNotTrusted."""
    return packages.load(folder, trusted=trusted, unpack=unpack)
