"""What happens in a step's own process: inputs are read, its function is called, outputs are written, and a report is made."""

import os
import random
import sys
from pathlib import Path
from typing import Any

import msgspec

from mainspring.domain.run import RunFailure
from mainspring.kernel import fault
from mainspring.kernel.errors import MainspringError
from mainspring.pipelines.codecs import CODECS, is_instance, name_of
from mainspring.pipelines.failure import failure_of
from mainspring.pipelines.loading import find
from mainspring.pipelines.metrics import Metrics
from mainspring.pipelines.protocol import Given, Made, Plan, Refusal, Report, Work
from mainspring.pipelines.recording import Recorder
from mainspring.pipelines.signature import Output

__all__ = ["plan", "redirect", "work"]


class _OutputInvalid(Exception):
    """A step's result is not what it declares."""


def redirect(log: str) -> None:
    """Send this process's output, and that of everything it starts, to a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def work(order: Work, recorder: Recorder) -> Report:
    """Run a step; whatever it raises becomes the report's failure."""
    recorder.loading = False
    step = order.id
    try:
        outputs, metrics = _run(order)
        failure = None
    except _OutputInvalid as error:
        outputs, metrics, failure = (
            (),
            {},
            failure_of(error.__cause__ or error, step=step, root=os.getcwd(), kind="output"),
        )
        if error.__cause__ is None:
            failure = RunFailure(kind="output", type="", message=str(error), step=step)
    except BaseException as error:  # noqa: BLE001  the edge of the process: SystemExit counts as a failure too
        outputs, metrics, failure = (), {}, failure_of(error, step=step, root=os.getcwd())
        sys.excepthook(type(error), error, error.__traceback__)
    sys.stdout.flush()
    sys.stderr.flush()
    uses = recorder.uses | recorder.modules(frozenset(order.imported))
    return Report(
        outputs=outputs,
        metrics=metrics,
        uses=tuple(sorted(uses)),
        leaks=tuple(sorted(recorder.leaks)),
        failure=failure,
    )


def plan(order: Plan) -> Report:
    """Put a pipeline's graph together; a refusal is passed on as it is."""
    try:
        pipeline = find(order.function)
        return Report(graph=pipeline.graph(order.params))
    except MainspringError as error:
        fields = {name: str(value) for name, value in error.fields.items()}
        status, code = error.http_status, error.code
        return Report(
            refusal=Refusal(status=status, code=code, message=error.message, hint=error.next_step, fields=fields)
        )
    except Exception as error:  # noqa: BLE001  the edge of the process
        return Report(failure=failure_of(error, step="", root=os.getcwd()))


def _run(order: Work) -> tuple[tuple[Made, ...], dict[str, float | None]]:
    step = find(order.function)
    hints = step.signature.inputs
    inputs = [_read(given, hints[name]) for name, given in order.inputs.items()]
    _seed(order.seed)
    value = step.function(*inputs, **_params(step, order.params))
    signature = step.signature
    values = (value,) if signature.single else value
    if not isinstance(values, tuple) or len(values) != len(signature.outputs):
        raise _OutputInvalid(f"it returned {name_of(type(value))}, expected {len(signature.outputs)} values")
    made: list[Made] = []
    metrics: dict[str, float | None] = {}
    for output, item in zip(signature.outputs, values, strict=True):
        if output.kind == "model":
            item.provenance = order.provenance
        made.append(_write(output, item, Path(order.staging)))
        metrics.update(_measured(output.kind, item))
    return tuple(made), metrics


def _measured(kind: str, value: Any) -> dict[str, float | None]:
    match kind:
        case "metrics":
            return Metrics(value).finite()
        case "evaluation":
            return {value.metric: value.model_error, f"{value.metric} of {value.opponent}": value.opponent_error}
    return {}


def _write(output: Output, value: Any, staging: Path) -> Made:
    if not is_instance(value, output.type):
        raise _OutputInvalid(f"it returned {name_of(type(value))}, expected {name_of(output.type)}")
    codec = CODECS[output.kind]
    target = staging / output.name
    if codec.tree:
        target.mkdir()
    fault.point("step.write.before_output")
    try:
        codec.write(value, target)
    except (TypeError, ValueError) as error:
        raise _OutputInvalid(str(error)) from error
    return Made(name=output.name, kind=output.kind)


def _read(given: Given, hint: Any) -> Any:
    paths = [Path(path) for path in given.paths]
    if given.kind != "dataset":
        return CODECS[given.kind].read(paths[0], hint)
    from mainspring.data import Dataset  # only where a step takes a dataset

    return Dataset(given.name, given.version, tuple(paths))


def _params(step: Any, params: dict[str, Any]) -> dict[str, Any]:
    hints = step.signature.params
    return {name: msgspec.convert(value, type=hints[name]) for name, value in params.items()}


def _seed(seed: int) -> None:
    random.seed(seed)
    # The legacy global generator is what libraries fall back on; the server has imported it.
    sys.modules["numpy.random"].seed(seed % 2**32)
