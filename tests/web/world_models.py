"""A model, where it serves and how its successors came."""

from mainspring.domain.endpoint import Endpoint, EndpointProcess, EndpointStatus, Variant, VariantCount
from mainspring.domain.model import ModelVersion
from mainspring.domain.package import Field, Package, Signature
from mainspring.domain.prediction import Prediction, ShadowAnswer
from mainspring.domain.retraining import Retraining
from mainspring.domain.rollout import Look, Rollout
from mainspring.domain.split import Split
from mainspring.domain.trace import Trace
from mainspring.domain.verdict import Check, Verdict

from .seeds import CARRIERS, DAY_MS, NOW_MS, digest_of_seed, id_of_seed

__all__ = ["endpoint", "model_versions", "package", "retraining", "rollouts", "trace", "verdicts"]


def model_versions(run_id: str) -> dict[int, ModelVersion]:
    def version(number: int, passed: bool | None, *aliases: str) -> ModelVersion:
        made = NOW_MS - (4 - number) * 50 * DAY_MS
        return ModelVersion(
            "arrival-delay",
            number,
            digest_of_seed(60 + number),
            run_id,
            made,
            "sklearn",
            "regression",
            f"flights@{number}",
            812_344,
            aliases,
            passed,
        )

    return {3: version(3, False), 2: version(2, True, "champion"), 1: version(1, None)}


def verdicts(number: int) -> list[Verdict]:
    if number == 1:
        return []
    passed = number == 2
    checks = [
        Check(
            "error",
            -0.412 if passed else 0.3,
            passed,
            "the error is 0.412 lower; its upper bound is below the margin",
            "",
            0.2,
            -0.531 if passed else 0.1,
            -0.288 if passed else 0.5,
            26_221,
        )
    ]
    for place, name in enumerate(CARRIERS):
        value = -0.6 + place * 0.06
        checks.append(
            Check(
                "error",
                value,
                True,
                f"{name}: not worse beyond doubt",
                name,
                0.5,
                value - 0.4 - place * 0.05,
                value + 0.4 + place * 0.05,
                5000 // (place + 1),
            )
        )
    return [
        Verdict(
            "champion",
            f"arrival-delay@{number}",
            f"arrival-delay@{number - 1}",
            tuple(checks),
            passed,
            NOW_MS - 2 * DAY_MS,
            "flights@3 (holdout)",
        )
    ]


def package() -> Package:
    inputs = (
        Field("dep_delay", "double", "Float64"),
        Field("carrier", "string", "String"),
        Field("wind_gust", "double", "Float64", True),
    )
    return Package(
        flavour="sklearn",
        task="regression",
        model_file="model.skops",
        model_digest=digest_of_seed(8),
        signature=Signature(inputs, (Field("prediction", "double", "Float64"),)),
        dataset="flights@3",
        splits=(
            Split("train", "flights@3", 54_000, ((0, 54_000),)),
            Split("holdout", "flights@3", 27_012, ((54_000, 81_012),)),
        ),
        transform_entry="flights:features",
        transform_digest=digest_of_seed(6),
        requirements=("polars==2.1.0", "scikit-learn==1.9.0"),
        python="3.11.7",
    )


def endpoint() -> EndpointStatus:
    variants = (
        Variant("champion", "arrival-delay", 2, 0.8),
        Variant("canary", "arrival-delay", 3, 0.2),
        Variant("shadow", "arrival-delay", 1, 0, "shadow"),
    )
    counts = (
        VariantCount("champion", 2, "live", 180_311, 4612),
        VariantCount("canary", 3, "live", 9_817, 240),
        VariantCount("shadow", 1, "shadow", 190_128, 4852),
    )
    wanted = Endpoint("default", "arrival-delay", 7, variants, "salt", changed_ms=NOW_MS - DAY_MS)
    return EndpointStatus(wanted, "ready", EndpointProcess(3, 3, 4011, 7), "http://127.0.0.1:4011", counts)


def trace(run_id: str) -> Trace:
    row = {"dep_delay": 12.0, "carrier": "UA", "wind_gust": None}
    answered = Prediction(
        "2013110107/12",
        "arrival-delay",
        "arrival-delay",
        2,
        "champion",
        NOW_MS - 30 * DAY_MS,
        8.25,
        row,
        11.0,
        NOW_MS - 29 * DAY_MS,
        (ShadowAnswer("shadow", 1, 9.5),),
    )
    return Trace(
        answered,
        "arrival-delay",
        "champion",
        "arrival-delay@2",
        digest_of_seed(62),
        run_id,
        "arrival_delay",
        digest_of_seed(4),
        ("flights.py", "features.py"),
        ("flights@3", "weather@1"),
        package().splits,
    )


def rollouts() -> list[Rollout]:
    looks = tuple(
        Look(
            NOW_MS - (8 - day) * DAY_MS,
            day + 4,
            9000 + day * 800,
            -0.3 - day / 50,
            -0.3 - 1.6 / (day + 1),
            -0.3 + 1.3 / (day + 1),
            0.24,
        )
        for day in range(8)
    )
    canary = Rollout(
        id_of_seed(41, NOW_MS),
        "default",
        "arrival-delay",
        "arrival-delay",
        2,
        3,
        0.2,
        0.02,
        0.05,
        "canary",
        NOW_MS - 9 * DAY_MS,
        28 * DAY_MS,
        looks,
        retraining=id_of_seed(60, NOW_MS),
    )
    done = Rollout(
        id_of_seed(40, NOW_MS),
        "default",
        "arrival-delay",
        "arrival-delay",
        1,
        2,
        0.2,
        0.02,
        0.05,
        "promoted",
        NOW_MS - 102 * DAY_MS,
        28 * DAY_MS,
        looks[:4],
        NOW_MS - 95 * DAY_MS,
        "after 7 days the upper bound of the difference is below the margin",
    )
    return [canary, done]


def retraining(cause: str, run_id: str) -> Retraining:
    return Retraining(
        id_of_seed(60, NOW_MS),
        "default",
        "arrival-delay",
        cause,
        "error",
        "passed",
        NOW_MS - 105 * DAY_MS,
        "loop",
        NOW_MS - 104 * DAY_MS,
        run_id,
        2,
    )
