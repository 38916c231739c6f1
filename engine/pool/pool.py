"""The pool of zygotes: one per kind of run, started early, replaced when one dies."""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import dataclass

from engine.errors import CalcmetricError, EngineClosed, IsolationError
from engine.pool.priority import Priorities
from engine.pool.worker import Worker
from engine.pool.zygote import Zygote, ZygoteDied
from sandbox.contract.control import LEVELS, Client, IsolationLevel, ZygoteOptions
from sandbox.contract.limits import Limits


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is decided about a worker when it is forked."""

    client: Client
    memory_bytes: int
    cpu_seconds: int


class WorkerPool:
    """Gives out fresh workers; a worker is never given out twice. Thread-safe."""

    def __init__(self, required_level: str, *, confined: bool = True, imports: tuple[str, ...] = ()) -> None:
        """Start nothing yet.

        Args:
            required_level: the weakest acceptable of `LEVELS`; below it the pool refuses to work.
            confined: False runs workers unconfined, for a person's own code.
            imports: modules that a site opens, which are loaded beforehand.
        """
        self._imports = imports
        self._required = required_level
        self._confined = confined
        self._zygotes: dict[Client, Zygote] = {}
        self._spares: dict[_Kind, Worker] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._priorities = Priorities()

    def start(self, client: Client = "pyspark", *, science: bool = False) -> Zygote:
        """Start the zygote of a kind unless it runs; does not wait for it.

        Args:
            client: the kind.
            science: whether one that is started now loads scipy and statsmodels, for they will be needed.
        """
        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is closed")
            zygote = self._zygotes.get(client)
            if zygote is None or not zygote.alive:
                if zygote is not None:
                    zygote.close("it died", level=logging.WARNING)
                options = ZygoteOptions(
                    jail=True,
                    confined=self._confined,
                    client=client,
                    imports=self._imports,
                    science=science,
                )
                zygote = self._zygotes[client] = Zygote(options)
            return zygote

    def load_science(self, client: Client) -> None:
        """Have scipy and statsmodels loaded in the zygote of a kind; wait for that.

        Raises:
            IsolationError: the host does not give the required level, or they cannot be loaded.
            EngineClosed: the pool was closed.
        """
        try:
            self._ready_zygote(client, science=True)
        except ZygoteDied as error:  # whoever needs them asks another one
            raise IsolationError(f"no libraries can be loaded: {error}") from None

    def fork_worker(
        self, limits: Limits, *, client: Client = "pyspark", science: bool = False, tenant: str = ""
    ) -> Worker:
        """Fork a fresh worker.

        Args:
            limits: of the run.
            client: what makes its frames.
            science: whether it has to have scipy and statsmodels; it may have them in any case.
            tenant: whose it is.

        Raises:
            IsolationError: the host does not give the required level, or no worker can be had.
            EngineClosed: the pool was closed.
        """
        kind = _Kind(client, limits.memory_bytes, max(1, math.ceil(limits.worker_cpu_seconds)))
        with self._lock:
            spares, self._spares = self._spares, {}
        fit = spares.get(kind)
        if fit is not None and (fit.has_ended or (science and not fit.science)):
            fit = None
        for spare in spares.values():  # before the fork, which may fail
            if spare is not fit:
                spare.close()
        worker = fit or self._fork(kind, science=science)
        self._priorities.watch(worker, tenant)
        threading.Thread(
            target=self._fork_spare, args=(kind, science), name="calcmetric-fork", daemon=True
        ).start()
        return worker

    def _fork_spare(self, kind: _Kind, science: bool) -> None:
        """Have a worker ready for the next run that is like this one; fresh as any, but already confined."""
        try:
            worker = self._fork(kind, science=science)
        except CalcmetricError:
            return  # the next run will be told
        with self._lock:
            if self._closed or self._spares:
                worker.close()
            else:
                self._spares[kind] = worker

    def _fork(self, kind: _Kind, *, science: bool) -> Worker:
        for last in (False, True):
            try:
                zygote = self._ready_zygote(kind.client, science=science)
                return zygote.fork_worker(kind.memory_bytes, kind.cpu_seconds)
            except ZygoteDied as error:
                if last:
                    raise IsolationError(f"no worker can be started: {error}") from None
        raise AssertionError("unreachable")

    def _ready_zygote(self, client: Client, *, science: bool) -> Zygote:
        zygote = self.start(client)
        try:
            level = zygote.wait_ready()
            self.check_level(level)
            if science:
                zygote.load_science()
        except IsolationError:
            if self._closed:
                raise EngineClosed("the engine is closed") from None
            raise
        return zygote

    def check_level(self, level: IsolationLevel) -> None:
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
            zygote.close("its engine is closed", level=logging.DEBUG)
