"""The worker processes of one run: forked, given the source to compile, ended; and what they used."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Final

from engine.errors import SourceRefused
from engine.gateway.gateway import Gateway, LacksScience
from engine.pool.pool import WorkerPool
from engine.runs.guest import Guest, WorkerTaken, compile_guest, open_gateway
from engine.tenants.usage import Amounts
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Signature

# Why the log says that a worker was killed.
CANCELLED: Final = "its run is cancelled"


@dataclass(frozen=True, slots=True)
class WorkerUsage:
    """What the workers of a run have used, as far as they have ended.

    Attributes:
        workers: how many there were; those that have not ended are among them.
        queries: that they asked, and that counted.
        seconds: processor time.
        fetched_bytes: of Arrow data, likewise.
        peak_bytes: the most memory that one of them used; 0 if unknown.
    """

    workers: int = 0
    queries: int = 0
    seconds: float = 0.0
    fetched_bytes: int = 0
    peak_bytes: int = 0


class RunWorkers:
    """The workers of one run. Thread-safe.

    Attributes:
        signature: what the first of them said that the source declares; None: none has compiled it.
    """

    def __init__(self, pool: WorkerPool, guest: Guest, cancelling: threading.Event) -> None:
        """Start none yet.

        Args:
            pool: gives them.
            guest: what they run.
            cancelling: set when the run is cancelled.
        """
        self.signature: Signature | None = None
        self._pool = pool
        self._guest = guest
        self._cancelling = cancelling
        self._science = guest.science
        self._serving: set[Gateway] = set()
        self._usage = WorkerUsage()
        self._lock = threading.Lock()

    @property
    def usage(self) -> WorkerUsage:
        """What they have used."""
        return self._usage

    def start(self) -> tuple[Gateway, tuple[Problem, ...]]:
        """A fresh worker that has compiled the source, and the warnings.

        Raises:
            SourceRefused: the source has errors; the worker is ended.
            IsolationError: no worker can be had.
            Interrupted: the run was cancelled meanwhile.
        """
        taken = False
        while True:
            gateway = self._open()
            try:
                problems, signature = compile_guest(gateway, self._guest, self._cancelling, last=taken)
                self._hold_to(signature)
                return gateway, problems
            except WorkerTaken:
                taken = True
                self.close(gateway)
            except LacksScience:
                self.close_for_science(gateway)
            except BaseException as error:
                self.close(gateway, f"compiling ended with {type(error).__name__}")
                raise

    def keep_fit(self, gateway: Gateway | None) -> Gateway | None:
        """A worker that can be used; none without scipy and statsmodels once one of the run needed them.

        So a frame that was put back is run again with them, whichever thread takes it, and never twice.
        """
        if gateway is None or gateway.worker.science or not self._science:
            return gateway
        self.close(gateway)
        return None

    def close_for_science(self, gateway: Gateway) -> None:
        """End a worker that needs scipy and statsmodels; all those that follow have them."""
        self._science = True
        self.close(gateway, "it needs libraries that it was forked without")

    def close(self, gateway: Gateway, reason: str = "") -> None:
        """End a worker for good, and keep what it has used; `reason` as for `Worker.close`."""
        peak, seconds = gateway.worker.read_peak(), gateway.worker.read_seconds()
        gateway.worker.close(reason)  # its end takes ten milliseconds, for which nobody waits
        with self._lock:
            self._serving.discard(gateway)
            before = self._usage
            # A frame that is run again with the libraries that it lacks asks the same once more. Tenants pay
            # for that: a guest says whenever it likes that it lacks some.
            self._usage = WorkerUsage(
                workers=before.workers,
                queries=before.queries + gateway.queries - gateway.queries_in_vain,
                seconds=before.seconds + seconds,
                fetched_bytes=before.fetched_bytes + gateway.fetched_bytes - gateway.bytes_in_vain,
                peak_bytes=max(before.peak_bytes, peak),
            )
        if self._guest.usage is not None:
            self._guest.usage.add(
                self._guest.tenant,
                Amounts(
                    worker_seconds=seconds,
                    queries=gateway.queries,
                    fetched_bytes=gateway.fetched_bytes,
                ),
            )

    def kill(self, reason: str) -> None:
        """Kill all that there are; who serves them finds their channels closed, and closes them."""
        with self._lock:
            serving = tuple(self._serving)
        for gateway in serving:
            gateway.worker.kill(reason)

    def _open(self) -> Gateway:
        gateway = open_gateway(self._pool, self._guest, self._cancelling, science=self._science)
        with self._lock:
            self._serving.add(gateway)
            self._usage = replace(self._usage, workers=self._usage.workers + 1)
        if self._cancelling.is_set():  # else `kill` would not have seen it
            gateway.worker.kill(CANCELLED)
        return gateway

    def _hold_to(self, signature: Signature) -> None:
        """Every worker of the run has to say of the source what the first one said.

        Raises:
            SourceRefused: it does not, so the source has taken over its compiler.
        """
        with self._lock:
            self.signature = self.signature or signature
            same = self.signature == signature
        if not same:
            text = "the source cannot be compiled (two compilations gave two different signatures)"
            raise SourceRefused((Problem(1, 1, "compile-crash", text, "write calc_metric in a plainer way"),))
