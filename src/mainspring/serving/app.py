"""The endpoint as an ASGI application: the hot path from a request's bytes to its captured answer.

No framework: one table of exact paths, one handler each. An answer leaves only after its rows are in the spool.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

import mainspring
from mainspring.kernel.errors import MainspringError
from mainspring.serving.captures import Answered, Spool, Told
from mainspring.serving.decoder import Asked, check_id, decode_infer, decode_invocation
from mainspring.serving.errors import RequestInvalid, ServedModelUnknown
from mainspring.serving.guard import Guard, Headers, read_body
from mainspring.serving.shadows import Shadows
from mainspring.serving.variants import LoadedRoute, LoadedVariant
from mainspring.serving.wire import (
    Receive,
    Response,
    Scope,
    Send,
    infer_answer,
    invocation_answer,
    model_metadata,
    oip_error,
    reply,
    scoring_error,
    send_response,
)

__all__ = ["App", "Control"]

_FEEDBACK_ROWS = 100_000
_END_OF_TIME_MS = 1 << 46
_log = logging.getLogger(__name__)

Control = Callable[[], Awaitable[dict[str, object]]]
Failure = Callable[[int, str], Response]


class _Outcome(msgspec.Struct, frozen=True):
    id: str
    label: float
    at_ms: int | None = None


class _Feedback(msgspec.Struct, frozen=True):
    id: str = ""
    label: float | None = None
    feedback: list[_Outcome] = []
    at_ms: int | None = None


_feedback = msgspec.json.Decoder(_Feedback)


class App:
    """Answers requests by the route it holds; `route` is replaced whole, so a request sees one route from start to end."""

    def __init__(self, route: LoadedRoute, *, spool: Spool, guard: Guard, new_id: Callable[[], str]) -> None:
        self.route = route
        self.route_error = ""
        self.controls: dict[str, Control] = {}
        self.failures = 0
        self.feedback_rows = 0
        self.shadows = Shadows(spool)
        self._spool = spool
        self._guard = guard
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; WebSockets are not spoken here."""
        if scope["type"] != "http":
            return
        headers, method, path = Headers(scope), scope["method"], scope["path"]
        failure: Failure = scoring_error if path == "/invocations" else oip_error
        try:
            if not self._guard.allows(method, headers):
                response = failure(403, "this host or origin may not use the endpoint")
            else:
                response = await self._answer(method, path, headers, receive)
        except MainspringError as error:
            response = failure(error.http_status, str(error))
        except Exception as error:  # noqa: BLE001 - the edge: what a model's code raises ends here, the endpoint goes on
            _log.exception("a request failed")
            self.failures += 1
            response = failure(500, f"the model failed: {type(error).__name__}")
        await send_response(send, response)

    async def _answer(self, method: str, path: str, headers: Headers, receive: Receive) -> Response:
        if method == "POST":
            if path == "/invocations":
                return await self._invoke(headers, receive)
            if path == "/feedback":
                return await self._hear(headers, receive)
            if path.endswith("/infer"):
                return await self._infer(path, headers, receive)
            if path in self.controls:
                return reply(await self.controls[path]())
        elif method in ("GET", "HEAD"):
            return self._read(path)
        raise ServedModelUnknown(what=f"{method} {path[:80]}", served=f"/v2/models/{self.route.route.endpoint}")

    async def _infer(self, path: str, headers: Headers, receive: Receive) -> Response:
        loaded = self.route
        asked_of = self._addressed(loaded, path.removesuffix("/infer"))
        body = await read_body(receive, headers, limit=loaded.route.max_body_bytes)
        asked = decode_infer(body, loaded.live[0].signature, max_rows=loaded.route.max_rows)
        request_id = asked.id or self._id_of(headers)
        variant = asked_of or loaded.choose(request_id)
        at_ms = self._at_ms(asked.at_ms, place="'parameters.at_ms'")
        predictions = await self._predict(loaded, variant, asked, request_id, at_ms=at_ms)
        return infer_answer(loaded.route.endpoint, variant, request_id, predictions)

    async def _invoke(self, headers: Headers, receive: Receive) -> Response:
        loaded = self.route
        body = await read_body(receive, headers, limit=loaded.route.max_body_bytes)
        asked = decode_invocation(body, loaded.live[0].signature, max_rows=loaded.route.max_rows)
        request_id = self._id_of(headers)
        at_ms = self._at_ms(asked.at_ms, place="'params.at_ms'")
        predictions = await self._predict(loaded, loaded.choose(request_id), asked, request_id, at_ms=at_ms)
        return invocation_answer(request_id, predictions)

    async def _predict(
        self, loaded: LoadedRoute, variant: LoadedVariant, asked: Asked, request_id: str, *, at_ms: int
    ) -> list[float]:
        predictions: list[float] = (await variant.ask(asked.columns, asked.rows)).tolist()
        if not math.isfinite(math.fsum(predictions)):
            row = next((i for i, value in enumerate(predictions) if not math.isfinite(value)), 0)
            raise ArithmeticError(f"row {row} was answered with {predictions[row]}")
        columns = {field.name: asked.columns[field.name] for field in variant.signature.inputs}
        answered = Answered(
            request_id=request_id,
            at_ms=at_ms,
            variant=variant.route.name,
            model=variant.route.model,
            version=variant.route.version,
            package=variant.route.package,
            role="live",
            columns=columns,
            predictions=predictions,
        )
        self._spool.write(answered)
        variant.requests += 1
        variant.rows += asked.rows
        # A shadow of the version that has just answered would say the same again.
        unasked = [s for s in loaded.shadows if s.route.package != variant.route.package]
        if unasked:
            self.shadows.offer(unasked, answered)
        return predictions

    async def _hear(self, headers: Headers, receive: Receive) -> Response:
        body = await read_body(receive, headers, limit=self.route.route.max_body_bytes)
        try:
            told = _feedback.decode(body)
        except msgspec.MsgspecError as error:
            raise RequestInvalid(reason=f"the body is not valid: {error}") from None
        outcomes = list(told.feedback)
        if told.id or told.label is not None:
            if told.label is None or not told.id:
                raise RequestInvalid(reason="feedback needs both 'id' and 'label'")
            outcomes.append(_Outcome(told.id, told.label, told.at_ms))
        if not 1 <= len(outcomes) <= _FEEDBACK_ROWS:
            raise RequestInvalid(reason=f"give 1 to {_FEEDBACK_ROWS} outcomes as 'feedback', or one 'id' and 'label'")
        for outcome in outcomes:
            _check_prediction_id(outcome.id)
        record = Told(
            ids=[outcome.id for outcome in outcomes],
            labels=[outcome.label for outcome in outcomes],
            at_ms=[
                self._at_ms(told.at_ms if outcome.at_ms is None else outcome.at_ms, place="'at_ms' of each outcome")
                for outcome in outcomes
            ],
        )
        self._spool.write(record)
        self.feedback_rows += len(outcomes)
        return reply({"accepted": len(outcomes)})

    def _read(self, path: str) -> Response:
        loaded = self.route
        if path in ("/v2/health/live", "/ping"):
            return reply({"live": True})
        if path == "/v2/health/ready":
            return reply({"ready": True, "number": loaded.route.number, "error": self.route_error})
        if path == "/v2":
            return reply({"name": "mainspring", "version": mainspring.__version__, "extensions": []})
        if path == "/-/status":
            return reply(self._status())
        is_ready = path.endswith("/ready")
        variant = self._addressed(loaded, path.removesuffix("/ready")) or loaded.live[0]
        name = loaded.route.endpoint
        if is_ready:
            return reply({"name": name, "ready": True})
        return model_metadata(name, variant, [str(v.route.version) for v in loaded.live])

    def _addressed(self, loaded: LoadedRoute, path: str) -> LoadedVariant | None:
        """The variant whose version the path names, None where it names only the endpoint; raises ServedModelUnknown."""
        name = loaded.route.endpoint
        prefix = f"/v2/models/{name}"
        if path == prefix:
            return None
        parts = path.removeprefix(prefix + "/versions/").split("/")
        if path.startswith(prefix + "/versions/") and len(parts) == 1:
            variant = loaded.of_version(parts[0])
            if variant is not None:
                return variant
        versions = ", ".join(str(v.route.version) for v in loaded.live)
        raise ServedModelUnknown(what=f"'{path[:120]}'", served=f"model '{name}', versions {versions}")

    def _status(self) -> dict[str, Any]:
        return {
            "number": self.route.route.number,
            "error": self.route_error,
            "failures": self.failures,
            "feedback_rows": self.feedback_rows,
            "shadows_dropped": self.shadows.dropped,
            "variants": [
                {"name": v.route.name, "version": v.route.version, "requests": v.requests, "rows": v.rows}
                for v in self.route.variants
            ],
        }

    def _id_of(self, headers: Headers) -> str:
        if headers.request_id:
            return check_id(headers.request_id.decode("latin-1"))
        return self._new_id()

    def _at_ms(self, given: int | None, *, place: str) -> int:
        """The time of a request; `place` is where its protocol has room for one."""
        if self.route.route.clock == "request":
            if given is None:
                raise RequestInvalid(
                    reason=f"this endpoint's clock is the request's: give its time, in milliseconds since 1970 UTC, as {place}"
                )
            if not 0 <= given < _END_OF_TIME_MS:
                raise RequestInvalid(reason=f"{place} is {given}, which is no time in milliseconds since 1970 UTC")
            return given
        if given is not None:
            raise RequestInvalid(reason=f"this endpoint's clock is the system's: {place} is not taken")
        return time.time_ns() // 1_000_000


def _check_prediction_id(text: str) -> None:
    request, slash, row = text.rpartition("/")
    if not slash or not row.isascii() or not row.isdigit() or len(row) > 9:
        raise RequestInvalid(reason=f"'{text[:80]}' is not the id of a prediction; it is REQUEST/ROW")
    check_id(request)
