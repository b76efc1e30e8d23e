"""Who may do what: one table, default deny."""

from mainspring.domain.principal import Principal, Role

__all__ = ["PERMISSIONS", "allowed"]

_ALL: frozenset[Role] = frozenset({"owner", "viewer"})
_OWNER: frozenset[Role] = frozenset({"owner"})

PERMISSIONS: dict[str, frozenset[Role]] = {
    "data.read": _ALL,
    "data.write": _OWNER,
    "endpoints.deploy": _OWNER,
    "endpoints.feedback": _OWNER,
    "endpoints.predict": _ALL,
    "endpoints.read": _ALL,
    "events.read": _ALL,
    "loop.read": _ALL,
    "loop.write": _OWNER,
    "models.promote": _OWNER,
    "models.read": _ALL,
    "models.write": _OWNER,
    "monitoring.read": _ALL,
    "monitoring.write": _OWNER,
    "objects.read": _ALL,
    "objects.write": _OWNER,
    "runs.read": _ALL,
    "runs.write": _OWNER,
    "tokens.admin": _OWNER,
    "workspace.admin": _OWNER,
}
"""Permission -> the roles that have it."""


def allowed(principal: Principal, permission: str, project: str) -> bool:
    """Whether the principal may use `permission` in `project`; an unknown permission is a KeyError, found at start-up.

    What concerns the whole workspace (`workspace.*`) needs a principal of every project.
    """
    reach = ("*",) if permission.startswith("workspace.") else ("*", project)
    return principal.role in PERMISSIONS[permission] and principal.project in reach
