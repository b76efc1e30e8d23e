"""The errors of serving: of the ops that declare endpoints, of the controller, and of requests to an endpoint."""

from mainspring.kernel.errors import Conflict, Failed, Invalid, NotFound, Unavailable

__all__ = [
    "BodyTooLarge",
    "CaptureFailed",
    "EndpointMoved",
    "EndpointUnknown",
    "EndpointUnready",
    "LimitInvalid",
    "PredictionAmbiguous",
    "PredictionUnknown",
    "RequestInvalid",
    "RouteInvalid",
    "SegmentDamaged",
    "ServedModelUnknown",
    "SpanTooLong",
    "UnsupportedContent",
]


class EndpointUnknown(NotFound):
    code = "endpoint.unknown"
    template = "endpoint '{name}' does not exist in project '{project}'{suggestion}"
    hint = "see: mainspring endpoints list"


class EndpointMoved(Conflict):
    code = "endpoint.moved"
    template = "endpoint '{name}' is at change {found}, not {expected}: someone changed it meanwhile"
    hint = "look at it and decide again; see: mainspring endpoints show {name}"


class EndpointUnready(Unavailable):
    code = "endpoint.unready"
    template = "endpoint '{name}' did not become ready: {reason}"
    hint = "its log is {log}"


class RouteInvalid(Invalid):
    code = "endpoint.route"
    template = "the variants of endpoint '{name}' cannot be served: {reason}"
    hint = "give at least one live variant; the weights of the live ones add up to 1"


class LimitInvalid(Invalid):
    code = "serving.limit"
    template = "limit must be 1 to 1000, not {limit}"
    hint = "page with `after` instead"


class PredictionUnknown(NotFound):
    code = "prediction.unknown"
    template = "there is no prediction '{id}' in project '{project}'"
    hint = "a prediction's id is REQUEST/ROW; one answered a moment ago is found once it is ingested"


class PredictionAmbiguous(Conflict):
    code = "prediction.ambiguous"
    template = "prediction '{id}' was answered by several endpoints: {endpoints}"
    hint = "say which one you mean"


class SegmentDamaged(Failed):
    code = "capture.segment"
    template = "'{file}' is not a capture segment this version can read: {reason}"
    hint = "keep the file; nothing of it was taken in or deleted"


class SpanTooLong(Invalid):
    code = "capture.span"
    template = "endpoint '{endpoint}' has more than {limit} captured segments in the time asked for"
    hint = "ask for a shorter time; nothing was left out in silence"


class CaptureFailed(Unavailable):
    code = "capture.failed"
    template = "the answer could not be recorded: {reason}"
    hint = "free space on the endpoint's disk; nothing is answered that is not recorded"


class RequestInvalid(Invalid):
    code = "request.invalid"
    template = "{reason}"
    hint = ""


class BodyTooLarge(Invalid):
    code = "request.too_large"
    template = "the body has more than {limit} bytes"
    hint = "send fewer rows at a time"
    http_status = 413


class UnsupportedContent(Invalid):
    code = "request.content_type"
    template = "content type '{found}' is not supported"
    hint = "send application/json"
    http_status = 415


class ServedModelUnknown(NotFound):
    code = "request.model"
    template = "{what} is not served here"
    hint = "this endpoint serves {served}"
