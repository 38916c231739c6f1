"""Running due work: metrics of one model and range together, with results noted once each."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine import Engine
from engine.failures import describe
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.telemetry.observe import Telemetry
from engine.service.work.claims import FairClaims
from engine.service.work.clock_guard import ClockGuard
from engine.service.work.leases import Claim
from engine.service.work.planning import Planner
from engine.service.work.prune import Pruner
from engine.service.work.running import ClaimRunner

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tally:
    """What `run_due` did.

    Attributes:
        planned: pieces of work that it planned.
        runs: calculations of one metric on one dataset and range, that it finished.
        results: results that it noted.
    """

    planned: int
    runs: int
    results: int


def run_due(database: Database, engine: Engine, now: datetime, settings: Settings) -> Tally:
    """Plan what is due at a time, and run all due work that no other process has.

    Args:
        database: of the service, migrated.
        engine: to run with.
        now: aware; what is due is due then. Later runs are to have later times.
        settings: of the service.
    """
    return Calculator(database, engine, settings, Telemetry()).run_due(now)


class Calculator:
    """Runs due work: in `run_forever` one thread plans it, and others run some claims at a time."""

    def __init__(self, database: Database, engine: Engine, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._settings = settings
        self._claims = FairClaims(database, settings)
        self._runner = ClaimRunner(database, engine, settings, telemetry)
        self._planner = Planner(database)
        self._pruner = Pruner(database, settings)
        self._clock_guard = ClockGuard()
        self._stopped = threading.Event()
        self._believed = threading.Event()
        self._news = threading.Condition()
        self._told = 0

    def run_due(self, now: datetime) -> Tally:
        """Plan what is due, and run what there is."""
        planned = self._planner.plan(now)
        runs = results = 0
        while not self._stopped.is_set() and (claim := self._claims.take(now)) is not None:
            counts = self._run_claim(claim)
            runs, results = runs + len(counts), results + sum(counts)
        return Tally(planned, runs, results)

    def run_forever(self) -> None:
        """Run what is due, again and again, until stopped."""
        threads = [
            threading.Thread(target=self._run_claims, name=f"calcmetric-calculation-{number}", daemon=True)
            for number in range(self._settings.calculations)
        ]
        for thread in threads:
            thread.start()
        while not self._stopped.is_set():
            self._attempt(self._tick)
            self._stopped.wait(self._settings.tick_seconds)
        for thread in threads:
            thread.join()

    def _run_claims(self) -> None:
        """Run one claim after the other, until stopped."""
        while not self._stopped.is_set():
            seen = self._told
            if not (self._believed.is_set() and self._attempt(self._run_one)):
                self._wait_for_news(seen)

    def _wait_for_news(self, seen: int) -> None:
        """Wait until there is news since so much had been told, but for a tick at most."""
        with self._news:
            self._news.wait_for(
                lambda: self._told != seen or self._stopped.is_set(), self._settings.tick_seconds
            )

    def tell(self) -> None:
        """There is new work: claim it now, not at the next tick."""
        with self._news:
            self._told += 1
            self._news.notify_all()

    @staticmethod
    def _attempt(step: Callable[[], bool]) -> bool:
        try:
            return step()
        except Exception as error:
            logger.error("the schedule failed: %s", describe(error))
            return False

    def _run_one(self) -> bool:
        """Run one claim; tell whether there was one, and so may be more."""
        claim = self._claims.take(self._database.now())
        if claim is not None:
            self._run_claim(claim)
        return claim is not None

    def stop(self) -> None:
        """Let it end after what it runs now; what the engine then cancels is given back."""
        self._stopped.set()
        with self._news:
            self._news.notify_all()

    def _tick(self) -> bool:
        """Plan; tell whether the clock is believed, and work may be claimed by it."""
        now = self._database.now()
        if not self._clock_guard.believes(now, time.clock_gettime(time.CLOCK_BOOTTIME)):
            logger.warning("the clock leapt to %s; calculation waits for that to last", now.isoformat())
            self._believed.clear()
            return False
        if not self._believed.is_set():
            self._believed.set()
            self.tell()
        self._pruner.run(now)
        if self._planner.plan(now):
            self.tell()
        return True

    def _run_claim(self, claim: Claim) -> list[int]:
        """Run a claim, which counts no longer then; see `ClaimRunner.run`."""
        try:
            return self._runner.run(claim)
        finally:
            self._claims.release(claim)
