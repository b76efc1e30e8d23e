"""Shadow variants: asked what a live one has answered, after the answer has left, and captured with their role."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from mainspring.serving.captures import Answered, Spool
from mainspring.serving.variants import LoadedVariant

__all__ = ["Shadows"]

_MOST_WAITING = 1000
_log = logging.getLogger(__name__)


class Shadows:
    """A bounded queue of answered requests; when it is full the newest is dropped and counted, never an answer delayed."""

    def __init__(self, spool: Spool) -> None:
        self.dropped = 0
        self._spool = spool
        self._waiting: deque[tuple[Sequence[LoadedVariant], Answered]] = deque()
        self._worker: asyncio.Task[None] | None = None

    def offer(self, variants: Sequence[LoadedVariant], answered: Answered) -> None:
        """Ask the shadows the same, soon."""
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append((variants, answered))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def drain(self) -> None:
        """Wait until every request that was offered is answered."""
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        while self._waiting:
            variants, answered = self._waiting.popleft()
            for variant in variants:
                await self._ask(variant, answered)

    async def _ask(self, variant: LoadedVariant, answered: Answered) -> None:
        try:
            predictions = (await asyncio.to_thread(variant.predict, answered.columns)).tolist()
            self._spool.write(
                Answered(
                    request_id=answered.request_id,
                    at_ms=answered.at_ms,
                    variant=variant.route.name,
                    model=variant.route.model,
                    version=variant.route.version,
                    package=variant.route.package,
                    role="shadow",
                    columns={},
                    predictions=predictions,
                )
            )
        except Exception:  # noqa: BLE001 - the edge of a worker: a shadow that fails is counted, logged, and hurts nobody
            self.dropped += 1
            _log.exception("shadow variant '%s' did not answer", variant.route.name)
            return
        variant.requests += 1
        variant.rows += len(predictions)
