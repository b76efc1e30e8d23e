"""The loaded form of a route: models in memory, warmed and checked, and the choice among them for each request."""

import asyncio
import copy
import logging
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from mainspring.domain.endpoint import Route, RouteVariant
from mainspring.domain.package import Package, Signature
from mainspring.models.errors import PackageChanged
from mainspring.models.packages import read_package, verify_answers
from mainspring.models.signature import build_frame
from mainspring.models.trees import digest_folder
from mainspring.serving.decoder import Columns
from mainspring.serving.errors import RouteInvalid
from mainspring.serving.loading import load_model

__all__ = ["LoadedRoute", "LoadedVariant", "load_route", "position"]

_JOINED_ROWS = 1024
_SALT_SEPARATOR = b"\0"
Answers: TypeAlias = npt.NDArray[np.float64]
_log = logging.getLogger(__name__)


class LoadedVariant:
    """A variant with its model; requests that wait at the same moment are answered together where that changes no bit."""

    def __init__(self, variant: RouteVariant) -> None:
        folder = Path(variant.folder)
        self.route = variant
        found = digest_folder(folder)
        if found != variant.package:
            raise PackageChanged(file="a file", where=folder, expected=variant.package[:12], found=found[:12])
        self.package: Package = read_package(folder)
        self._model = load_model(folder)
        verify_answers(self._model, folder)
        self.signature: Signature = self._model.describe()
        self._waiting: list[_Waiting] = []
        self.rows = 0
        self.requests = 0

    def renamed(self, variant: RouteVariant) -> "LoadedVariant":
        """The same loaded model as another variant, with counts of its own."""
        other = copy.copy(self)
        other.route, other._waiting, other.rows, other.requests = variant, [], 0, 0
        return other

    async def ask(self, columns: Columns, rows: int) -> Answers:
        """One number a row; raises ColumnInvalid. Many rows are answered in a thread: small requests go on meanwhile."""
        if rows > _JOINED_ROWS:
            return await asyncio.to_thread(self.predict, columns)
        if not self.package.rowwise:
            return self.predict(columns)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(columns, rows, loop.create_future())
        if not self._waiting:
            # No timer: whatever was decoded in this turn of the loop is joined, and a lone request waits for nobody.
            loop.call_soon(self._answer_waiting)
        self._waiting.append(waiting)
        return await waiting.future

    def predict(self, columns: Columns) -> Answers:
        """One number a row, at once; raises ColumnInvalid."""
        return self._model.predict(build_frame(self.signature, columns))

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        together: list[_Waiting] = []
        rows = 0
        for asked in waiting:
            if rows + asked.rows > _JOINED_ROWS:
                self._answer_together(together)
                together, rows = [], 0
            together.append(asked)
            rows += asked.rows
        self._answer_together(together)

    def _answer_together(self, asked: list["_Waiting"]) -> None:
        if len(asked) > 1:
            names = [field.name for field in self.signature.inputs]
            try:
                answers = self.predict({name: [v for one in asked for v in one.columns[name]] for name in names})
            except Exception:  # noqa: BLE001 - one bad request must not fail its neighbours: each is asked alone below
                _log.debug("joined requests are answered one by one", exc_info=True)
            else:
                start = 0
                for one in asked:
                    one.settle(answers[start : start + one.rows])
                    start += one.rows
                return
        for one in asked:
            try:
                one.settle(self.predict(one.columns))
            except Exception as error:  # noqa: BLE001 - handed to the request that asked, which answers and logs it
                one.fail(error)


class _Waiting:
    """A request that waits for the end of this turn of the loop."""

    __slots__ = ("columns", "future", "rows")

    def __init__(self, columns: Columns, rows: int, future: "asyncio.Future[Answers]") -> None:
        self.columns = columns
        self.rows = rows
        self.future = future

    def settle(self, answers: Answers) -> None:
        """Answer it, unless its client has gone."""
        if not self.future.done():
            self.future.set_result(answers)

    def fail(self, error: Exception) -> None:
        """Let it fail, unless its client has gone."""
        if not self.future.done():
            self.future.set_exception(error)


class LoadedRoute:
    """A route whose variants are loaded; replaced whole by one reference, never changed."""

    def __init__(self, route: Route, variants: tuple[LoadedVariant, ...]) -> None:
        self.route = route
        self.live = tuple(variant for variant in variants if variant.route.role == "live")
        self.shadows = tuple(variant for variant in variants if variant.route.role == "shadow")
        self.variants = variants
        if not self.live:
            raise RouteInvalid(name=route.endpoint, reason="none of them is live")
        # The first variant is the base and has what the others leave: a growing share keeps those it had.
        edges, edge = [], 0.0
        for variant in self.live[1:]:
            edge += variant.route.weight
            edges.append((edge, variant))
        self._edges = edges

    def choose(self, request_id: str) -> LoadedVariant:
        """The live variant for a request: the same for the same id and salt."""
        if self._edges:
            at = position(self.route.salt, request_id)
            for edge, variant in self._edges:
                if at < edge:
                    return variant
        return self.live[0]

    def of_version(self, version: str) -> LoadedVariant | None:
        """The live variant that serves a version number."""
        return next((variant for variant in self.live if str(variant.route.version) == version), None)


def load_route(route: Route, *, loaded: LoadedRoute | None = None) -> LoadedRoute:
    """Load and warm what `route` names, taking over variants that `loaded` has already with the same package."""
    ready = {variant.route: variant for variant in loaded.variants} if loaded else {}
    same_model = {variant.route.package: variant for variant in loaded.variants} if loaded else {}
    variants = []
    for wanted in route.variants:
        if wanted in ready:
            variants.append(ready[wanted])
        elif wanted.package in same_model:
            variants.append(same_model[wanted.package].renamed(wanted))
        else:
            variants.append(LoadedVariant(wanted))
    signatures = {tuple(sorted(field.name for field in v.signature.inputs)) for v in variants if v.route.role == "live"}
    if len(signatures) > 1:
        raise RouteInvalid(name=route.endpoint, reason="its live variants take different columns")
    return LoadedRoute(route, tuple(variants))


def position(salt: str, request_id: str) -> float:
    """Where a request lies in [0, 1): uniform over ids, independent between salts."""
    digest = blake3(salt.encode() + _SALT_SEPARATOR + request_id.encode()).digest(8)
    return int.from_bytes(digest, "big") / 2**64
