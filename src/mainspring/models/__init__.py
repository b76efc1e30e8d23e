"""Models: packages of fixed bytes, and the registry that numbers, judges and names them."""

from mainspring.models.model import Model

__all__ = ["Model"]
