"""What an engine offers its runs, and which of them are in progress."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from engine.errors import EngineBusy, EngineClosed
from engine.models.backends import SPARK, Capabilities
from engine.pool.pool import WorkerPool
from engine.runs.limiters import Limiters
from engine.runs.servers import Servers
from engine.tenants.interpreter import Interpreter
from engine.tenants.ledger import Ledger
from engine.tenants.usage import Usage

# Runs that one tenant may have at a time, those that wait included: each takes a thread.
MOST_RUNS: Final = 1_000


class Stoppable(Protocol):
    """A run in progress, as far as the end of the engine needs to know it."""

    def cancel(self) -> None:
        """Ask it to end soon, without waiting for that."""
        ...

    def wait(self, timeout: float) -> None:
        """Wait until nothing of it runs, `timeout` seconds at most."""
        ...


class RunRegistry:
    """The runs of one engine. Thread-safe."""

    def __init__(self) -> None:
        self._running: dict[Stoppable, str] = {}
        self._of_tenant: Counter[str] = Counter()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def idle(self) -> bool:
        """Whether no run is in progress."""
        return not self._running

    def refuse_closed(self) -> None:
        """Raise `EngineClosed` once no run may start any more."""
        if self._closed:
            raise EngineClosed("the engine is closed; make a new one")

    def add(self, run: Stoppable, tenant: str) -> None:
        """Note a run that starts, before any of its threads.

        Raises:
            EngineClosed: no run may start any more.
            EngineBusy: the tenant has too many already.
        """
        with self._lock:
            self.refuse_closed()
            if self._of_tenant[tenant] >= MOST_RUNS:
                raise EngineBusy(
                    f"{MOST_RUNS:,} runs of the tenant {tenant!r} run or wait already; "
                    "submit more once some have ended"
                )
            self._running[run] = tenant
            self._of_tenant[tenant] += 1

    def remove(self, run: Stoppable) -> None:
        """A run has ended, and no longer counts against what its tenant may have."""
        with self._lock:
            tenant = self._running.pop(run)
            self._of_tenant[tenant] -= 1
            if not self._of_tenant[tenant]:
                del self._of_tenant[tenant]

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
        backend: the name of what reads datasets that bring no session of their own.
        servers: the servers of the backend, started.
        roots: folders that a local backend may read; None if the backend is elsewhere.
        extra_imports: modules that metrics may import beside the built-in list.
        workers: frames of one run at a time.
        registry: the runs in progress.
        limiters: what they wait for.
        ledger: what is kept for them.
        interpreter: what the engine computes for them.
        usage: what tenants have used.
        capabilities: what that backend is.
    """

    pool: WorkerPool
    backend: str
    servers: Servers
    roots: tuple[Path, ...] | None
    extra_imports: tuple[str, ...]
    workers: int
    registry: RunRegistry
    limiters: Limiters
    ledger: Ledger
    interpreter: Interpreter
    usage: Usage
    capabilities: Capabilities = SPARK
