"""Requests that are answered at a time, by account.

Requests are answered by threads that all accounts share, so one account has a few of them at most; its other
requests wait without one, up to its quota, and more are refused. Waiting for a validation takes no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

from engine.service.admission.quotas import over_quota

# Of the 40 threads that answer requests; and those that look a key up, or count its requests.
THREADS_PER_ACCOUNT: Final = 8
THREADS_PER_KEY: Final = 2


class KeyedSemaphore:
    """So many at a time by name; the others wait, in the order in which they came. For one event loop."""

    def __init__(self, width: int) -> None:
        """Nobody is in any.

        Args:
            width: how many of one name there may be at a time.
        """
        self._width = width
        self._count: Counter[str] = Counter()
        self._semaphores: dict[str, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def inside(self, name: str) -> AsyncIterator[None]:
        """Be one of a name meanwhile, after waiting for it."""
        self._count[name] += 1
        try:
            async with self._semaphores.setdefault(name, asyncio.Semaphore(self._width)):
                yield
        finally:
            self._count[name] -= 1
            if not self._count[name]:
                del self._count[name]
                del self._semaphores[name]


class RequestSlots:
    """Who is being answered. For one event loop."""

    def __init__(self) -> None:
        """Begin with nobody being answered."""
        self._inside: Counter[str] = Counter()
        self._threads = KeyedSemaphore(THREADS_PER_ACCOUNT)

    @contextlib.asynccontextmanager
    async def inside(self, account: str, most: int, *, thread: bool) -> AsyncIterator[None]:
        """Answer a request of an account meanwhile.

        Args:
            account: the account whose request it is.
            most: its quota of connections.
            thread: whether a thread answers it.

        Raises:
            QuotaReached: the account has too many already.
        """
        if self._inside[account] >= most:
            raise over_quota(account, "connections", most)
        self._inside[account] += 1
        try:
            async with self._threads.inside(account) if thread else contextlib.nullcontext():
                yield
        finally:
            self._inside[account] -= 1
            if not self._inside[account]:
                del self._inside[account]
