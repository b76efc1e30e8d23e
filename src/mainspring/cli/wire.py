"""The JSON that `--json` writes: versioned objects, one line each."""

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["SCHEMA_VERSION", "encode_answer", "encode_error", "schema_name"]

SCHEMA_VERSION = 1


def schema_name(command: str) -> str:
    """The name of a command's answer, such as `mainspring/runs.list/1`."""
    return f"mainspring/{command.replace(' ', '.')}/{SCHEMA_VERSION}"


def encode_answer(command: str, value: object) -> str:
    """`{"schema": "mainspring/<command>/1", "data": ...}`."""
    return msgspec.json.encode({"schema": schema_name(command), "data": value}, enc_hook=str).decode()


# Any: an error's fields are what its template names, and sometimes a whole report.
def encode_error(code: str, message: str, hint: str, fields: Mapping[str, Any]) -> str:
    """`{"schema": "mainspring/error/1", "error": {"code", "message", "hint", "fields"}}`."""
    error = {"code": code, "message": message, "hint": hint, "fields": fields}
    return msgspec.json.encode({"schema": schema_name("error"), "error": error}, enc_hook=str).decode()
