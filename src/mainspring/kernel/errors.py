"""Every error a caller can act on: the tree by cause, and the registry of codes.

    MainspringError
    ├── Invalid        the input is wrong                    exit 2, HTTP 400
    ├── NotFound       what was named does not exist         exit 3, HTTP 404
    ├── Refused        a gate or a validation said no        exit 4, HTTP 422
    ├── Conflict       somebody else was first               exit 5, HTTP 409
    ├── Unauthorised   the principal may not do this         exit 6, HTTP 403
    ├── Unavailable    try again later                       exit 7, HTTP 503
    └── Failed         the work itself failed                exit 1, HTTP 500

A concrete error is a subclass with a stable `code` (`<noun>.<cause>`), a message `template` filled from
the fields it is raised with, and a `hint` that says what to do.
"""

import importlib
from types import ModuleType
from typing import Any, ClassVar

__all__ = [
    "CODES",
    "Conflict",
    "Failed",
    "Invalid",
    "MainspringError",
    "MissingExtra",
    "NotFound",
    "Refused",
    "Unauthorised",
    "Unavailable",
    "from_wire",
    "need",
]

CODES: dict[str, type["MainspringError"]] = {}


class MainspringError(Exception):
    """An error with a stable code, the values it is about, and a next step."""

    code: ClassVar[str] = ""
    template: ClassVar[str] = "{message}"
    hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    # Any: the fields are what the template names; their types differ from error to error.
    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.message = self.template.format(**fields)
        self.next_step = self.hint.format(**fields)
        super().__init__(f"{self.message}; {self.next_step}" if self.next_step else self.message)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            return
        known = CODES.get(cls.code)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"error code {cls.code!r} belongs to {known.__module__}.{known.__qualname__} already")
        CODES[cls.code] = cls

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.fields)


def _rebuild(cls: type[MainspringError], fields: dict[str, Any]) -> MainspringError:
    return cls(**fields)


class Invalid(MainspringError):
    """The input is wrong."""

    exit_code = 2
    http_status = 400


class NotFound(MainspringError):
    """What was named does not exist."""

    exit_code = 3
    http_status = 404


class Refused(MainspringError):
    """A gate or a validation said no."""

    exit_code = 4
    http_status = 422


class Conflict(MainspringError):
    """Somebody else was first."""

    exit_code = 5
    http_status = 409


class Unauthorised(MainspringError):
    """The principal may not do this."""

    exit_code = 6
    http_status = 403


class Unavailable(MainspringError):
    """Try again later."""

    exit_code = 7
    http_status = 503


class Failed(MainspringError):
    """The work itself failed."""


class MissingExtra(Failed):
    """A command whose optional packages are not installed."""

    code = "extra.missing"
    template = "this needs the package '{package}', which is not installed"
    hint = "install it with: pip install 'mainspring[{extra}]'"


def need(module: str, *, extra: str) -> ModuleType:
    """The optional `module`; raises MissingExtra naming the extra of Mainspring that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtra(package=module.split(".")[0], extra=extra) from error


class _Remote(MainspringError):
    """An error of a newer server, whose code this version does not know."""

    code = "remote.error"
    template = "{message}"
    hint = "{next_step}"


_BY_STATUS: dict[int, type[MainspringError]] = {
    400: Invalid,
    404: NotFound,
    409: Conflict,
    422: Refused,
    401: Unauthorised,
    403: Unauthorised,
    503: Unavailable,
}


def from_wire(status: int, body: dict[str, Any]) -> MainspringError:
    """The error that a server answered: the same class and fields where the code is known, else by HTTP status."""
    cls = CODES.get(str(body.get("code", "")))
    if cls is not None:
        try:
            return cls(**body.get("fields", {}))
        except (KeyError, TypeError):
            pass
    fields = {"message": body.get("message", f"HTTP {status}"), "next_step": body.get("hint", "")}
    error = _Remote(**fields)
    base = _BY_STATUS.get(status, Failed)
    error.__class__ = type(
        "Remote" + base.__name__, (_Remote, base), {"exit_code": base.exit_code, "http_status": status}
    )
    return error
