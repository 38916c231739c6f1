"""Showing that a worker lives while it works, and stopping what it has lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

from engine.failures import describe
from engine.service.store.database import Database
from engine.service.work import leases

logger = logging.getLogger(__name__)

_BEATS: Final = 4


class Heartbeat:
    """Renews a claim while it is entered; when that is lost, or its work deleted, the runs are cancelled."""

    def __init__(self, database: Database, claim: leases.Claim, seconds: float) -> None:
        self._database = database
        self._claim = claim
        self._seconds = seconds
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._lost = False
        self._cancel: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._beat, name="calcmetric-lease", daemon=True)

    def on_loss(self, cancel: Callable[[], None]) -> None:
        """Say what to call when the claim is lost; called at once if it was."""
        with self._lock:
            self._cancel, lost = cancel, self._lost
        if lost:
            cancel()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._seconds / _BEATS):
            try:
                with self._database.session() as session:
                    mine = leases.renew(session, self._claim, self._seconds)
            except Exception as error:
                logger.error("a lease could not be renewed: %s", describe(error))
                continue
            if not mine:
                self._lose()
                return

    def _lose(self) -> None:
        with self._lock:
            self._lost, cancel = True, self._cancel
        if cancel is not None and not self._ended.is_set():
            logger.info("a claim was lost; its runs are cancelled", extra={"run_id": self._claim.token})
            cancel()
