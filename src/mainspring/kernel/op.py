"""Operations, written once: from one typed function come the call, the route, the HTTP call and the permission check.

    @op("POST /models/{model}/aliases", allow="models.promote")
    def set_alias(ws: Workspace, model: str, *, alias: str, version: int) -> ModelVersion: ...

The decorated function hands itself and its arguments to `ws.perform`: an embedded workspace checks the permission and
runs it, a remote one sends it over HTTP. The table `OPS` is what the API, the client and the documentation are made from.
"""

import contextvars
import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, ParamSpec, TypeVar

import msgspec

from mainspring.kernel.errors import Invalid

__all__ = ["OPS", "Argument", "ArgumentInvalid", "Op", "idempotency_key", "op", "with_idempotency_key"]

P = ParamSpec("P")
R = TypeVar("R")

OPS: dict[str, "Op"] = {}
_LARGEST = 2**63 - 1
_idempotency_key: contextvars.ContextVar[str] = contextvars.ContextVar("idempotency_key", default="")


class ArgumentInvalid(Invalid):
    code = "argument.invalid"
    template = "argument '{argument}' of {op} is wrong: {reason}"
    hint = "see the operation's entry in /api/v1/openapi.json"


class Argument(msgspec.Struct, frozen=True):
    """One argument of an op: where it travels, its type and its default (`inspect.Parameter.empty`: required)."""

    name: str
    place: Literal["path", "query", "body"]
    type: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether a call without it is refused."""
        return self.default is inspect.Parameter.empty


class Op:
    """A use case: its name, route, permission and function."""

    def __init__(
        self, function: Callable[..., Any], *, route: str, allow: str, scope: Literal["project", "workspace"]
    ) -> None:
        self.function = function
        self.verb, _, self.path = route.partition(" ")
        self.allow = allow
        self.scope = scope
        self.name = f"{function.__module__.split('.')[1]}.{function.__name__}"
        if not allow or "." not in allow:
            raise TypeError(f"op {self.name} declares no permission")
        if self.verb not in ("GET", "POST", "PUT", "DELETE", "PATCH") or not self.path.startswith("/"):
            raise TypeError(f"op {self.name} has no route")

    @property
    def mutates(self) -> bool:
        """Whether it may change state."""
        return self.verb != "GET"

    @functools.cached_property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @functools.cached_property
    def _hints(self) -> dict[str, Any]:
        return typing.get_type_hints(self.function, localns={"Workspace": object})

    @property
    def result(self) -> Any:
        """The declared type of the answer."""
        return self._hints["return"]

    @functools.cached_property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments after the workspace, in order."""
        in_path = set(re.findall(r"{(\w+)(?::\w+)?}", self.path))
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        rest: Literal["body", "query"] = "body" if self.mutates else "query"
        return tuple(
            Argument(p.name, "path" if p.name in in_path else rest, self._hints[p.name], p.default) for p in parameters
        )

    def convert(self, raw: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
        """The arguments in `raw` as their declared types; raises ArgumentInvalid. `strict=False` reads numbers from text."""
        unknown = set(raw) - {a.name for a in self.arguments}
        if unknown:
            raise ArgumentInvalid(op=self.name, argument=min(unknown), reason="there is no such argument")
        out: dict[str, Any] = {}
        for argument in self.arguments:
            if argument.name not in raw:
                if argument.required:
                    raise ArgumentInvalid(op=self.name, argument=argument.name, reason="it is missing")
                continue
            try:
                out[argument.name] = msgspec.convert(raw[argument.name], argument.type, strict=strict)
            except (msgspec.ValidationError, RecursionError) as error:
                raise ArgumentInvalid(op=self.name, argument=argument.name, reason=str(error)) from error
        return out

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise ArgumentInvalid for what no database takes: a number beyond 64 bits, a NUL character."""
        for name, value in arguments.items():
            if isinstance(value, str) and "\0" in value:
                raise ArgumentInvalid(op=self.name, argument=name, reason="it holds a NUL character")
            if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
                raise ArgumentInvalid(op=self.name, argument=name, reason="the number is too large")


def op(
    route: str, *, allow: str, scope: Literal["project", "workspace"] = "project"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a use case: `route` is verb and path, `allow` the permission it needs, `scope` what its path lies under."""

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        entry = Op(function, route=route, allow=allow, scope=scope)
        OPS[entry.name] = entry
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs).arguments
            ws = typing.cast("Any", bound.pop(next(iter(signature.parameters))))
            return typing.cast("R", ws.perform(entry, bound))

        return call

    return declare


@contextmanager
def with_idempotency_key(key: str) -> Iterator[None]:
    """Calls inside carry `key`: one that was answered before answers the same again and changes nothing."""
    token = _idempotency_key.set(key)
    try:
        yield
    finally:
        _idempotency_key.reset(token)


def idempotency_key() -> str:
    """The key of the call under way, or an empty text."""
    return _idempotency_key.get()
