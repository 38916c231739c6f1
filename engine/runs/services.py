"""What an engine offers its runs, and which of them are in progress."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.backends.base import Backend
from engine.errors import EngineClosed
from engine.pool.pool import WorkerPool
from engine.sources.spool import Spool


class Stoppable(Protocol):
    """A run in progress, as far as the end of the engine needs to know it."""

    def cancel(self) -> None:
        """End it soon."""
        ...

    def wait(self, timeout: float) -> None:
        """Wait until nothing of it runs, `timeout` seconds at most."""
        ...


class Register:
    """The runs of one engine. Thread-safe.

    Attributes:
        slots: runs at a time; the others wait.
    """

    def __init__(self, slots: int) -> None:
        self.slots = threading.Semaphore(slots)
        self._running: set[Stoppable] = set()
        self._closed = False
        self._lock = threading.Lock()

    def refuse_closed(self) -> None:
        """Raise `EngineClosed` once no run may start any more."""
        if self._closed:
            raise EngineClosed("the engine is closed; make a new one")

    def enter(self, run: Stoppable) -> None:
        """Note a run that starts, before any of its threads.

        Raises:
            EngineClosed: no run may start any more.
        """
        with self._lock:
            self.refuse_closed()
            self._running.add(run)

    def leave(self, run: Stoppable) -> None:
        """Note its end."""
        with self._lock:
            self._running.discard(run)

    def close(self) -> tuple[Stoppable, ...]:
        """Let no run start any more, and cancel those in progress, which are returned."""
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for run in running:
            run.cancel()
        return running


@dataclass(frozen=True, slots=True)
class Services:
    """What an engine offers its runs.

    Attributes:
        pool: gives workers.
        backend: reads datasets that bring no session of their own.
        spool: takes tables that the caller hands over.
        roots: folders that a local backend may read; None if the backend is elsewhere.
        extra_imports: modules that metrics may import beside the built-in list.
        workers: frames of one run at a time.
        register: the runs in progress.
    """

    pool: WorkerPool
    backend: Backend
    spool: Spool
    roots: tuple[Path, ...] | None
    extra_imports: tuple[str, ...]
    workers: int
    register: Register
