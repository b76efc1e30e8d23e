"""`@step`: a plain typed function that a pipeline can run in a process of its own."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from mainspring.pipelines.signature import Signature, check_function, read_signature
from mainspring.pipelines.trace import Trace

__all__ = ["Step", "step"]

P = ParamSpec("P")
R = TypeVar("R")


class Step(Generic[P, R]):
    """A step; calling it outside a pipeline calls its function."""

    def __init__(self, function: Callable[P, R], *, environment: tuple[str, ...] = (), cached: bool = True) -> None:
        self.function = function
        self.name = function.__name__
        self.environment = environment
        self.cached = cached
        functools.update_wrapper(self, function)
        check_function(function, name=self.name)

    @functools.cached_property
    def signature(self) -> Signature:
        """Its types; read at first use, when every name in them is known."""
        return read_signature(self.function, name=self.name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = Trace.active()
        if trace is None:
            return self.function(*args, **kwargs)
        # A pipeline is read by type checkers as if its steps returned their values.
        return cast("R", trace.call(cast("Step[..., Any]", self), args, kwargs))

    def __repr__(self) -> str:
        return f"<step {self.name}>"


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(*, env: Iterable[str] = (), cache: bool = True) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Any = None, /, *, env: Iterable[str] = (), cache: bool = True) -> Any:
    """Make a function a step. Raises StepInvalid for closures, lambdas and arguments without a type.

    Positional arguments are inputs, keyword-only ones are parameters.
    env: variables of the environment that it is given, beyond those that any process needs (PATH, LANG, thread counts
    and their like); its result depends on them. Mainspring's own credentials are never given.
    cache: False for a step that must run each time.
    """
    if function is not None:
        return Step(function)
    return lambda declared: Step(declared, environment=tuple(sorted(set(env))), cached=cache)
