"""The pool of zygotes: one per kind of run, started early, replaced when one dies."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Literal

from engine.errors import CalcmetricError, EngineClosed, IsolationError
from engine.pool.priority import Priorities
from engine.pool.worker import Worker
from engine.pool.zygote import Zygote, ZygoteDied
from sandbox.contract.control import ZygoteOptions
from sandbox.contract.limits import Limits

# From strongest to weakest. An engine refuses to work below the level it is configured for.
LEVELS = ("full", "landlock", "none")

# Which of the clients that frames are made with a zygote has preloaded.
Client = Literal["spark", "snowpark", "both"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is decided about a worker when it is forked."""

    client: Client
    memory_bytes: int
    cpu_seconds: int


class WorkerPool:
    """Gives out fresh workers; a worker is never given out twice. Thread-safe."""

    def __init__(self, required_level: str, *, confined: bool = True) -> None:
        """Start nothing yet.

        Args:
            required_level: the weakest acceptable of `LEVELS`.
            confined: False runs workers unconfined, for a person's own code.
        """
        self._required = required_level
        self._confined = confined
        self._zygotes: dict[Client, Zygote] = {}
        self._spares: dict[_Kind, Worker] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._priorities = Priorities()

    def start(self, client: Client = "spark") -> Zygote:
        """Start the zygote of a kind unless it runs; does not wait for it."""
        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is closed")
            zygote = self._zygotes.get(client)
            if zygote is None or not zygote.alive:
                if zygote is not None:
                    zygote.close()
                options = ZygoteOptions(
                    jail=True,
                    confined=self._confined,
                    snowpark=client != "spark",
                    spark=client != "snowpark",
                )
                zygote = self._zygotes[client] = Zygote(options)
            return zygote

    def fork_worker(self, limits: Limits, *, client: Client = "spark") -> Worker:
        """Fork a fresh worker.

        Raises:
            IsolationError: the host does not give the required level, or no worker can be had.
            EngineClosed: the pool was closed.
        """
        kind = _Kind(client, limits.memory_bytes, max(1, math.ceil(limits.worker_cpu_seconds)))
        with self._lock:
            spares, self._spares = self._spares, {}
        fit = spares.get(kind)
        ready = fit if fit is not None and not fit.has_ended else None
        for spare in spares.values():  # before the fork, which may fail
            if spare is not ready:
                spare.close()
        worker = ready or self._fork(kind)
        self._priorities.watch(worker)
        threading.Thread(target=self._fork_spare, args=(kind,), name="calcmetric-fork", daemon=True).start()
        return worker

    def _fork_spare(self, kind: _Kind) -> None:
        """Have a worker ready for the next run that is like this one; fresh as any, but already confined."""
        try:
            worker = self._fork(kind)
        except CalcmetricError:
            return  # the next run will be told
        with self._lock:
            if self._closed or self._spares:
                worker.close()
            else:
                self._spares[kind] = worker

    def _fork(self, kind: _Kind) -> Worker:
        for last in (False, True):
            zygote = self.start(kind.client)
            try:
                level = zygote.wait_ready()
            except IsolationError:
                if self._closed:
                    raise EngineClosed("the engine is closed") from None
                raise
            self.check_level(level)
            try:
                return zygote.fork_worker(kind.memory_bytes, kind.cpu_seconds)
            except ZygoteDied as error:
                if last:
                    raise IsolationError(f"no worker can be started: {error}") from None
        raise AssertionError("unreachable")

    def check_level(self, level: str) -> None:
        """Refuse a level below the required one.

        Raises:
            IsolationError: with both levels, and what to do.
        """
        if LEVELS.index(level) > LEVELS.index(self._required):
            raise IsolationError(
                f"this host gives workers the isolation level {level!r}, but {self._required!r} is required; "
                "`calcmetric doctor` shows what is missing"
            )

    def close(self) -> None:
        """End every zygote and worker. Never raises; may be called twice."""
        with self._lock:
            self._closed = True
            zygotes, self._zygotes = list(self._zygotes.values()), {}
            spares, self._spares = list(self._spares.values()), {}
        for spare in spares:
            spare.close()
        for zygote in zygotes:
            zygote.close()
