"""scikit-learn's models, saved with skops: no pickle is written or read."""

import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mainspring.domain.package import Task
from mainspring.kernel.errors import need
from mainspring.models.errors import ExampleInvalid, TypeNotTrusted
from mainspring.models.flavours.skops_bytes import canonical_bytes

__all__ = ["SklearnFlavour"]

# What skops does not know to be safe and scikit-learn's own fitted models hold (found by saving each regressor and
# classifier of scikit-learn 1.9 with its defaults). Exact names: a whole library behind a
# prefix would let a file call any of its functions, such as numpy's loaders and code runners.
_SAFE_TYPES = frozenset(
    {
        "functools.partial",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils.validation.check_array",
    }
)


class SklearnFlavour:
    """Estimators of scikit-learn and pipelines of them."""

    name = "sklearn"
    model_file = "model.skops"
    requirements: tuple[str, ...] = ("scikit-learn", "scipy", "numpy", "skops")

    def handles(self, estimator: object) -> bool:
        """Whether `estimator` comes from scikit-learn's class tree; scikit-learn is not imported for it."""
        base = sys.modules.get("sklearn.base")
        return base is not None and isinstance(estimator, base.BaseEstimator)

    def dumps(self, estimator: object) -> bytes:
        """The estimator as skops bytes, the same in every process."""
        return canonical_bytes(need("skops.io", extra="ml").dumps(estimator))

    def types(self, data: bytes) -> tuple[str, ...]:
        """The types in `data` that skops does not trust by itself."""
        return tuple(sorted(need("skops.io", extra="ml").get_untrusted_types(data=data)))

    def loads(self, data: bytes, *, trusted: tuple[str, ...]) -> object:
        """The estimator; raises TypeNotTrusted for a type outside the allow-list that the caller does not trust either."""
        types = self.types(data)
        unknown = [name for name in types if name not in _SAFE_TYPES and name not in trusted]
        if unknown:
            raise TypeNotTrusted(types=", ".join(unknown))
        return need("skops.io", extra="ml").loads(data, trusted=list(types))

    # Any: scikit-learn has no types.
    def predict(self, estimator: Any, features: pl.DataFrame, *, task: Task) -> npt.NDArray[np.float64]:
        """One number a row; raises ExampleInvalid for a classifier of more than two classes."""
        matrix = _features_for(estimator, features)
        if task == "regression":
            return np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(-1)
        if len(estimator.classes_) != 2:
            raise ExampleInvalid(reason=f"it has {len(estimator.classes_)} classes, and only two are supported")
        return np.asarray(estimator.predict_proba(matrix)[:, 1], dtype=np.float64)

    def params(self, estimator: Any) -> dict[str, object]:
        """The estimator's own parameters, of nested estimators too; values that are not plain are named by their type."""
        return {name: _plain(value) for name, value in sorted(estimator.get_params(deep=True).items())}


def _features_for(estimator: Any, features: pl.DataFrame) -> Any:
    # An estimator fitted on a frame knows its columns' names and wants them back; one fitted on an array does not.
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return features.select([str(name) for name in names])
    if any(dtype != pl.Float64 for dtype in features.dtypes):
        features = features.cast(pl.Float64)
    return features.to_numpy()


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return type(value).__qualname__
