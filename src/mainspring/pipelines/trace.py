"""Putting a pipeline together: its function is called once with handles, and each step called makes a node."""

import contextvars
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from mainspring.domain.pipeline import Node, Port, Source
from mainspring.pipelines.codecs import kind_of, name_of
from mainspring.pipelines.errors import EarlyUse, PipelineInvalid, WiringInvalid
from mainspring.pipelines.signature import Signature

if TYPE_CHECKING:
    from mainspring.pipelines.steps import Step

__all__ = ["Handle", "Trace", "assignable", "convert_param", "tracing"]

_active: contextvars.ContextVar["Trace | None"] = contextvars.ContextVar("trace", default=None)


class Handle:
    """A value that a step will give: it can be passed to other steps and returned, nothing else."""

    # Any: a type form.
    def __init__(self, source: Source, type: Any) -> None:
        self._source = source
        self._type = type

    def _refuse(self, *_: object) -> NoReturn:
        raise EarlyUse(step=self._source.node or f"input {self._source.output}")

    def __getattr__(self, name: str) -> NoReturn:
        # Dunder probes by inspect, copy and others must see an ordinary object.
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __bool__ = __iter__ = __len__ = __getitem__ = __add__ = __sub__ = __mul__ = __truediv__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __contains__ = __call__ = _refuse


class Trace:
    """The nodes made so far; `names` has what modules are imported as from a snapshot, where that differs from here."""

    def __init__(self, pipeline: str, *, names: Mapping[str, str]) -> None:
        self.pipeline = pipeline
        self.nodes: list[Node] = []
        self._modules = names
        self._count: dict[str, int] = {}

    @staticmethod
    def active() -> "Trace | None":
        """The trace under way, or None outside a pipeline."""
        return _active.get()

    # Any: handles and plain values, as the pipeline's function wrote them.
    def call(self, step: "Step[..., Any]", args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Add a node for this call and return its handle, or a tuple of them; raises WiringInvalid."""
        signature = step.signature
        try:
            bound = inspect.signature(step.function).bind(*args, **kwargs)
        except TypeError as error:
            expected = ", ".join([*signature.inputs, *(f"{param}=…" for param in signature.params)])
            raise WiringInvalid(step=step.name, argument="*", expected=f"({expected})", given=str(error)) from error
        bound.apply_defaults()
        count = self._count[step.name] = self._count.get(step.name, 0) + 1
        name = step.name if count == 1 else f"{step.name}-{count}"
        given = bound.arguments
        node = Node(
            name=name,
            function=f"{self._module(step)}:{step.name}",
            inputs={arg: _source(step.name, arg, given[arg], hint) for arg, hint in signature.inputs.items()},
            outputs=tuple(Port(name=output.name, kind=output.kind) for output in signature.outputs),
            params={arg: convert_param(step.name, arg, given[arg], hint) for arg, hint in signature.params.items()},
            environment=step.environment,
            cached=step.cached,
        )
        self.nodes.append(node)
        return _handles(name, signature)

    def outputs(self, returned: Any) -> dict[str, Source]:
        """Where the pipeline's own outputs come from: a handle, a tuple or list of them, a dict of them, or None."""
        match returned:
            case None:
                return {}
            case Handle():
                named: dict[str, Any] = {"output": returned}
            case dict():
                named = dict(returned)
            case tuple() | list():
                named = {str(index): item for index, item in enumerate(returned)}
            case _:
                named = {"output": returned}
        for name, item in named.items():
            if not isinstance(item, Handle) or not isinstance(name, str):
                reason = f"it returns {name_of(type(item))}, which no step made"
                raise PipelineInvalid(pipeline=self.pipeline, reason=reason)
        return {name: item._source for name, item in named.items()}

    def _module(self, step: "Step[..., Any]") -> str:
        module = step.function.__module__
        return self._modules.get(module, module)


@contextmanager
def tracing(trace: Trace) -> Iterator[None]:
    """Calls of steps inside add nodes to `trace` instead of running."""
    token = _active.set(trace)
    try:
        yield
    finally:
        _active.reset(token)


# Any: type forms and plain values.
def convert_param(step: str, argument: str, value: Any, hint: Any) -> Any:
    """A parameter as plain JSON of its declared type; raises WiringInvalid."""
    if isinstance(value, Handle):
        raise WiringInvalid(
            step=step, argument=argument, expected=f"a plain {name_of(hint)}", given="the result of another step"
        )
    try:
        return msgspec.to_builtins(msgspec.convert(msgspec.to_builtins(value), type=hint))
    except (msgspec.ValidationError, TypeError) as error:
        shown = f"{name_of(type(value))} {value!r}"[:120]
        raise WiringInvalid(step=step, argument=argument, expected=name_of(hint), given=shown) from error


# Any: type forms.
def assignable(given: Any, expected: Any) -> bool:
    """Whether a value declared as `given` may go where `expected` is declared."""
    if given == expected:
        return True
    if isinstance(expected, types.UnionType) or typing.get_origin(expected) is typing.Union:
        members = typing.get_args(given) if isinstance(given, types.UnionType) else (given,)
        return all(any(assignable(g, e) for e in typing.get_args(expected)) for g in members)
    outer_given, outer_expected = typing.get_origin(given) or given, typing.get_origin(expected) or expected
    if (outer_given, outer_expected) == (int, float):
        return True
    if not (isinstance(outer_given, type) and isinstance(outer_expected, type)):
        return False
    if not issubclass(outer_given, outer_expected):
        return False
    args_given, args_expected = typing.get_args(given), typing.get_args(expected)
    if outer_given is not outer_expected or not args_given or not args_expected:
        return True
    return len(args_given) == len(args_expected) and all(map(assignable, args_given, args_expected))


def _source(step: str, argument: str, value: Any, hint: Any) -> Source:
    expected = name_of(hint)
    if not isinstance(value, Handle):
        shown = f"the plain {name_of(type(value))} {value!r}"[:120]
        raise WiringInvalid(step=step, argument=argument, expected=f"{expected} from a step or input", given=shown)
    given, source = value._type, value._source
    if not assignable(given, hint):
        origin = f"step '{source.node}'" if source.node else f"input '{source.output}'"
        raise WiringInvalid(step=step, argument=argument, expected=expected, given=f"{name_of(given)} from {origin}")
    if (kind_of(given) == "dataset") != (kind_of(hint) == "dataset"):
        raise WiringInvalid(step=step, argument=argument, expected=expected, given=name_of(given))
    return source


def _handles(node: str, signature: Signature) -> Any:
    handles = tuple(Handle(Source(node=node, output=output.name), output.type) for output in signature.outputs)
    return handles[0] if signature.single else handles
