"""The turn that runs of a dataset have together: the first takes it, the last to leave gives it back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Final

from engine.context import RunId
from engine.runs.servers import Server
from engine.runs.services import Services

_TICK_SECONDS: Final = 0.1


class SharedTurn:
    """One turn among tenants, and the server that goes with it. Thread-safe."""

    def __init__(self, services: Services, tenant: str, run: RunId) -> None:
        """Hold none yet.

        Args:
            services: of the engine.
            tenant: whose turn it is.
            run: stands for the runs together.
        """
        self._run = run
        self._services = services
        self._tenant = tenant
        self._lock = threading.Lock()
        self._inside = 0
        self._held = contextlib.ExitStack()
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """What reads the data; for runs that have their turn."""
        assert self._server is not None
        return self._server

    @contextlib.contextmanager
    def take(self, check: Callable[[], None], on_wait: Callable[[], None]) -> Iterator[None]:
        """Wait for the turn.

        Args:
            check: called now and then; what it raises ends the waiting.
            on_wait: called if there is none at once.
        """
        while not self._lock.acquire(timeout=_TICK_SECONDS):
            on_wait()
            check()
        try:
            if not self._inside:
                self._begin(check, on_wait)
            self._inside += 1
        finally:
            self._lock.release()
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._held.close()

    def _begin(self, check: Callable[[], None], on_wait: Callable[[], None]) -> None:
        runs, servers = self._services.limiters.runs, self._services.servers
        with contextlib.ExitStack() as stack:
            stack.callback(runs.release, runs.acquire(self._tenant, self._run, check, on_wait))
            self._server = servers.take(self._tenant)
            stack.callback(servers.give_back, self._tenant)
            self._held = stack.pop_all()
