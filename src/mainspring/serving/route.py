"""The route file: what an endpoint process is told, in one file that is replaced whole."""

from pathlib import Path

import msgspec

from mainspring.domain.endpoint import Route
from mainspring.kernel import canonical
from mainspring.serving.errors import RouteInvalid

__all__ = ["read_route", "write_route"]

_ROUTE_VERSION = 1


def read_route(path: Path) -> Route:
    """The route file; raises RouteInvalid."""
    try:
        route = canonical.loads(path.read_bytes(), type=Route)
    except (OSError, msgspec.MsgspecError) as error:
        raise RouteInvalid(name=path.parent.name, reason=f"the route file cannot be read ({error})") from error
    if route.version > _ROUTE_VERSION:
        raise RouteInvalid(name=route.endpoint, reason=f"the route file has format {route.version}")
    return route


def write_route(route: Route, path: Path) -> None:
    """Put a route file in place by one rename."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(canonical.dumps(route))
    temporary.rename(path)
