"""Shares of the one interpreter in which the engine reads what guests send.

A guest that owns its worker can send requests that take the engine as long to read as they took to make.
Python runs one thread at a time, so that would slow all tenants. Where more than one is at work, each has a
part of the interpreter's time, one in one more than there are tenants; who has used more waits before its
next message is read, and its worker with it. That time is what other programs leave of a processor: on a busy
machine the engine has a fraction of one, and a part of the whole would be all of it. A tenant that is alone
waits for nobody. At work is whoever has a run in its turn, or had one a moment ago: opening data and counting
rows need the interpreter as calls do, and so does what a host program does between two runs.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from engine.effort import given_seconds, look_at, spent
from engine.tenants.usage import Amounts, Usage

# Over how many seconds use is remembered, and the longest wait at a time.
_MEMORY_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 2.0
# How often it is looked at what other programs leave, and the least that is reckoned with.
_LOOK_SECONDS: Final = 1.0
_LEAST: Final = 0.1
_CHECK_SECONDS: Final = 0.1
# So long after its last run a tenant still is at work.
_LATELY_SECONDS: Final = 2.0


class _Left:
    """Which part of a processor others left to this process a moment ago. Not thread-safe."""

    def __init__(self) -> None:
        self._seen = look_at([os.getpid()])
        self._part = 1.0

    def __call__(self) -> float:
        if time.monotonic() - self._seen.at >= _LOOK_SECONDS:
            before, self._seen = self._seen, look_at([os.getpid()])
            since = spent(before, self._seen)
            self._part = given_seconds(since, 1) / since.wall
        return self._part


class Interpreter:
    """Who used how much of it. Thread-safe."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        usage: Usage | None = None,
        left: Callable[[], float] | None = None,
    ) -> None:
        """Nobody has used any.

        Args:
            now: tells the time.
            usage: is told what is used; None: nobody is.
            left: tells which part of a processor others leave to this process; None: it is measured.
        """
        self._now = now
        self._left_by_others = left or _Left()
        self._usage = usage or Usage()
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()
        self._ended: dict[str, float] = {}
        self._used: dict[str, tuple[float, float]] = {}
        self._reading: dict[str, threading.Lock] = {}

    @contextlib.contextmanager
    def inside(self, tenant: str) -> Iterator[None]:
        """A run of the tenant, or a call of it, is at work meanwhile."""
        with self._lock:
            self._inside[tenant] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[tenant] -= 1
                if not self._inside[tenant]:
                    del self._inside[tenant]
                    self._reading.pop(tenant, None)
                    self._ended[tenant] = self._now()

    @contextlib.contextmanager
    def reading(self, tenant: str, check: Callable[[], None]) -> Iterator[None]:
        """Read a message of the tenant meanwhile: one at a time, and none while it has used its part.

        Threads that compute pass the interpreter on to each other; whoever wants it for a moment waits for
        each of them: the more messages one tenant sends at once, the longer all others would wait.

        Args:
            tenant: whose it is.
            check: called ten times a second while it waits; what it raises ends the waiting.
        """
        with self._lock:
            reading = self._reading.setdefault(tenant, threading.Lock())
        while not reading.acquire(timeout=_CHECK_SECONDS):
            check()
        try:
            # However many of its threads wait for what they used: here it is the tenant that does.
            while wait := self._wait_of(tenant):
                time.sleep(min(wait, _CHECK_SECONDS))
                check()
            yield
        finally:
            reading.release()

    def charge(self, tenant: str, seconds: float) -> float:
        """Count processor seconds of the engine's own; return how long the tenant is to wait."""
        self._usage.add(tenant, Amounts(engine_seconds=seconds))
        now = self._now()
        with self._lock:
            self._used[tenant] = self._used_by(tenant, now) + seconds, now
        return self._wait_of(tenant)

    def _used_by(self, tenant: str, now: float) -> float:
        """What a tenant has used lately. Called with the lock held."""
        used, since = self._used.get(tenant, (0.0, now))
        return used * math.exp(min(0.0, since - now) / _MEMORY_SECONDS)

    def _wait_of(self, tenant: str) -> float:
        """How long a tenant is to wait, as it is now."""
        now = self._now()
        with self._lock:
            used = self._used_by(tenant, now)
            self._ended = {name: at for name, at in self._ended.items() if now - at < _LATELY_SECONDS}
            tenants = len(self._inside.keys() | self._ended.keys())
            if len(self._used) > 2 * tenants + 100:
                self._forget(now)
            if tenants < 2:
                return 0.0
            share = max(_LEAST, self._left_by_others()) * _MEMORY_SECONDS / (tenants + 1)
        if used <= share:
            return 0.0
        return min(_MOST_SECONDS, _MEMORY_SECONDS * math.log(used / share))

    def _forget(self, now: float) -> None:
        """Forget who has used nothing for long."""
        self._used = {
            tenant: (used, since)
            for tenant, (used, since) in self._used.items()
            if now - since < 4 * _MEMORY_SECONDS
        }
