"""What the workers of a run are made for: a source, and a worker that has compiled it."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass

from engine.errors import EngineClosed, Interrupted, IsolationError, LimitExceeded, SourceRefused
from engine.gateway.gateway import Gateway
from engine.models.layers import Layers
from engine.pool.pool import Client, WorkerPool
from sandbox.contract.control import CONFINEMENT_FAILED
from sandbox.contract.framing import ChannelClosed, ChannelGarbage
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Problem


@dataclass(frozen=True, slots=True)
class Guest:
    """What workers run.

    Attributes:
        source: the author's bytes.
        extra_imports: modules that this site allows beside the built-in list.
        limits: of the run.
        layers: which layers are on; all but in tests.
        snowpark: whether frames are Snowpark's and not PySpark's.
    """

    source: bytes
    extra_imports: tuple[str, ...]
    limits: Limits
    layers: Layers
    snowpark: bool = False

    @property
    def client(self) -> Client:
        """What its workers have preloaded: what makes frames, and Snowpark if the source mentions it."""
        if self.snowpark:
            return "snowpark"
        return "both" if b"snowflake" in self.source else "spark"


class WorkerTaken(Exception):
    """Something outside killed a worker while it compiled, such as the end of its zygote."""


def open_gateway(pool: WorkerPool, guest: Guest, cancel: threading.Event) -> Gateway:
    """Fork a worker, and take over its channel.

    Raises:
        IsolationError: no worker can be had.
        Interrupted: the run was cancelled meanwhile.
        EngineClosed: the engine was closed meanwhile.
    """
    try:
        worker = pool.fork_worker(guest.limits, client=guest.client)
    except EngineClosed:
        if cancel.is_set():
            raise Interrupted("cancelled") from None
        raise
    return Gateway(worker, guest.limits, cancel=cancel)


def compile_guest(
    gateway: Gateway, guest: Guest, cancel: threading.Event, *, last: bool
) -> tuple[Problem, ...]:
    """Let a fresh worker compile the source; return the warnings.

    Args:
        gateway: the worker's.
        guest: what to compile.
        cancel: set when the run is cancelled.
        last: whether a worker that is killed counts as one that the source killed.

    Raises:
        SourceRefused: the source has errors.
        WorkerTaken: the worker was killed; another may be tried, as this is not the last.
        IsolationError: the worker could not be confined.
        Interrupted: the run was cancelled meanwhile.
    """
    try:
        problems = gateway.compile(
            guest.source,
            extra_imports=guest.extra_imports,
            restricted=guest.layers.language,
            snowpark=guest.snowpark,
        )
    except (ChannelClosed, ChannelGarbage, LimitExceeded) as error:
        raise _failure(gateway, error, cancel, last=last) from None
    if any(problem.severity == "error" for problem in problems):
        raise SourceRefused(problems)
    return problems


def _failure(gateway: Gateway, error: Exception, cancel: threading.Event, *, last: bool) -> Exception:
    """What a worker died of over the source: crashing the compiler is a problem of the source."""
    if not isinstance(error, ChannelClosed):
        gateway.worker.kill()
    end = gateway.worker.wait_end()
    if cancel.is_set():
        return Interrupted("cancelled")
    if end.signal == signal.SIGKILL and isinstance(error, ChannelClosed) and not last:
        return WorkerTaken()
    if end.exit_code == CONFINEMENT_FAILED:
        return IsolationError("a worker could not be confined; `calcmetric doctor` shows what is missing")
    text = f"the source cannot be compiled ({error or type(error).__name__})"
    problem = Problem(1, 1, "compile-crash", text, "make expressions shorter and less deeply nested")
    return SourceRefused((problem,))
