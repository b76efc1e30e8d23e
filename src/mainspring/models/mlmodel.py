"""The `MLmodel` file, by which MLflow's tools know what a folder holds. Written, never read: `package.json` is the truth."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from mainspring.domain.package import Field, Package

__all__ = ["mlmodel", "to_yaml"]

Yaml: TypeAlias = "str | int | float | bool | Sequence[Yaml] | Mapping[str, Yaml] | None"


def mlmodel(package: Package) -> str:
    """The text of `MLmodel` for a package; without run ids and times, so that it is the same whenever it is made."""
    flavours: dict[str, Yaml] = {"mainspring": {"format": package.version, "flavour": package.flavour}}
    if package.flavour == "sklearn":
        flavours["sklearn"] = {
            "code": None,
            "pickled_model": package.model_file,
            "serialization_format": "skops",
            "skops_trusted_types": list(package.trusted),
            "sklearn_version": _version_of(package, "scikit-learn"),
        }
        # MLflow's loader knows nothing of a transformation: with one in front, its answers would be wrong.
        if not package.transform_entry:
            flavours["python_function"] = {
                "env": {"virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.sklearn",
                "model_path": package.model_file,
                "predict_fn": "predict_proba" if package.task == "classification" else "predict",
                "python_version": package.python,
            }
    return to_yaml(
        {
            "flavors": flavours,
            "saved_input_example_info": {
                "artifact_path": "input_example.json",
                "pandas_orient": "split",
                "type": "dataframe",
            },
            "signature": {
                "inputs": json.dumps([_column(field) for field in package.signature.inputs]),
                "outputs": json.dumps([_column(field) for field in package.signature.outputs]),
                "params": None,
            },
        }
    )


def to_yaml(value: Mapping[str, Yaml]) -> str:
    """Block YAML of nested mappings and lists; every text is quoted, which is JSON's way and YAML's too."""
    return "".join(f"{line}\n" for line in _lines(value, 0))


def _lines(value: Mapping[str, Yaml], depth: int) -> list[str]:
    out, pad = [], "  " * depth
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            out += [f"{pad}{key}:", *_lines(item, depth + 1)]
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            out += [f"{pad}{key}:", *(f"{pad}- {json.dumps(entry)}" for entry in item)]
        else:
            out.append(f"{pad}{key}: {json.dumps(item)}")
    return out


def _column(field: Field) -> dict[str, str | bool]:
    return {"type": field.type, "name": field.name, "required": not field.nullable}


def _version_of(package: Package, distribution: str) -> str:
    found = [line.partition("==")[2] for line in package.requirements if line.startswith(distribution + "==")]
    return found[0] if found else ""
