"""Answers as bytes: HTTP responses of the Open Inference Protocol v2 and of MLflow's scoring protocol."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from mainspring.domain.package import Field
from mainspring.serving.decoder import DATATYPES
from mainspring.serving.variants import LoadedVariant

__all__ = [
    "Receive",
    "Response",
    "Scope",
    "Send",
    "infer_answer",
    "invocation_answer",
    "model_metadata",
    "oip_error",
    "reply",
    "scoring_error",
    "send_response",
]

# Any: ASGI's own messages.
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


class Response:
    """A complete answer: status, body and the request's id for its header."""

    __slots__ = ("body", "request_id", "status")

    def __init__(self, status: int, body: bytes, request_id: str = "") -> None:
        self.status = status
        self.body = body
        self.request_id = request_id


# object: what is encoded is the protocol's own JSON.
def reply(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, _encode(value))


def oip_error(status: int, message: str) -> Response:
    """An error as the Open Inference Protocol writes it."""
    return Response(status, _encode({"error": message}))


def scoring_error(status: int, message: str) -> Response:
    """An error as MLflow's scoring server writes it."""
    codes = {400: "BAD_REQUEST", 404: "RESOURCE_DOES_NOT_EXIST", 503: "TEMPORARILY_UNAVAILABLE"}
    return Response(
        status,
        _encode(
            {"error_code": codes.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST"), "message": message}
        ),
    )


def infer_answer(endpoint: str, variant: LoadedVariant, request_id: str, predictions: list[float]) -> Response:
    """The answer to an inference request, with the variant that gave it."""
    body = {
        "model_name": endpoint,
        "model_version": str(variant.route.version),
        "id": request_id,
        "parameters": {"variant": variant.route.name},
        "outputs": [{"name": "prediction", "shape": [len(predictions)], "datatype": "FP64", "data": predictions}],
    }
    return Response(200, _encode(body), request_id)


def invocation_answer(request_id: str, predictions: list[float]) -> Response:
    """The answer to an invocation."""
    return Response(200, _encode({"predictions": predictions}), request_id)


def model_metadata(endpoint: str, variant: LoadedVariant, versions: list[str]) -> Response:
    """The protocol's description of a model: its versions and its columns as tensors."""
    return reply(
        {
            "name": endpoint,
            "versions": versions,
            "platform": f"mainspring_{variant.package.flavour}",
            "inputs": [_tensor(field) for field in variant.signature.inputs],
            "outputs": [_tensor(field) for field in variant.signature.outputs],
        }
    )


async def send_response(send: Send, response: Response) -> None:
    """Hand a response to the server."""
    headers = [_JSON, (b"content-length", str(len(response.body)).encode()), _NO_SNIFF]
    if response.request_id:
        headers.append((b"x-request-id", response.request_id.encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _tensor(field: Field) -> dict[str, object]:
    return {"name": field.name, "datatype": DATATYPES[field.type], "shape": [-1]}
