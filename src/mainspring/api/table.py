"""The whole op table, loaded and checked: an op without a known permission stops the start."""

import importlib
import importlib.util

from mainspring.access.permissions import PERMISSIONS
from mainspring.kernel.op import OPS, Op

__all__ = ["CAPABILITIES", "load_ops"]

CAPABILITIES = ("access", "data", "governance", "loop", "models", "monitoring", "pipelines", "serving", "tracking")
"""The folders that hold an `ops.py`."""


def load_ops() -> dict[str, Op]:
    """Every op by name; raises TypeError for one whose permission is not in the table or whose route is taken."""
    for capability in CAPABILITIES:
        name = f"mainspring.{capability}.ops"
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    routes: dict[tuple[str, str, str], str] = {}
    for op in OPS.values():
        if op.allow not in PERMISSIONS:
            raise TypeError(f"op {op.name} asks for the unknown permission {op.allow!r}")
        other = routes.setdefault((op.verb, op.scope, op.path), op.name)
        if other != op.name:
            raise TypeError(f"ops {other} and {op.name} share the route {op.verb} {op.path}")
    return dict(sorted(OPS.items()))
