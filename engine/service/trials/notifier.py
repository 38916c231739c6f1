"""Tells polls when pending validations change: one query for all, however many wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import Final

from starlette.concurrency import run_in_threadpool

from engine.failures import describe
from engine.service.store import validations
from engine.service.store.database import Database

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.1


class ChangeNotifier:
    """Looks at the database while somebody waits. Of one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, dict[asyncio.Event, int | None]] = defaultdict(dict)
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    async def wait(self, validation_id: str, progress: int, seconds: float) -> int | None:
        """Wait until a validation has ended or has another progress, or for some seconds.

        Returns:
            Its progress, or None if it has ended, or is to be looked at for another reason.
        """
        event = asyncio.Event()
        self._waiting[validation_id][event] = progress
        if self._closed:
            self._waiting[validation_id][event] = None
            event.set()
        elif self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
                return self._waiting[validation_id][event]
            return progress
        finally:
            self._waiting[validation_id].pop(event)
            if not self._waiting[validation_id]:
                del self._waiting[validation_id]

    def close(self) -> None:
        """Let everybody who waits go."""
        self._closed = True
        for waiting in self._waiting.values():
            for event in waiting:
                waiting[event] = None
                event.set()

    async def _look(self) -> None:
        while self._waiting and not self._closed:
            await asyncio.sleep(_LOOK_SECONDS)
            asked = set(self._waiting)
            try:
                found = await run_in_threadpool(self._read, list(asked))
            except Exception as error:
                logger.error("pending validations could not be looked at: %s", describe(error))
                continue
            for validation_id, waiting in self._waiting.items():
                for event, progress in waiting.items():
                    if validation_id in asked and found.get(validation_id) != progress:
                        waiting[event] = found.get(validation_id)
                        event.set()

    def _read(self, validation_ids: list[str]) -> dict[str, int]:
        with self._database.reading() as session:
            return validations.read_progress(session, validation_ids)
