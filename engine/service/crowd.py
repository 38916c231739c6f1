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

from engine.service.quotas import over_quota

# Of the 40 threads that answer requests.
THREADS_PER_ACCOUNT: Final = 8


class Crowd:
    """Who is being answered. For one event loop."""

    def __init__(self) -> None:
        """Nobody is."""
        self._inside: Counter[str] = Counter()
        self._threads: dict[str, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def inside(self, account: str, most: int, *, thread: bool) -> AsyncIterator[None]:
        """Answer a request of an account meanwhile.

        Args:
            account: whose it is.
            most: its quota of connections.
            thread: whether a thread answers it.

        Raises:
            ApiProblem: the account has too many already.
        """
        if self._inside[account] >= most:
            raise over_quota(account, "connections", most)
        self._inside[account] += 1
        try:
            threads = self._threads.setdefault(account, asyncio.Semaphore(THREADS_PER_ACCOUNT))
            async with threads if thread else contextlib.nullcontext():
                yield
        finally:
            self._inside[account] -= 1
            if not self._inside[account]:
                del self._inside[account]
                del self._threads[account]
