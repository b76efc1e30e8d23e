"""Flavours: one file a kind of model, each saving it in the safe format of its kind."""

from mainspring.models.errors import FlavourUnknown
from mainspring.models.flavours.flavour import Flavour
from mainspring.models.flavours.sklearn import SklearnFlavour

__all__ = ["FLAVOURS", "Flavour", "flavour_of", "named"]

FLAVOURS: tuple[Flavour, ...] = (SklearnFlavour(),)


def flavour_of(estimator: object) -> Flavour:
    """The flavour that handles `estimator`; raises FlavourUnknown."""
    for flavour in FLAVOURS:
        if flavour.handles(estimator):
            return flavour
    raise FlavourUnknown(type=f"{type(estimator).__module__}.{type(estimator).__qualname__}")


def named(name: str) -> Flavour:
    """The flavour with that name; raises FlavourUnknown."""
    for flavour in FLAVOURS:
        if flavour.name == name:
            return flavour
    raise FlavourUnknown(type=f"flavour '{name}'")
