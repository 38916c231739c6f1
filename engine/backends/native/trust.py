"""What is not tried natively any more: plans and tenants that broke the process, and what differed. Pure.

Whatever is refused here is answered by Spark, so that it may be refused too often, never too seldom. Its
users hold no lock: it has its own.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from engine.spark.native.unproven import Unproven

# A tenant whose questions broke the process so often within this time is left to Spark for as long.
MOST_CRASHES: Final = 3
CRASH_SECONDS: Final = 600.0
# For how long the process is not started again after it could not be; twice as long each time.
PAUSE_SECONDS: Final = 60.0
MOST_PAUSE_SECONDS: Final = 3_600.0
# Plans and tenants that are remembered; those that were heard of longest ago are forgotten.
_REMEMBERED: Final = 1_000


@dataclass(slots=True)
class _Tenant:
    crashes: list[float] = field(default_factory=list)


class Trust:
    """What the native process is still asked. Thread-safe; the time is its user's."""

    def __init__(self) -> None:
        """Begin by trusting the process with every query."""
        self._lock = threading.Lock()
        self._plans: OrderedDict[bytes, None] = OrderedDict()
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        self._not_before = 0.0
        self._pause = PAUSE_SECONDS

    def refuse(self, sql: str, tenant: str, now: float) -> None:
        """See that a query may be tried.

        Raises:
            Unproven: it, or its tenant, broke the process before, or there is none.
        """
        with self._lock:
            if self.is_paused(now):
                raise Unproven("the native process does not start")
            if _key(sql) in self._plans:
                raise Unproven("a plan that broke the native process before")
            mine = self._tenants.get(tenant)
            if mine is not None and len(_lately(mine.crashes, now)) >= MOST_CRASHES:
                raise Unproven("the plans of this tenant broke the native process several times")

    def record_crash(self, sql: str, tenant: str, now: float) -> None:
        """A query broke the process, or may have."""
        with self._lock:
            self._plans[_key(sql)] = None
            self._plans.move_to_end(_key(sql))
            mine = self._tenants.setdefault(tenant, _Tenant())
            mine.crashes = [*_lately(mine.crashes, now)[-MOST_CRASHES:], now]
            self._tenants.move_to_end(tenant)
            for kept in (self._plans, self._tenants):
                if len(kept) > _REMEMBERED:
                    kept.popitem(last=False)

    def pause(self, now: float) -> None:
        """The process could not be started."""
        with self._lock:
            self._not_before = now + self._pause
            self._pause = min(2 * self._pause, MOST_PAUSE_SECONDS)

    def resume(self) -> None:
        """The process runs: the next pause is a short one again."""
        with self._lock:
            self._pause = PAUSE_SECONDS

    def is_paused(self, now: float) -> bool:
        """Whether the process could not be started, and is left alone for a while."""
        return now < self._not_before


@dataclass(frozen=True, slots=True)
class Verified:
    """Native answers that were compared with Spark's.

    Attributes:
        equal: how many were the same.
        different: how many were not.
        off: what is left to Spark because of those: functions, or steps of plans.
    """

    equal: int
    different: int
    off: tuple[str, ...]


class Differences:
    """Functions and steps for which an answer differed from Spark's, until the program ends. Thread-safe."""

    def __init__(self) -> None:
        """Begin without differences: nothing is left to Spark because of one."""
        self._lock = threading.Lock()
        self._off: frozenset[str] = frozenset()
        self._equal = 0
        self._different = 0

    @property
    def off(self) -> frozenset[str]:
        """What is left to Spark."""
        return self._off

    @property
    def verified(self) -> Verified:
        """What was found so far."""
        with self._lock:
            return Verified(self._equal, self._different, tuple(sorted(self._off)))

    def refuse(self, features: Iterable[str]) -> None:
        """See that none of the features is off.

        Raises:
            Unproven: a feature is off, as an answer with it differed from Spark's.
        """
        if found := sorted(self._off.intersection(features)):
            raise Unproven(f"an answer with {found[0]} differed from Spark's")

    def note_equal(self) -> None:
        """An answer was that of Spark."""
        with self._lock:
            self._equal += 1

    def note_different(self, features: Iterable[str]) -> None:
        """An answer differed from Spark's: these features of its query are left to Spark from now on."""
        with self._lock:
            self._different += 1
            self._off |= frozenset(features)


def _lately(crashes: list[float], now: float) -> list[float]:
    return [one for one in crashes if now - one < CRASH_SECONDS]


def _key(sql: str) -> bytes:
    return hashlib.sha256(sql.encode("utf-8", "surrogatepass")).digest()
