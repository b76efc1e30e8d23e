"""Loaded variants: what waits at the same moment is answered together, to the same bits, and fails alone."""

import asyncio
from pathlib import Path

import endpoint_toys as toys
import numpy as np
import polars as pl
import pytest

from mainspring.domain.endpoint import Route, RouteVariant
from mainspring.models.errors import ColumnInvalid, PackageChanged
from mainspring.models.model import Model
from mainspring.serving.decoder import Columns
from mainspring.serving.errors import RouteInvalid
from mainspring.serving.route import read_route
from mainspring.serving.variants import LoadedRoute, LoadedVariant, load_route


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toys.write_package(tmp_path_factory.mktemp("packages") / "double", slope=2.1)


def rides(rows: int, *, city: str = "near") -> Columns:
    return {"distance": np.linspace(0.1, 9.7, rows).tolist(), "city": [city] * rows, "riders": [1] * rows}


def route(*variants: RouteVariant) -> Route:
    return Route(endpoint="rides", number=1, salt="s", variants=variants, spool="unused")


def test_requests_that_wait_together_cost_one_call_and_get_their_own_rows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = LoadedVariant(toys.variant(folder))
    alone = [variant.predict(rides(rows)) for rows in (1, 3, 2)]
    calls: list[int] = []
    predict = Model.predict

    def counted(self: Model, frame: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        calls.append(frame.height)
        return predict(self, frame)

    monkeypatch.setattr(Model, "predict", counted)

    async def ask() -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
        return await asyncio.gather(*(variant.ask(rides(rows), rows) for rows in (1, 3, 2)))

    together = asyncio.run(ask())

    assert calls == [6]
    assert [answer.tolist() for answer in together] == [answer.tolist() for answer in alone]


def test_a_request_that_fails_fails_alone(folder: Path) -> None:
    variant = LoadedVariant(toys.variant(folder))

    async def ask() -> list[object]:
        asked = [variant.ask(rides(1), 1), variant.ask(rides(1, city="elsewhere"), 1), variant.ask(rides(2), 2)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    first, failed, last = asyncio.run(ask())

    assert isinstance(failed, pl.exceptions.InvalidOperationError)
    assert isinstance(first, np.ndarray)
    assert isinstance(last, np.ndarray)
    assert (len(first), len(last)) == (1, 2)


def test_a_wrong_value_is_refused_for_its_own_request_only(folder: Path) -> None:
    variant = LoadedVariant(toys.variant(folder))
    wrong = rides(1) | {"riders": ["two"]}

    async def ask() -> list[object]:
        return list(await asyncio.gather(variant.ask(rides(1), 1), variant.ask(wrong, 1), return_exceptions=True))

    answer, failed = asyncio.run(ask())

    assert isinstance(answer, np.ndarray)
    assert isinstance(failed, ColumnInvalid)
    assert "row 0: 'two' is not a long" in str(failed)


def test_many_rows_are_answered_beside_the_loop(folder: Path) -> None:
    variant = LoadedVariant(toys.variant(folder))

    answer = asyncio.run(variant.ask(rides(5000), 5000))

    assert answer.tolist() == variant.predict(rides(5000)).tolist()


def test_a_growing_share_keeps_the_requests_it_had(folder: Path) -> None:
    base = LoadedVariant(toys.variant(folder, version=1))

    def canary_of(share: float) -> set[str]:
        variants = (toys.variant(folder, version=1, weight=1 - share), toys.variant(folder, version=2, weight=share))
        loaded = LoadedRoute(route(*variants), tuple(base.renamed(variant) for variant in variants))
        return {f"r{i}" for i in range(2000) if loaded.choose(f"r{i}").route.version == 2}

    shares = [canary_of(share) for share in (0.0, 0.1, 0.5, 1.0)]

    assert 140 < len(shares[1]) < 260
    assert shares[0] < shares[1] < shares[2] < shares[3]


def test_a_variant_that_is_loaded_already_is_taken_over(folder: Path) -> None:
    first = load_route(route(toys.variant(folder, version=1, name="champion")))
    again = load_route(route(toys.variant(folder, version=1, name="champion")), loaded=first)
    renamed = load_route(route(toys.variant(folder, version=1, name="other")), loaded=first)

    assert again.live[0] is first.live[0]
    assert renamed.live[0].signature is first.live[0].signature
    assert renamed.live[0].route.name == "other"


@pytest.mark.parametrize("file", ["package.json", "model.skops", "transform/served_features.py", "expected.json"])
def test_a_package_of_another_digest_than_the_routes_is_refused(tmp_path: Path, file: str) -> None:
    folder = toys.write_package(tmp_path / "package")
    variant = toys.variant(folder)
    (folder / file).write_bytes((folder / file).read_bytes() + b" ")

    with pytest.raises(PackageChanged, match=variant.package[:12]):
        load_route(route(variant))


def test_a_route_needs_a_live_variant(folder: Path) -> None:
    with pytest.raises(RouteInvalid, match="none of them is live"):
        load_route(route(toys.variant(folder, role="shadow")))


def test_a_route_file_of_the_first_format_reads_the_same_for_ever() -> None:
    found = read_route(Path(__file__).parent / "fixtures" / "route-1.json")

    assert (found.endpoint, found.number, found.clock) == ("rides", 3, "request")
    assert [(variant.name, variant.version, variant.role) for variant in found.variants] == [("champion", 1, "live")]
