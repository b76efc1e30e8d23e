"""The content of a table as a digest: equal for equal rows, from whatever file and library version they came."""

import numpy as np
import polars as pl
from blake3 import blake3

from mainspring.kernel.hashing import Digest, encode

__all__ = ["content_digest"]


def content_digest(frame: pl.DataFrame) -> Digest:
    """BLAKE3 over names, types, nulls and values of a canonical frame, column after column, in row order.

    Each value under a null counts as zero, so that what a library leaves in its memory there does not matter. Bytes are
    little-endian.
    """
    hasher = blake3(max_threads=blake3.AUTO)
    hasher.update(encode([frame.height, [[name, str(dtype)] for name, dtype in frame.schema.items()]]))
    for column in frame.iter_columns():
        hasher.update(np.packbits(column.is_null().to_numpy()).tobytes())
        for block in _blocks(column):
            hasher.update(np.ascontiguousarray(block).view(np.uint8).data)
    return Digest(hasher.hexdigest())


def _blocks(column: pl.Series) -> list[np.ndarray[tuple[int], np.dtype[np.generic]]]:
    if column.dtype == pl.String:
        filled = column.fill_null("")
        text = np.frombuffer(filled.str.join("").item().encode(), dtype=np.uint8)
        return [filled.str.len_bytes().to_numpy().astype("<u4"), text]
    if column.dtype == pl.Boolean:
        return [column.fill_null(value=False).to_numpy().astype(np.uint8)]
    kind = "<f8" if column.dtype == pl.Float64 else "<i8"
    physical = column.to_physical()
    return [physical.fill_null(0).to_numpy().astype(kind)]
