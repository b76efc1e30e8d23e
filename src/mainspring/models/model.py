"""Model: a fitted estimator with all that it needs to answer elsewhere; public as `ms.Model`."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from mainspring.domain.package import Provenance, Signature, Task, Transform
from mainspring.domain.reference import Reference
from mainspring.domain.split import Split
from mainspring.models.errors import ExampleInvalid
from mainspring.models.flavours import Flavour, flavour_of
from mainspring.models.signature import OUTPUT, infer_fields
from mainspring.models.splits import build_split
from mainspring.models.transforms import Function

__all__ = ["Model"]

_EXAMPLE_ROWS = 8
_JOINED_ROWS = (2, 7, 64, 1024)


class Model:
    """A fitted estimator, the transformation in front of it, an example of its input, and the rows it was made from.

        Model(estimator, transform=prepare, example=flights.head(5), splits={"train": ids}, dataset="flights@3")

    `transform` turns input columns into the estimator's features and travels with the model. `splits` name the
    `_row_id` values of `dataset` that were trained or judged on. A classifier of two classes answers the probability
    of the second one. Columns of `example` that begin with `_` are not part of the input.
    """

    def __init__(
        self,
        estimator: object,
        *,
        example: pl.DataFrame,
        transform: Function | None = None,
        splits: Mapping[str, Iterable[int]] | None = None,
        dataset: str = "",
        reference: Reference | None = None,
        task: Task = "regression",
    ) -> None:
        self.estimator = estimator
        self.transform = transform
        self.task: Task = task
        self.dataset = dataset
        self.reference = reference
        self.flavour: Flavour = flavour_of(estimator)
        self.stored_transform: Transform | None = None
        self.provenance: Provenance | None = None
        self.splits: tuple[Split, ...] = tuple(
            build_split(name, ids, dataset=dataset) for name, ids in sorted((splits or {}).items())
        )
        inputs = example.select([name for name in example.columns if not name.startswith("_")])
        if not inputs.height:
            raise ExampleInvalid(reason="it has no rows")
        self.example = inputs.head(_EXAMPLE_ROWS).with_columns(pl.selectors.float().fill_nan(None))
        self.signature: Signature | None = None

    def predict(self, frame: pl.DataFrame) -> npt.NDArray[np.float64]:
        """One number a row of `frame`, in its order; columns that are not inputs are left out of it first."""
        # Measured on one row of 20 columns: a select that changes nothing costs 110 us, the comparison 2 us.
        inputs = frame if frame.columns == self.example.columns else frame.select(self.example.columns)
        features = inputs if self.transform is None else self.transform(inputs)
        if features.height != frame.height:
            raise ExampleInvalid(reason=f"its transformation made {features.height} rows out of {frame.height}")
        return self.flavour.predict(self.estimator, features, task=self.task)

    def describe(self) -> Signature:
        """The signature, found by asking the model; a column may be null where the model answers its example without it."""
        if self.signature is None:
            expected = self.predict(self.example)
            if not np.isfinite(expected).all():
                raise ExampleInvalid(reason="the model does not answer it with finite numbers")
            nullable = {name: self._answers_without(name) for name in self.example.columns}
            self.signature = Signature(inputs=infer_fields(self.example, nullable=nullable), outputs=(OUTPUT,))
        return self.signature

    def is_rowwise(self) -> bool:
        """Whether a row's answer is the same bits alone and among others, so that requests may be answered together."""
        # Libraries choose their kernels by the number of rows: asked in each of the sizes that an endpoint may join.
        rows = pl.concat([self.example] * -(-_JOINED_ROWS[-1] // self.example.height)).head(_JOINED_ROWS[-1])
        alone = np.concatenate([self.predict(self.example[row : row + 1]) for row in range(self.example.height)])
        expected = np.resize(alone, rows.height)
        return all(np.array_equal(self.predict(rows.head(size)), expected[:size]) for size in _JOINED_ROWS)

    def _answers_without(self, column: str) -> bool:
        row = self.example.head(1)
        emptied = row.with_columns(pl.lit(None, dtype=row.schema[column]).alias(column))
        try:
            return bool(np.isfinite(self.predict(emptied)).all())
        except Exception:  # noqa: BLE001 - the question is whether the user's code takes a null; any error says no
            return False
