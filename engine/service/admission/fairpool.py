"""Threads for several accounts: who waits goes round the accounts, whatever one of them has in the queue."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")


class FairPool:
    """A pool of threads, of which one account has half at most, and one in any case. Thread-safe."""

    def __init__(self, threads: int, name: str) -> None:
        """Start no thread yet.

        Args:
            threads: how many there may be.
            name: that threads begin with.
        """
        self._most = threads
        self._share = max(1, (threads + 1) // 2)
        self._name = name
        self._condition = threading.Condition()
        self._waiting: dict[str, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        self._busy: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def waiting(self, account: str) -> int:
        """How many tasks of an account have not begun."""
        with self._condition:
            return len(self._waiting.get(account, ()))

    @property
    def count(self) -> int:
        """How many tasks have not ended."""
        with self._condition:
            return sum(self._busy.values()) + sum(map(len, self._waiting.values()))

    def submit(self, account: str, task: Callable[[], _T]) -> Future[_T]:
        """Do something when it is the account's turn.

        Raises:
            RuntimeError: the pool is closed.
        """
        future: Future[_T] = Future()
        with self._condition:
            if self._closed:
                raise RuntimeError("this pool is closed")
            self._waiting.setdefault(account, deque()).append((future, task))
            # A thread that was woken for the task before this one is still counted as idle.
            if sum(map(len, self._waiting.values())) > self._idle and len(self._threads) < self._most:
                number = len(self._threads)
                thread = threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._condition.notify()
        return future

    def close(self, seconds: float = 0.0) -> None:
        """Begin nothing more; what has not begun is cancelled.

        Args:
            seconds: how long to wait for what has begun; its thread does not keep the process from ending.
        """
        until = time.monotonic() + seconds
        with self._condition:
            self._closed = True
            left = [future for queue in self._waiting.values() for future, _ in queue]
            self._waiting.clear()
            self._condition.notify_all()
        for future in left:
            future.cancel()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (found := self._next()) is not None:
            account, future, task = found
            try:
                if future.set_running_or_notify_cancel():
                    try:
                        future.set_result(task())
                    except BaseException as error:
                        future.set_exception(error)
            finally:
                with self._condition:
                    self._busy[account] -= 1
                    if not self._busy[account]:
                        del self._busy[account]
                    self._condition.notify_all()

    def _next(self) -> tuple[str, Future[Any], Callable[[], Any]] | None:
        """Wait for the next task, and put its account at the end of the round; None at the end."""
        with self._condition:
            while True:
                for account, queue in self._waiting.items():
                    if self._busy[account] < self._share:
                        future, task = queue.popleft()
                        del self._waiting[account]
                        if queue:
                            self._waiting[account] = queue
                        self._busy[account] += 1
                        return account, future, task
                if self._closed:
                    return None
                self._idle += 1
                self._condition.wait()
                self._idle -= 1
