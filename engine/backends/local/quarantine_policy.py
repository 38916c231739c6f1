"""Which tenants are asked on a server of their own, because their queries ended the one that all share. Pure.

Whose query ended a server is certain where it was asked alone (`engine.backends.connect.suspect_queue`).
Where a query would not stop in time it may be the machine's fault: a server that has just started on a busy
one hears nothing for long. So that counts the second time. Such a tenant is sent away for a while, longer
each time, as long as there is anybody to protect from it: one that is alone disturbs nobody. If it ends its
next server as well, it waits ever longer for another one. Not thread-safe; its user holds a lock, and tells
the time.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

# For how long a tenant is sent away the first time; each further server doubles it.
QUARANTINE_SECONDS: Final = 300.0
MOST_SECONDS: Final = 3_600.0
# How long after its last query a tenant is somebody to protect.
_LATELY_SECONDS: Final = 600.0
# How long a server for those sent away is not started again after its first end; each further one doubles it.
_PAUSE_SECONDS: Final = 2.0
_MOST_PAUSE_SECONDS: Final = 60.0
# Tenants that are remembered; those that were heard of longest ago are forgotten.
_REMEMBERED: Final = 1_000


@dataclass(slots=True)
class _Tenant:
    seen: float
    ended: int = 0
    until: float = 0.0
    doubted: float = -math.inf


class QuarantinePolicy:
    """Which tenants are asked on a server of their own; see the module."""

    def __init__(self) -> None:
        """Begin with nobody in it."""
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        self._ends = 0

    def note(self, tenant: str, now: float) -> bool:
        """A tenant is about to ask; tell whether it is to ask elsewhere."""
        mine = self._of(tenant, now)
        mine.seen = now
        if now >= mine.until:
            return False
        return any(
            other is not mine and now - other.seen < _LATELY_SECONDS and now >= other.until
            for other in self._tenants.values()
        )

    def add(self, tenant: str, now: float, *, sure: bool = True) -> float:
        """A query of a tenant ended a server; return for how many seconds the tenant is sent away.

        Args:
            tenant: the tenant whose query it was.
            now: the time.
            sure: whether nothing else can have done it; else it is noted, and counts if it happens again.
        """
        mine = self._of(tenant, now)
        if not sure and now - mine.doubted >= MOST_SECONDS:
            mine.doubted = now
            return 0.0
        if now >= mine.until + MOST_SECONDS:
            mine.ended = 0  # that was long ago
        mine.ended += 1
        seconds = min(MOST_SECONDS, QUARANTINE_SECONDS * 2.0 ** min(mine.ended - 1, 20))
        mine.until = now + seconds
        return seconds

    def pause(self) -> float:
        """A server of those sent away has ended; return for how many seconds there is none."""
        seconds = min(_MOST_PAUSE_SECONDS, _PAUSE_SECONDS * 2.0 ** min(self._ends, 20))
        self._ends += 1
        return seconds

    def rest(self) -> None:
        """A server of those sent away was of no use any longer, and ended in peace."""
        self._ends = 0

    def _of(self, tenant: str, now: float) -> _Tenant:
        mine = self._tenants.pop(tenant, None) or _Tenant(now)
        self._tenants[tenant] = mine
        if len(self._tenants) > _REMEMBERED:
            self._tenants.popitem(last=False)
        return mine
