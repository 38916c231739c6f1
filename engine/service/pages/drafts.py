"""Drafts, tried from the form before they are registered: progress comes as it goes, leaving cancels it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Any, Final

from engine import Engine
from engine.failures import describe
from engine.service.admission.fairpool import FairPool
from engine.service.settings import Settings
from engine.service.trials.trial import Trial, failed, try_metric
from engine.service.trials.validation import Going

logger = logging.getLogger(__name__)

# So often something is sent, whether there is news or not: else nobody notices that a browser is gone.
_BEAT_SECONDS: Final = 2.0
_END_SECONDS: Final = 5.0


class Drafts:
    """Trials whose answers nobody keeps: as many at a time as validations, of which one account has half."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._threads = FairPool(settings.validations, "calcmetric-draft")
        self._going: list[Going] = []

    @property
    def running(self) -> int:
        """How many trials go on, or wait for their turn."""
        return self._threads.count

    async def stream(self, account: str, trial: Trial) -> AsyncIterator[bytes]:
        """Lines of JSON: progress as it goes, and at last the answer. Who stops reading cancels the trial."""
        loop, news = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any]]()
        going = Going()

        def tell(line: dict[str, Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and so has whoever read
                loop.call_soon_threadsafe(news.put_nowait, line)

        def make() -> None:
            tell(self._try(trial, going, tell))

        self._going.append(going)
        begun: Future[None] | None = None
        last: dict[str, Any] = {"status": "pending", "progress": 0}
        try:
            begun = self._threads.submit(account, make)
            while True:
                with contextlib.suppress(TimeoutError):
                    last = await asyncio.wait_for(news.get(), _BEAT_SECONDS)
                yield json.dumps(last).encode() + b"\n"
                if last["status"] != "pending":
                    return
        finally:
            going.stop()
            self._going.remove(going)
            if begun is not None:
                begun.cancel()

    def _try(self, trial: Trial, going: Going, tell: Any) -> dict[str, Any]:
        try:
            return try_metric(
                self._engine,
                trial,
                lambda progress: tell({"status": "pending", "progress": progress}),
                going.hold,
            )
        except Exception as error:
            logger.error("a metric could not be tried: %s", describe(error))
            return failed("internal", "the service failed; its log says why")

    def close(self) -> None:
        """Cancel what goes on."""
        for going in list(self._going):
            going.stop()
        self._threads.close(_END_SECONDS)
