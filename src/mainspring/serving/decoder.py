"""Bodies of requests as named columns: the Open Inference Protocol v2 and MLflow's scoring protocol, one decoder each.

What a column may hold is not decided here but by the model's signature (`models.signature.build_frame`).
"""

import re
from typing import Any, TypeAlias

import msgspec

from mainspring.domain.package import Field, FieldType, Signature
from mainspring.serving.errors import RequestInvalid

__all__ = ["DATATYPES", "Asked", "Columns", "check_id", "decode_infer", "decode_invocation"]

# Any: cells come from JSON and are checked against the signature later.
Columns: TypeAlias = dict[str, list[Any]]

DATATYPES: dict[FieldType, str] = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    "datetime": "BYTES",
}
_INTEGERS = frozenset({"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"})
_NUMBERS = _INTEGERS | {"FP16", "FP32", "FP64"}
_ACCEPTED: dict[FieldType, frozenset[str]] = {
    "boolean": frozenset({"BOOL"}),
    "integer": _INTEGERS,
    "long": _INTEGERS,
    "float": _NUMBERS,
    "double": _NUMBERS,
    "string": frozenset({"BYTES"}),
    "datetime": frozenset({"BYTES", "INT64"}),
}
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Asked(msgspec.Struct, frozen=True):
    """A decoded request: its columns, all of length `rows`; `id` is empty and `at_ms` None where the client gave none."""

    columns: Columns
    rows: int
    id: str = ""
    at_ms: int | None = None


class _Parameters(msgspec.Struct, frozen=True):
    at_ms: int | None = None


class _Tensor(msgspec.Struct, frozen=True):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class _Infer(msgspec.Struct, frozen=True):
    inputs: list[_Tensor]
    id: str = ""
    parameters: _Parameters = _Parameters()


class _Split(msgspec.Struct, frozen=True):
    columns: list[str]
    data: list[list[Any]]


class _Invocation(msgspec.Struct, frozen=True):
    dataframe_split: _Split | None = None
    dataframe_records: list[dict[str, Any]] | None = None
    instances: list[Any] | None = None
    inputs: Any = None
    params: _Parameters = _Parameters()


_infer = msgspec.json.Decoder(_Infer)
_invocation = msgspec.json.Decoder(_Invocation)


def check_id(text: str) -> str:
    """`text` unchanged; raises RequestInvalid unless it can be a request id."""
    if not _ID.fullmatch(text):
        raise RequestInvalid(reason="'id' must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -")
    return text


def decode_infer(body: bytes, signature: Signature, *, max_rows: int) -> Asked:
    """An OIP v2 JSON inference request: one tensor of shape [rows] or [rows, 1] a column.

    A single tensor of shape [rows, columns] stands for all columns in order, where all of them are numbers.
    Raises RequestInvalid naming what is wrong.
    """
    request = _decoded(_infer, body)
    fields = {field.name: field for field in signature.inputs}
    tensors = request.inputs
    if len(tensors) == 1 and tensors[0].name not in fields and len(tensors[0].shape) == 2:
        columns = _matrix(tensors[0], signature)
    else:
        columns = {}
        for tensor in tensors:
            field = fields.get(tensor.name)
            if field is None:
                raise RequestInvalid(
                    reason=f"there is no input '{tensor.name[:80]}'; the inputs are {_names(signature)}"
                )
            if tensor.name in columns:
                raise RequestInvalid(reason=f"input '{tensor.name}' comes twice")
            columns[tensor.name] = _vector(tensor, field)
    asked_id = check_id(request.id) if request.id else ""
    return Asked(columns, _rows(columns, signature, max_rows), asked_id, request.parameters.at_ms)


def decode_invocation(body: bytes, signature: Signature, *, max_rows: int) -> Asked:
    """One of MLflow's JSON bodies: dataframe_split, dataframe_records, instances or inputs; raises RequestInvalid."""
    request = _decoded(_invocation, body)
    given = [
        name
        for name in ("dataframe_split", "dataframe_records", "instances", "inputs")
        if getattr(request, name) is not None
    ]
    if len(given) != 1:
        raise RequestInvalid(
            reason="the body must have exactly one of 'dataframe_split', 'dataframe_records', 'instances', 'inputs'"
        )
    if request.dataframe_split is not None:
        columns = _from_split(request.dataframe_split)
    elif request.dataframe_records is not None:
        columns = _from_records(request.dataframe_records, signature)
    elif request.instances is not None:
        columns = _from_list(request.instances, signature, what="instances")
    elif isinstance(request.inputs, dict):
        columns = _from_mapping(request.inputs)
    else:
        columns = _from_list(request.inputs, signature, what="inputs")
    return Asked(columns, _rows(columns, signature, max_rows), "", request.params.at_ms)


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise RequestInvalid(reason=f"the body is not valid: {error}") from None


def _vector(tensor: _Tensor, field: Field) -> list[Any]:
    if tensor.datatype not in _ACCEPTED[field.type]:
        raise RequestInvalid(
            reason=f"input '{field.name}' has datatype '{tensor.datatype[:20]}', the model takes {DATATYPES[field.type]}"
        )
    shape, data = tensor.shape, tensor.data
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[1] != 1):
        raise RequestInvalid(reason=f"input '{field.name}' has shape {shape[:8]}; use [rows] or [rows, 1]")
    if len(shape) == 2 and data and all(isinstance(item, list) for item in data):
        if any(len(item) != 1 for item in data):
            raise RequestInvalid(reason=f"input '{field.name}' has shape {shape} but not one value in each row")
        data = [item[0] for item in data]
    if len(data) != shape[0]:
        raise RequestInvalid(reason=f"input '{field.name}' has shape {shape} but {len(data)} values")
    return data


def _matrix(tensor: _Tensor, signature: Signature) -> Columns:
    names = [field.name for field in signature.inputs]
    rows, width = tensor.shape
    if width != len(names) or any(field.type in ("string", "datetime", "boolean") for field in signature.inputs):
        raise RequestInvalid(
            reason=f"there is no input '{tensor.name[:80]}'; the inputs are {_names(signature)}, one tensor each"
        )
    data = tensor.data
    if data and all(isinstance(item, list) for item in data):
        data = [value for item in data for value in item]
    if len(data) != rows * width:
        raise RequestInvalid(reason=f"input '{tensor.name[:80]}' has shape [{rows}, {width}] but {len(data)} values")
    return {name: data[index::width] for index, name in enumerate(names)}


def _from_split(frame: _Split) -> Columns:
    if len(set(frame.columns)) != len(frame.columns):
        raise RequestInvalid(reason="'columns' of 'dataframe_split' names a column twice")
    width = len(frame.columns)
    for index, row in enumerate(frame.data):
        if len(row) != width:
            raise RequestInvalid(reason=f"row {index} of 'dataframe_split' has {len(row)} values for {width} columns")
    if not frame.data:
        return {name: [] for name in frame.columns}
    return dict(zip(frame.columns, (list(column) for column in zip(*frame.data, strict=True)), strict=True))


def _from_records(records: list[dict[str, Any]], signature: Signature) -> Columns:
    columns: Columns = {}
    for field in signature.inputs:
        try:
            columns[field.name] = [record[field.name] for record in records]
        except KeyError:
            row = next(index for index, record in enumerate(records) if field.name not in record)
            raise RequestInvalid(reason=f"input column '{field.name}' is missing in row {row}") from None
    return columns


def _from_list(items: Any, signature: Signature, *, what: str) -> Columns:
    if not isinstance(items, list):
        raise RequestInvalid(reason=f"'{what}' must be a list of rows")
    if all(isinstance(item, dict) for item in items):
        return _from_records(items, signature)
    names = [field.name for field in signature.inputs]
    if not all(isinstance(item, list) and len(item) == len(names) for item in items):
        raise RequestInvalid(
            reason=f"each row of '{what}' must be a mapping, or a list of {len(names)} values: {_names(signature)}"
        )
    return {name: [item[index] for item in items] for index, name in enumerate(names)}


def _from_mapping(columns: dict[str, Any]) -> Columns:
    return {name: value if isinstance(value, list) else [value] for name, value in columns.items()}


def _rows(columns: Columns, signature: Signature, max_rows: int) -> int:
    first = columns.get(signature.inputs[0].name)
    if first is None:
        raise RequestInvalid(reason=f"input column '{signature.inputs[0].name}' is missing")
    if not first:
        raise RequestInvalid(reason="the request has no rows")
    if len(first) > max_rows:
        raise RequestInvalid(reason=f"the request has {len(first)} rows; at most {max_rows} are answered at a time")
    return len(first)


def _names(signature: Signature) -> str:
    names = [f"'{field.name}'" for field in signature.inputs]
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
