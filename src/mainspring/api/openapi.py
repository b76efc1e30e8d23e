"""The OpenAPI 3.1 document of the op table."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mainspring.kernel.op import Op

__all__ = ["document"]

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint", "fields"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "fields": {"type": "object"},
            },
        }
    },
}


# Any: an OpenAPI document is loose JSON by nature.
def document(ops: Mapping[str, Op]) -> dict[str, Any]:
    """The document; schemas come from the same Structs that are the domain and the wire."""
    kinds = [op.result for op in ops.values()] + [a.type for op in ops.values() for a in op.arguments]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    results = dict(zip(ops, schemas[: len(ops)], strict=True))
    rest = iter(schemas[len(ops) :])
    arguments = {name: [(a, next(rest)) for a in op.arguments] for name, op in ops.items()}
    paths: dict[str, dict[str, Any]] = {}
    for name, op in ops.items():
        prefix = "/api/v1" if op.scope == "workspace" else "/api/v1/projects/{project}"
        path = re.sub(r":\w+}", "}", prefix + op.path)
        paths.setdefault(path, {})[op.verb.lower()] = _operation(op, arguments[name], results[name])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mainspring", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components | {"Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(op: Op, arguments: list[tuple[Any, dict[str, Any]]], result: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": a.name, "in": a.place, "required": a.required or a.place == "path", "schema": schema}
        for a, schema in arguments
        if a.place != "body"
    ]
    if op.scope == "project":
        parameters.insert(0, {"name": "project", "in": "path", "required": True, "schema": {"type": "string"}})
    if op.mutates:
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}})
    body = [(a, schema) for a, schema in arguments if a.place == "body"]
    entry: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "x-permission": op.allow,
        "parameters": parameters,
        "responses": {
            "200": {"description": "the answer", "content": {"application/json": {"schema": result}}},
            "default": {
                "description": "an error with a stable code",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if body:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {a.name: s for a, s in body},
            "additionalProperties": False,
        }
        if required := [a.name for a, _ in body if a.required]:
            schema["required"] = required
        entry["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": schema}}}
    return entry
