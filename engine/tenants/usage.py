"""Who used how much of an engine, and what was refused to whom: counters by tenant, for operators.

Names of tenants are their callers' to choose, so there may be any number of them: of those that were heard of
longest ago the counts go to `OTHERS`, and only the sums of all are exact for ever. A limit that is reached is
logged with its name and its tenant's, once in a while for each of them, however often that happens.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass, field, replace
from operator import add
from typing import Final

logger = logging.getLogger(__name__)

# What is counted beside the limits of a run and the caps of what is kept for it.
SOURCE: Final = "source"
QUERY: Final = "query"
RUNS: Final = "runs"
# How they are logged: authors make mistakes all day, of which they are told themselves.
_NO_LIMITS: Final = {SOURCE: "a source was refused", QUERY: "a frame was refused for what it asks"}
# Names that are told apart, and what stands for all others.
MOST_NAMES: Final = 1_000
OTHERS: Final = "(others)"
# How often one limit of one tenant is logged.
_QUIET_SECONDS: Final = 60.0
# Characters of a tenant's name in a line of the log.
_NAME_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Amounts:
    """What can be added up of what a tenant has used.

    Attributes:
        worker_seconds: processor time of its workers, counted as they end.
        engine_seconds: processor time of the engine's own process, for what its workers send.
        queries: queries and analyses on the backend.
        fetched_bytes: Arrow bytes that its metrics fetched.
    """

    worker_seconds: float = 0.0
    engine_seconds: float = 0.0
    queries: int = 0
    fetched_bytes: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(*map(add, astuple(self), astuple(other)))


@dataclass(frozen=True, slots=True)
class Used(Amounts):
    """What one tenant has used since the engine was made.

    Attributes:
        kept_bytes: what the engine keeps on its behalf now.
        refused: how often each limit was reached, by its name; "source" and "query" count sources and frames
            that were refused for what they ask.
    """

    kept_bytes: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Counts:
    amounts: Amounts = Amounts()
    refused: Counter[str] = field(default_factory=Counter)
    told: dict[str, tuple[float, int]] = field(default_factory=dict)

    def join(self, other: _Counts) -> None:
        self.amounts += other.amounts
        self.refused.update(other.refused)

    def used(self) -> Used:
        return Used(**asdict(self.amounts), refused=dict(self.refused))


class Usage:
    """The counters. Thread-safe."""

    def __init__(self, most: int = MOST_NAMES, now: Callable[[], float] = time.monotonic) -> None:
        """Nobody has used anything.

        Args:
            most: names that are told apart.
            now: tells the time.
        """
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, _Counts] = OrderedDict()
        self._others = _Counts()

    def add(self, tenant: str, more: Amounts) -> None:
        """Count what a tenant used."""
        with self._lock:
            self._of(tenant).amounts += more

    def refuse(self, tenant: str, limit: str, times: int = 1) -> None:
        """Count that a tenant reached a limit, and log it unless that was logged just now.

        Args:
            tenant: whose limit it is.
            limit: its name, of a fixed set of names.
            times: how many times to count it.
        """
        now = self._now()
        with self._lock:
            counts = self._of(tenant)
            counts.refused[limit] += times
            since, before = counts.told.get(limit, (-_QUIET_SECONDS, 0))
            if now - since < _QUIET_SECONDS:
                return
            fresh = counts.refused[limit] - before
            counts.told[limit] = now, counts.refused[limit]
        logger.log(
            logging.INFO if limit in _NO_LIMITS else logging.WARNING,
            "tenant %r: %s, %d times since this was last said",
            tenant[:_NAME_SHOWN],
            _NO_LIMITS.get(limit, f"the limit {limit} was reached"),
            fresh,
            extra={"account": tenant[:_NAME_SHOWN], "limit": limit},
        )

    def by_tenant(self, kept: Mapping[str, int] | None = None) -> dict[str, Used]:
        """What each tenant has used.

        Args:
            kept: bytes that are kept for each now.
        """
        with self._lock:
            shown = {name: counts.used() for name, counts in self._counts.items()}
            if self._others != _Counts():
                shown[OTHERS] = self._others.used()
        for tenant, size in (kept or {}).items():
            name = tenant if tenant in shown or len(shown) < self._most else OTHERS
            before = shown.get(name, Used())
            shown[name] = replace(before, kept_bytes=before.kept_bytes + size)
        return shown

    def _of(self, tenant: str) -> _Counts:
        """The counts of a tenant, which is the one that was heard of last now."""
        counts = self._counts.pop(tenant, None) or _Counts()
        self._counts[tenant] = counts
        if len(self._counts) > self._most:
            _, oldest = self._counts.popitem(last=False)
            self._others.join(oldest)
        return counts
