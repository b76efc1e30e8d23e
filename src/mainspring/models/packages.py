"""Packages: a model as a folder of fixed bytes, in the layout of MLflow's `MLmodel`, and back.

MLmodel              what the folder holds, for MLflow's tools
package.json         what it holds, for us: signature, splits, digests (domain.package.Package)
model.skops          the estimator, in the safe format of its flavour
transform/           the sources of the transformation
input_example.json   a few rows (pandas' `split` orientation)
expected.json        what the model answered them when it was packaged
reference.json       the statistics that drift is measured against
provenance.json      what it was made from, by content
requirements.txt, python_env.yaml
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from mainspring.domain.package import Package, Provenance, Signature, Transform
from mainspring.domain.reference import Reference
from mainspring.kernel import canonical
from mainspring.kernel.hashing import digest
from mainspring.kernel.names import check_relative
from mainspring.models import environment, flavours, mlmodel, transforms
from mainspring.models.errors import ExampleInvalid, PackageChanged, PackageInvalid
from mainspring.models.materialise import materialise
from mainspring.models.model import Model
from mainspring.models.signature import build_frame

__all__ = ["PACKAGE_FILE", "load", "materialise", "read_package", "read_reference", "verify_answers", "write"]

PACKAGE_FILE = "package.json"
_VERSION = 1
_TRANSFORM_FOLDER = "transform"
_RELATIVE_TOLERANCE = 1e-9


class _Example(msgspec.Struct, frozen=True):
    # Any: cells are what JSON holds.
    columns: list[str]
    data: list[list[Any]]


class _Expected(msgspec.Struct, frozen=True):
    predictions: list[float]


def write(
    model: Model, folder: Path, *, provenance: Provenance | None = None, pack: transforms.Pack = transforms.pack
) -> Package:
    """Write `model` into the new or empty `folder`: equal models and provenance give equal bytes in every process."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise PackageInvalid(where=folder, reason="the folder to write it to is not empty")
    transform = model.stored_transform
    if transform is None and model.transform is not None:
        transform = pack(model.transform)
    data = model.flavour.dumps(model.estimator)
    package = Package(
        flavour=model.flavour.name,
        task=model.task,
        model_file=model.flavour.model_file,
        model_digest=digest(data),
        signature=model.describe(),
        dataset=model.dataset,
        splits=model.splits,
        transform_entry=transform.entry if transform else "",
        transform_digest=transform.digest if transform else "",
        transform_files=tuple(sorted(transform.files)) if transform else (),
        trusted=model.flavour.types(data),
        requirements=environment.find_requirements(model.flavour.requirements, transform.files if transform else {}),
        python=environment.python_version(),
        params=model.flavour.params(model.estimator),
        has_reference=model.reference is not None,
        rowwise=model.is_rowwise(),
    )
    files: dict[str, bytes] = {
        PACKAGE_FILE: canonical.dumps(package),
        "MLmodel": mlmodel.mlmodel(package).encode(),
        package.model_file: data,
        "input_example.json": canonical.dumps(_example(model.example)),
        "expected.json": canonical.dumps(_Expected(predictions=model.predict(model.example).tolist())),
        "provenance.json": canonical.dumps(provenance or model.provenance or Provenance()),
        "requirements.txt": "".join(f"{line}\n" for line in package.requirements).encode(),
        "python_env.yaml": mlmodel.to_yaml(
            {"python": package.python, "dependencies": ["-r requirements.txt"]}
        ).encode(),
    }
    if model.reference is not None:
        files["reference.json"] = canonical.dumps(model.reference)
    for name, source in (transform.files if transform else {}).items():
        files[f"{_TRANSFORM_FOLDER}/{check_relative(name)}"] = source.encode()
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return package


def read_package(folder: Path) -> Package:
    """What the package in `folder` says of itself; nothing of it is loaded. Raises PackageInvalid."""
    path = folder / PACKAGE_FILE
    try:
        package = canonical.loads(path.read_bytes(), type=Package)
    except (OSError, msgspec.MsgspecError) as error:
        raise PackageInvalid(where=folder, reason=f"its {PACKAGE_FILE} cannot be read ({error})") from error
    if package.version > _VERSION:
        raise PackageInvalid(where=folder, reason=f"it has format {package.version}, this version knows {_VERSION}")
    return package


def read_reference(folder: Path) -> Reference | None:
    """What drift is measured against, None where the package carries none."""
    if not read_package(folder).has_reference:
        return None
    return canonical.loads(_read(folder, "reference.json"), type=Reference)


def load(folder: Path, *, trusted: Collection[str] = (), unpack: transforms.Unpack = transforms.unpack) -> Model:
    """The model in `folder`, its bytes checked; raises PackageChanged, TypeNotTrusted unless a type is in `trusted`."""
    package = read_package(folder)
    flavour = flavours.named(package.flavour)
    data = _read(folder, package.model_file)
    # The digest is of the bytes in hand, not of the file: nothing can be put in its place between check and use.
    if digest(data) != package.model_digest:
        raise PackageChanged(
            file=package.model_file, where=folder, expected=package.model_digest[:12], found=digest(data)[:12]
        )
    transform = _transform(folder, package)
    model = Model(
        flavour.loads(data, trusted=tuple(trusted)),
        example=_read_example(folder, package.signature),
        transform=unpack(transform) if transform else None,
        dataset=package.dataset,
        reference=read_reference(folder),
        task=package.task,
    )
    model.splits = package.splits
    model.signature = package.signature
    model.stored_transform = transform
    return model


def verify_answers(model: Model, folder: Path) -> None:
    """Ask `model` its example, which warms it; raises PackageChanged where it answers other than when it was packaged."""
    expected = canonical.loads(_read(folder, "expected.json"), type=_Expected).predictions
    found = model.predict(model.example)
    if len(expected) != len(found) or not np.allclose(found, expected, rtol=_RELATIVE_TOLERANCE, atol=0.0):
        raise PackageChanged(
            file="input_example.json",
            where=folder,
            expected=f"answers {[round(value, 6) for value in expected[:3]]}",
            found=f"{[round(float(value), 6) for value in found[:3]]}",
        )


def _read(folder: Path, name: str) -> bytes:
    path = folder / check_relative(name)
    if path.is_symlink():
        raise PackageInvalid(where=folder, reason=f"'{name}' is a symbolic link")
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageInvalid(where=folder, reason=f"'{name}' cannot be read ({error.strerror})") from error


def _transform(folder: Path, package: Package) -> Transform | None:
    if not package.transform_entry:
        return None
    files = {name: _read(folder, f"{_TRANSFORM_FOLDER}/{name}").decode() for name in package.transform_files}
    return Transform(entry=package.transform_entry, digest=package.transform_digest, files=files)


def _example(frame: pl.DataFrame) -> _Example:
    return _Example(columns=frame.columns, data=[list(row) for row in frame.iter_rows()])


def _read_example(folder: Path, signature: Signature) -> pl.DataFrame:
    example = canonical.loads(_read(folder, "input_example.json"), type=_Example)
    try:
        columns = {name: [row[i] for row in example.data] for i, name in enumerate(example.columns)}
        return build_frame(signature, columns)
    except (IndexError, ExampleInvalid) as error:
        raise PackageInvalid(where=folder, reason="its input example is not a table") from error
