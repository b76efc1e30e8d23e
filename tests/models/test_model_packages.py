"""Packages: equal bytes, checked loading, nothing unsafe."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import model_toys
import numpy as np
import polars as pl
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops.io import loads

from mainspring.domain.package import Provenance
from mainspring.features.errors import TransformChanged
from mainspring.kernel.hashing import digest_file
from mainspring.models import mlmodel, packages
from mainspring.models.errors import (
    ExampleInvalid,
    FlavourUnknown,
    PackageChanged,
    PackageInvalid,
    TypeNotTrusted,
)
from mainspring.models.flavours import flavour_of
from mainspring.serving.loading import Model, load_model

HERE = Path(__file__).parent


def test_a_loaded_package_answers_as_the_model_did(tmp_path: Path) -> None:
    model = model_toys.model()

    package = packages.write(model, tmp_path / "package")
    loaded = load_model(tmp_path / "package")

    frame = model_toys.flights()
    assert np.array_equal(loaded.predict(frame), model.predict(frame))
    assert loaded.splits == model.splits
    assert [split.rows for split in loaded.splits] == [100, 200]
    assert package.dataset == "flights@1"
    assert package.rowwise
    packages.verify_answers(loaded, tmp_path / "package")


def test_the_signature_tells_types_and_which_columns_may_be_null(tmp_path: Path) -> None:
    package = packages.write(model_toys.model(), tmp_path / "package")

    assert [(field.name, field.type, field.dtype) for field in package.signature.inputs] == [
        ("dep_delay", "double", "Float64"),
        ("distance", "long", "Int64"),
        ("carrier", "string", "String"),
        ("departs_at", "datetime", "Datetime[ms,UTC]"),
    ]
    assert all(field.nullable for field in package.signature.inputs)


def test_a_model_that_takes_no_nulls_says_so(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0], "z": [0.0, 1.0, 0.0]})
    linear = LinearRegression().fit(frame.to_numpy(), [1.0, 2.0, 3.0])

    package = packages.write(Model(linear, example=frame), tmp_path / "package")

    assert [field.nullable for field in package.signature.inputs] == [False, False]


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, model_toys; from mainspring.models import packages; "
        "packages.write(model_toys.model(), pathlib.Path(sys.argv[1]))"
    )
    for name, seed in (("one", "1"), ("two", "2")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(HERE)}
        command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / name)]
        subprocess.run(command, check=True, env=environment)

    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")


def test_a_package_holds_what_mlflow_expects_and_no_time_or_run(tmp_path: Path) -> None:
    provenance = Provenance(snapshot="ab" * 32, datasets=("flights@1",), params={"learning_rate": 0.1})
    packages.write(model_toys.model(), tmp_path / "package", provenance=provenance)

    files = {path.relative_to(tmp_path / "package").as_posix() for path in (tmp_path / "package").rglob("*.*")}
    assert {"input_example.json", "requirements.txt", "python_env.yaml", "transform/delay_features.py"} <= files
    text = (tmp_path / "package" / "MLmodel").read_text()
    assert 'serialization_format: "skops"' in text
    assert "run_id" not in text
    assert "python_function" not in text, "MLflow would leave the transformation out"
    example = json.loads((tmp_path / "package" / "input_example.json").read_text())
    assert example["columns"] == ["dep_delay", "distance", "carrier", "departs_at"]
    assert "scikit-learn==" in (tmp_path / "package" / "requirements.txt").read_text()
    with zipfile.ZipFile(tmp_path / "package" / "model.skops") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_plain_skops_reads_the_canonical_bytes() -> None:
    fitted = model_toys.estimator()
    flavour = flavour_of(fitted)
    data = flavour.dumps(fitted)

    features = np.array([[5.0, 3.0, 1.0]])
    assert loads(data, trusted=flavour.types(data)).predict(features) == fitted.predict(features)


def test_a_file_changed_after_packaging_is_refused(tmp_path: Path) -> None:
    packages.write(model_toys.model(), tmp_path / "package")
    file = tmp_path / "package" / "model.skops"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)

    with pytest.raises(PackageChanged, match=r"model\.skops"):
        load_model(tmp_path / "package")


def test_a_changed_transformation_is_refused(tmp_path: Path) -> None:
    packages.write(model_toys.model(), tmp_path / "package")
    source = tmp_path / "package" / "transform" / "delay_features.py"
    source.write_text(source.read_text().replace("/ 100", "/ 1000"))

    with pytest.raises(TransformChanged):
        load_model(tmp_path / "package")


def test_a_package_that_leads_outside_itself_is_refused(tmp_path: Path) -> None:
    packages.write(model_toys.model(), tmp_path / "package")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "package" / "expected.json").unlink()
    (tmp_path / "package" / "expected.json").symlink_to(secret)

    with pytest.raises(PackageInvalid, match="symbolic link"):
        packages.verify_answers(load_model(tmp_path / "package"), tmp_path / "package")


class Crafted(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator from nowhere that anyone should know."""

    def predict(self, features: object) -> list[float]:
        return [0.0]


def test_a_type_from_outside_needs_trust() -> None:
    flavour = flavour_of(Crafted())
    data = flavour.dumps(Crafted())

    with pytest.raises(TypeNotTrusted, match="Crafted"):
        flavour.loads(data, trusted=())
    assert isinstance(flavour.loads(data, trusted=flavour.types(data)), Crafted)


def test_a_function_of_numpy_needs_trust_too() -> None:
    pipeline = make_pipeline(FunctionTransformer(np.loadtxt), StandardScaler())
    flavour = flavour_of(pipeline)

    with pytest.raises(TypeNotTrusted, match="loadtxt"):
        flavour.loads(flavour.dumps(pipeline), trusted=())


def test_a_crafted_file_runs_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    schema = {
        "__class__": "system",
        "__module__": "os",
        "__loader__": "FunctionNode",
        "content": f"touch {canary}",
        "protocol": 1,
        "__id__": 1,
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))

    with pytest.raises(TypeNotTrusted, match=r"os\.system"):
        flavour_of(model_toys.estimator()).loads(data.getvalue(), trusted=())
    assert not canary.exists()


def test_a_classifier_answers_the_probability_of_its_second_class(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    fitted = LogisticRegression().fit(frame.to_numpy(), [0, 0, 1, 1])
    model = Model(fitted, example=frame, task="classification")

    packages.write(model, tmp_path / "package")

    assert np.array_equal(load_model(tmp_path / "package").predict(frame), fitted.predict_proba(frame.to_numpy())[:, 1])


def test_a_classifier_of_three_classes_is_refused() -> None:
    frame = pl.DataFrame({"x": [0.0, 1.0, 2.0]})
    fitted = LogisticRegression().fit(frame.to_numpy(), [0, 1, 2])

    with pytest.raises(ExampleInvalid, match="3 classes"):
        Model(fitted, example=frame, task="classification").describe()


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (pl.DataFrame({"x": []}, schema={"x": pl.Float64}), "no rows"),
        (pl.DataFrame({"prediction": [1.0]}), "reserved"),
        (pl.DataFrame({"x": [[1.0]]}), "List"),
    ],
)
def test_an_example_that_cannot_be_sent_is_refused(example: pl.DataFrame, reason: str) -> None:
    fitted = LinearRegression().fit([[1.0]], [1.0])

    with pytest.raises(ExampleInvalid, match=reason):
        Model(fitted, example=example, transform=lambda _: pl.DataFrame({"x": [1.0]})).describe()


def test_what_is_no_estimator_is_refused() -> None:
    with pytest.raises(FlavourUnknown, match=r"builtins\.dict"):
        Model({}, example=pl.DataFrame({"x": [1.0]}))


def test_a_folder_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")

    with pytest.raises(PackageInvalid, match="flavour"):
        packages.read_package(tmp_path)


def test_a_package_of_the_first_format_reads_the_same_for_ever() -> None:
    folder = HERE / "fixtures" / "package-1"

    package = packages.read_package(folder)

    assert [field.name for field in package.signature.inputs] == ["dep_delay", "distance", "carrier", "departs_at"]
    assert [(split.name, split.ranges) for split in package.splits] == [
        ("holdout", ((200, 300),)),
        ("train", ((0, 200),)),
    ]
    assert mlmodel.mlmodel(package) == (folder / "MLmodel").read_text()


def test_a_package_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    text = (HERE / "fixtures" / "package-1" / "package.json").read_text()
    (tmp_path / "package.json").write_text(text.replace('"version":1}', '"version":2}'))

    with pytest.raises(PackageInvalid, match="format 2"):
        packages.read_package(tmp_path)


def test_a_package_is_not_written_over_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")

    with pytest.raises(PackageInvalid, match="not empty"):
        packages.write(model_toys.model(), tmp_path)


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}
