"""`@pipeline`: a function that calls steps; it is called once to put the graph together, and never while steps run."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from mainspring.domain.pipeline import Graph, Port, Source
from mainspring.pipelines.codecs import UnsupportedType, kind_of, name_of
from mainspring.pipelines.errors import InputInvalid, PipelineInvalid, StepInvalid, WiringInvalid
from mainspring.pipelines.signature import check_function
from mainspring.pipelines.trace import Handle, Trace, convert_param, tracing

if TYPE_CHECKING:
    from mainspring.domain.run import Run
    from mainspring.workspace import Workspace

__all__ = ["Pipeline", "pipeline"]

P = ParamSpec("P")
R = TypeVar("R")


class Pipeline(Generic[P, R]):
    """A pipeline; calling it calls its function, so steps run in place, and inside another pipeline it joins that one."""

    def __init__(self, function: Callable[P, R], *, seed: int = 0, threads: int = 1) -> None:
        self.function = function
        self.name = function.__name__
        self.seed = seed
        self.threads = threads
        functools.update_wrapper(self, function)
        try:
            check_function(function, name=self.name)
        except StepInvalid as error:
            raise PipelineInvalid(pipeline=self.name, reason=error.fields["reason"]) from None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"

    @functools.cached_property
    def hints(self) -> dict[str, Any]:
        """The types of its arguments."""
        try:
            return typing.get_type_hints(self.function)
        except (NameError, AttributeError, TypeError) as error:
            raise PipelineInvalid(pipeline=self.name, reason=f"a type cannot be resolved: {error}") from error

    @property
    def inputs(self) -> dict[str, str]:
        """Its inputs (positional arguments) and the kind of artifact each takes."""
        names = [p.name for p in self._arguments() if p.kind is not p.KEYWORD_ONLY]
        try:
            return {name: kind_of(self.hints[name]) for name in names}
        except UnsupportedType as error:
            raise PipelineInvalid(pipeline=self.name, reason=f"no input can be of type {error}") from error

    @property
    def params(self) -> dict[str, inspect.Parameter]:
        """Its parameters (keyword-only arguments)."""
        return {p.name: p for p in self._arguments() if p.kind is p.KEYWORD_ONLY}

    # Any: parameters are plain JSON values.
    def graph(self, params: Mapping[str, Any] | None = None, *, names: Mapping[str, str] | None = None) -> Graph:
        """The graph for these parameters, every connection checked; raises WiringInvalid, InputInvalid, PipelineInvalid.

        names: what a snapshot imports modules as that have another name here, such as `__main__`.
        """
        given = self._checked_params(dict(params or {}))
        kinds = self.inputs
        trace = Trace(self.name, names=names or {})
        handles = {name: Handle(Source(node="", output=name), self.hints[name]) for name in kinds}
        with tracing(trace):
            returned = self.function(*handles.values(), **given)  # type: ignore[arg-type]
        outputs = trace.outputs(returned)
        if not trace.nodes:
            raise PipelineInvalid(pipeline=self.name, reason="it calls no step")
        ports = tuple(Port(name=name, kind=kind) for name, kind in kinds.items())
        return Graph(
            pipeline=self.name,
            inputs=ports,
            params=given,
            nodes=tuple(trace.nodes),
            outputs=outputs,
            seed=self.seed,
            threads=self.threads,
        )

    # Any: inputs are values, datasets or references; parameters plain JSON values.
    def run(self, ws: "Workspace | None" = None, **values: Any) -> "Run":
        """Run it and wait; raises RunFailed with the user's own line first, or KeyboardInterrupt after cancelling.

        ws: the workspace; None means the connected one. Raises PipelineRemote where that is a server's.
        values: inputs and parameters by name; a Dataset input takes a handle or a reference such as `flights@3`.
        """
        # Only running needs the database; a step's own process imports this module without it.
        from mainspring.pipelines.start import run_pipeline
        from mainspring.tracking.connection import current

        inputs = {name: value for name, value in values.items() if name in self.inputs}
        params = {name: value for name, value in values.items() if name not in self.inputs}
        return run_pipeline(ws or current(), self, inputs=inputs, params=params)

    def _arguments(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())

    def _checked_params(self, given: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for name in set(given) - set(self.params):
            known = ", ".join([*self.inputs, *self.params]) or "none"
            raise InputInvalid(
                pipeline=self.name, argument=name, reason=f"there is no such argument; there are: {known}"
            )
        for name, parameter in self.params.items():
            if name not in given and parameter.default is parameter.empty:
                raise InputInvalid(pipeline=self.name, argument=name, reason="it is missing and has no default")
            try:
                out[name] = convert_param(self.name, name, given.get(name, parameter.default), self.hints[name])
            except WiringInvalid as error:
                reason = f"expected {name_of(self.hints[name])}, given {error.fields['given']}"
                raise InputInvalid(pipeline=self.name, argument=name, reason=reason) from error
        return out


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(*, seed: int = 0, threads: int = 1) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(function: Any = None, /, *, seed: int = 0, threads: int = 1) -> Any:
    """Make a function a pipeline: positional arguments are inputs, keyword-only ones parameters.

    seed: what `random` and `numpy.random` start from in each step. threads: how many a step's libraries may use; a
    result is promised to be the same again only at the same number.
    """
    if function is not None:
        return Pipeline(function)
    return lambda declared: cast("Any", Pipeline(declared, seed=seed, threads=threads))
