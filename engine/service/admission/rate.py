"""How many requests a client may send in a minute, to all servers of a database together.

Each client has a bucket in the database, which fills evenly. A process takes some requests at a time, so
that most need no transaction of their own; what it does not use within a minute it gives back when it takes
more. So a client may have at most that share more, for each server. Whoever was refused is refused from
memory until the time that it was told to wait for: a client that does not wait costs no transaction.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from engine.failures import describe
from engine.service.problems import ApiProblem
from engine.service.store.database import UNAVAILABLE, Database, clock, insert_missing
from engine.service.store.tables import Rate

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_REMEMBERED: Final = 10_000
# The part of a minute's requests that a process takes at a time, and for how many seconds it keeps them: long
# enough for a client that asks steadily to use them up, as each taking is a transaction that writes.
_SHARE: Final = 0.05
_KEPT_SECONDS: Final = 60.0


class RateLimit:
    """Counts requests. Thread-safe; several processes count together."""

    def __init__(
        self, database: Database, per_minute: int, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._most = float(per_minute)
        self._share = max(1, math.ceil(per_minute * _SHARE))
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, tuple[int, float]] = OrderedDict()
        # Who was refused: until when, and for how long at that time.
        self._refused: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def has(self, client: str) -> bool:
        """Count a request, if this process has some for the client; never waits for the database."""
        name = _name(client)
        with self._lock:
            count, until = self._taken.get(name, (0, 0.0))
            if count < 1 or self._elapsed() >= until:
                return False
            self._taken[name] = (count - 1, until)
            return True

    def refusal(self, client: str) -> ApiProblem | None:
        """Why a client is still to wait, if it was told to; never waits for the database."""
        name = _name(client)
        with self._lock:
            until, lasts = self._refused.get(name, (0.0, 0.0))
            left = until - self._elapsed()
            if 0 < left <= lasts:
                return self._too_many(math.ceil(left))
            self._refused.pop(name, None)
            return None

    def take(self, client: str) -> None:
        """Count a request.

        Raises:
            ApiProblem: there were too many requests in this minute.
        """
        name = _name(client)
        unused = self._use(name)
        if unused is None:
            return
        if (refused := self.refusal(client)) is not None:
            raise refused
        try:
            taken, left = self._draw(name, unused)
        except UNAVAILABLE as error:
            # What only reads goes on while the database cannot be written, as far as no more is asked of it.
            logger.error("requests cannot be counted together: %s", describe(error))
            taken, left = self._share, 0.0
        if not taken:
            wait = math.ceil((1 - left) * 60 / self._most)
            with self._lock:
                if name not in self._taken:  # else another thread has just taken the last ones
                    _remember(self._refused, name, (self._elapsed() + wait, wait))
            raise self._too_many(wait)
        with self._lock:  # another thread may have taken some meanwhile, too
            count, _ = self._taken.get(name, (0, 0.0))
            _remember(self._taken, name, (count + taken - 1, self._elapsed() + _KEPT_SECONDS))

    def _too_many(self, wait: int) -> ApiProblem:
        return ApiProblem(
            429,
            "too-many-requests",
            f"more than {self._most:.0f} requests in a minute",
            f"wait {wait} seconds",
            headers={"Retry-After": str(wait)},
        )

    def _use(self, name: str) -> int | None:
        """Use one of a client's requests that this process has; else return how many are of too long ago."""
        with self._lock:
            count, until = self._taken.pop(name, (0, 0.0))
            if count < 1 or self._elapsed() >= until:
                return count
            self._taken[name] = (count - 1, until)
            return None

    def _draw(self, name: str, unused: int) -> tuple[int, float]:
        """Take some from the bucket, into which unused ones go; return how many, and what was in it."""
        with self._database.session() as session:
            now = clock(session)
            insert_missing(session, Rate, [{"client": name, "left": self._most, "since": now}])
            query = sa.select(Rate).where(Rate.client == name).with_for_update()
            bucket = session.scalars(query).one()
            bucket.left = self._filled(bucket.left + unused, bucket.since, now)
            bucket.since = now
            taken = min(self._share, math.floor(bucket.left))
            bucket.left -= taken
            return taken, bucket.left + taken

    def _filled(self, left: float, since: datetime, now: datetime) -> float:
        passed = max(0.0, (now - since).total_seconds())  # a clock that went back fills nothing
        return min(self._most, left + passed * self._most / 60)


def _remember(held: OrderedDict[str, _T], name: str, value: _T) -> None:
    held.pop(name, None)
    held[name] = value
    if len(held) > _REMEMBERED:
        held.popitem(last=False)


def _name(client: str) -> str:
    return hashlib.sha256(client.encode("utf-8", "surrogatepass")).hexdigest()
