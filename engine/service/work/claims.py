"""Claims of due work, of which no account has more than its share of this process."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime

from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.work import leases


class FairClaims:
    """The claims that one process has at a time; one account has half of what may be at most. Thread-safe."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Claim nothing yet.

        Args:
            database: of the service.
            settings: how much is calculated at a time, and how long a claim holds.
        """
        self._database = database
        self._settings = settings
        self._share = max(1, settings.calculations // 2)
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    def take(self, now: datetime) -> leases.Claim | None:
        """Claim what is due, for an account that has not its share yet; None if there is nothing.

        Whoever takes a claim releases it once it has run.
        """
        while True:
            with self._lock:
                busy = [account for account, count in self._held.items() if count >= self._share]
            with self._database.session() as session:
                claim = leases.claim_work(session, self._settings, now, busy)
            if claim is None or self._has_room(claim.account):
                return claim
            with self._database.session() as session:
                for work in claim.work:
                    leases.give_back(session, claim, work, None)

    def release(self, claim: leases.Claim) -> None:
        """A claim has run, and counts no longer."""
        with self._lock:
            self._held[claim.account] -= 1
            if not self._held[claim.account]:
                del self._held[claim.account]

    def _has_room(self, account: str) -> bool:
        """Count a claim, unless another thread has taken the account's last place since it was looked at."""
        with self._lock:
            fits = self._held[account] < self._share
            if fits:
                self._held[account] += 1
            return fits
