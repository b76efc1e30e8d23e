"""A dataset, its versions, and a batch that was refused."""

import math

from mainspring.domain.dataset import Analysis, Dataset, DatasetVersion, Part, Quarantined
from mainspring.domain.profile import ColumnProfile, Histogram, Profile, Stats, TopValue
from mainspring.domain.schema import ColumnSchema, Example, Report, ScaleRule, Schema, Violation

from .seeds import CARRIERS, DAY_MS, NOW_MS, digest_of_seed, id_of_seed

__all__ = ["analysis", "data_version", "dataset", "quarantined"]


def dataset() -> Dataset:
    return Dataset("default", "flights", 3, 81_012, 9_640_000, NOW_MS - 99 * DAY_MS, NOW_MS - 30 * DAY_MS, 1)


def data_version(number: int) -> DatasetVersion:
    parts = tuple(
        Part(
            digest_of_seed(part),
            digest_of_seed(part + 40),
            27_004,
            part * 27_004,
            2_400_000 + part * 311,
            f"2013-0{part + 1}.parquet",
        )
        for part in range(number)
    )
    return DatasetVersion(
        project="default",
        dataset="flights",
        number=number,
        digest=digest_of_seed(number),
        parent=number - 1,
        mode="append",
        rows=27_004 * number,
        added_rows=27_004,
        columns=6,
        size_bytes=3_210_000 * number,
        parts=parts,
        schema=digest_of_seed(1),
        profile=digest_of_seed(2),
        created_ms=NOW_MS - (60 - number * 10) * DAY_MS,
        principal="ada",
        event_time="dep_time",
        event_from_ms=NOW_MS - 300 * DAY_MS,
        event_to_ms=NOW_MS - 210 * DAY_MS,
    )


def _bell(mean: float, width: float, low: float, high: float) -> Histogram:
    edges = tuple(low + (high - low) * step / 24 for step in range(25))
    return Histogram(edges, tuple(int(9000 * math.exp(-(((edge - mean) / width) ** 2) / 2)) for edge in edges[:-1]))


def analysis() -> Analysis:
    numbers = {
        "dep_delay": _bell(5, 22, -40, 180),
        "distance": _bell(1000, 700, 80, 4983),
        "temp": _bell(38, 11, 10, 74),
        "wind_gust": _bell(18, 9, 0, 66),
    }
    words = {
        "origin": (("EWR", 9893), ("JFK", 9161), ("LGA", 7950)),
        "carrier": tuple((name, 5000 // (place + 1)) for place, name in enumerate(CARRIERS)),
    }
    profiles, demands = [], []
    for name, histogram in numbers.items():
        nulls = 400 if name == "wind_gust" else 0
        low, high = histogram.edges[0], histogram.edges[-1]
        profiles.append(
            ColumnProfile(
                name, "float", Stats(27_004 - nulls, nulls, low, high, low / 3 + high / 4, 3.0), 1234, (), histogram
            )
        )
        demands.append(
            ColumnSchema(
                name,
                "float",
                0.05 if nulls else 0.0,
                low * 1.5,
                high * 1.5,
                0.001,
                scale=ScaleRule((1, 2, 3, 4, 5), 1.7),
            )
        )
    for name, counts in words.items():
        tops = tuple(TopValue(value, count) for value, count in counts)
        profiles.append(
            ColumnProfile(name, "string", Stats(27_004, 0, tops[0].value, tops[-1].value), len(tops), (), None, tops)
        )
        demands.append(ColumnSchema(name, "string", 0.0, categories=tuple(top.value for top in tops), new_limit=0.005))
    return Analysis(
        data_version(3), Schema(tuple(demands), "dep_time", ("flight", "dep_time")), Profile(27_004, tuple(profiles))
    )


def quarantined() -> Quarantined:
    violations = (
        Violation(
            "distance",
            "unit",
            28_796,
            1.0,
            "every quantile is 1.609 times that of the reference",
            (Example(1, {"distance": 2253.1}), Example(2, {"distance": 2278.8})),
        ),
        Violation(
            "tailnum",
            "null",
            28_796,
            1.0,
            "all values are null; at most 1.2 % were expected",
            (Example(1, {"tailnum": None}),),
        ),
        Violation(
            "carrier", "category", 412, 0.0143, "values 'XX', 'ZZ' are unknown", (Example(77, {"carrier": "XX"}),)
        ),
    )
    report = Report("flights", "2013-05-broken.parquet", 28_796, False, violations, 3)
    return Quarantined(
        "default",
        id_of_seed(90, NOW_MS),
        "flights",
        digest_of_seed(5),
        "parquet",
        "2013-05-broken.parquet",
        report,
        NOW_MS - 20 * DAY_MS,
        "ada",
    )
