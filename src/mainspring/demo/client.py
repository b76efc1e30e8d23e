"""What sends the demo's traffic: one kept-open connection to the endpoint, as a plain program would hold it."""

import http.client
from urllib.parse import urlsplit

import msgspec

from mainspring.kernel.errors import Failed

__all__ = ["EndpointClient", "RequestFailed"]


class RequestFailed(Failed):
    code = "demo.request"
    template = "the endpoint answered {status} to {path}: {answer}"
    hint = "its log is .mainspring/endpoints/default/arrival-delay/log"


class EndpointClient:
    """Sends inference requests and feedback to one endpoint; connects again where its process was replaced."""

    def __init__(self, url: str, *, model: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._host, self._port = parts.hostname, parts.port or 80
        self._infer = f"/v2/models/{model}/infer"
        self._connection = http.client.HTTPConnection(self._host, self._port, timeout=30)

    def infer(self, body: bytes) -> bytes:
        """Send one request of the Open Inference Protocol."""
        return self._post(self._infer, body)

    def feedback(self, outcomes: list[tuple[str, float, int]]) -> None:
        """Report outcomes: prediction id, label, and when it became known."""
        entries = [{"id": prediction, "label": label, "at_ms": at_ms} for prediction, label, at_ms in outcomes]
        self._post("/feedback", msgspec.json.encode({"feedback": entries}))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, path: str, body: bytes) -> bytes:
        for attempt in (1, 2):
            try:
                self._connection.request("POST", path, body, {"Content-Type": "application/json"})
                response = self._connection.getresponse()
                answer = response.read()
                break
            except (ConnectionError, http.client.HTTPException):
                self._connection.close()
                if attempt == 2:
                    raise
        if response.status != http.HTTPStatus.OK:
            raise RequestFailed(status=response.status, path=path, answer=answer[:300].decode(errors="replace"))
        return answer
