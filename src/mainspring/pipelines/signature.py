"""What a step takes and gives, read from its function once: positional arguments are inputs, keyword-only ones parameters."""

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from mainspring.pipelines.codecs import UnsupportedType, kind_of, name_of
from mainspring.pipelines.errors import StepInvalid

__all__ = ["Output", "Signature", "check_function", "read_signature"]


class Output(msgspec.Struct, frozen=True):
    """One result of a step: `output` where there is one, else `0`, `1` … or the names of a NamedTuple."""

    name: str
    # Any: a type form.
    type: Any
    kind: str


class Signature(msgspec.Struct, frozen=True):
    """Types by name. `single` tells a step that returns one value from one that returns a tuple of one."""

    # Any: type forms.
    inputs: dict[str, Any]
    params: dict[str, Any]
    outputs: tuple[Output, ...]
    single: bool


def check_function(function: Callable[..., Any], *, name: str) -> None:
    """Refuse what cannot be found again by its name in another process, or whose arguments say no type."""
    code = getattr(function, "__code__", None)
    if not isinstance(function, types.FunctionType) or code is None:
        raise StepInvalid(step=name, reason="it is not a plain function")
    if function.__name__ == "<lambda>":
        raise StepInvalid(step=name, reason="it is a lambda, which has no name to find it by")
    if code.co_freevars:
        names = ", ".join(code.co_freevars)
        raise StepInvalid(step=name, reason=f"it uses {names} of the function around it; pass that as an argument")
    if function.__qualname__ != function.__name__:
        raise StepInvalid(step=name, reason="it is defined inside another function or class; move it to the module")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise StepInvalid(step=name, reason="it is a coroutine or a generator")
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise StepInvalid(step=name, reason=f"it takes '*{parameter.name}'; name each argument")
        if parameter.annotation is parameter.empty:
            raise StepInvalid(step=name, reason=f"argument '{parameter.name}' has no type")
        if parameter.kind is not parameter.KEYWORD_ONLY and parameter.default is not parameter.empty:
            raise StepInvalid(
                step=name, reason=f"input '{parameter.name}' has a default; put '*' before it to make it a parameter"
            )


def read_signature(function: Callable[..., Any], *, name: str) -> Signature:
    """The types of a step; raises StepInvalid for a type that is unknown or that no artifact can hold."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError) as error:
        raise StepInvalid(step=name, reason=f"a type cannot be resolved: {error}") from error
    if "return" not in hints:
        raise StepInvalid(step=name, reason="it does not say what it returns")
    inputs, params = {}, {}
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        if parameter.kind is parameter.KEYWORD_ONLY:
            params[parameter.name] = hint
        else:
            _kind(hint, step=name, where=f"input '{parameter.name}'")
            inputs[parameter.name] = hint
    outputs, single = _outputs(hints["return"], step=name)
    return Signature(inputs=inputs, params=params, outputs=outputs, single=single)


def _outputs(hint: Any, *, step: str) -> tuple[tuple[Output, ...], bool]:
    if typing.get_origin(hint) is tuple:
        members = [(str(index), member) for index, member in enumerate(typing.get_args(hint))]
    elif isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        members = list(typing.get_type_hints(hint).items())
    else:
        return (_output("output", hint, step=step),), True
    if not members or any(member is Ellipsis for _, member in members):
        raise StepInvalid(step=step, reason="it returns a tuple of no fixed length")
    return tuple(_output(name, member, step=step) for name, member in members), False


def _output(name: str, hint: Any, *, step: str) -> Output:
    kind = _kind(hint, step=step, where="its result")
    if kind == "dataset":
        raise StepInvalid(step=step, reason="it returns a Dataset; return a frame, and add versions outside pipelines")
    return Output(name=name, type=hint, kind=kind)


def _kind(hint: Any, *, step: str, where: str) -> str:
    try:
        return kind_of(hint)
    except UnsupportedType as error:
        known = "DataFrame, ndarray, Model, Metrics, dict, list, str, int, float, bool, bytes"
        raise StepInvalid(step=step, reason=f"{where} is of type {name_of(hint)}; known are {known}") from error
