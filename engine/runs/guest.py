"""What the workers of a run are made for: a source, a worker that has compiled it, and its calls."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import (
    BackendLost,
    EngineClosed,
    Interrupted,
    IsolationError,
    LimitExceeded,
    SourceRefused,
)
from engine.gateway.gateway import CompilesTooLong, Gateway
from engine.models.layers import Layers
from engine.pool.pool import WorkerPool
from engine.pool.science import may_use_science
from engine.queries.calls import FrameCall
from engine.runs.call_results import BackendGone, Died, Ending, FinishedCall, Garbage, RunCancelled
from engine.tenants.interpreter import Interpreter
from engine.tenants.usage import Usage
from sandbox.contract.control import CONFINEMENT_FAILED, Client
from sandbox.contract.framing import ChannelClosed, ChannelGarbage
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Frames, Problem
from sandbox.contract.signature import Signature

# What is preloaded for a source that mentions Snowpark, by the frames that it gets.
_WITH_SNOWPARK: Final[Mapping[Frames, Client]] = {"pyspark": "both", "snowpark": "snowpark"}

_SIMPLER: Final = "make expressions shorter and less deeply nested"


@dataclass(frozen=True, slots=True)
class Guest:
    """What workers run.

    Attributes:
        source: the author's bytes.
        extra_imports: modules that this site allows beside the built-in list.
        limits: of the run.
        layers: which layers are on; all but in tests.
        frames: whose frames it gets; None if it is only compiled, and nobody knows.
        compiles: whether its workers are only to compile it, in a zygote that has loaded nothing else.
        interpreter: is charged for what the engine computes for it; None: nobody counts.
        tenant: the tenant whose run it is.
        usage: is told what its workers use; None: nobody counts.
    """

    source: bytes
    extra_imports: tuple[str, ...]
    limits: Limits
    layers: Layers
    frames: Frames | None = None
    interpreter: Interpreter | None = None
    tenant: str = ""
    usage: Usage | None = None
    compiles: bool = False

    @property
    def client(self) -> Client:
        """What its workers have preloaded: what makes frames, and Snowpark if the source mentions it."""
        if self.compiles:
            return "none"
        frames: Frames = self.frames or "pyspark"
        return _WITH_SNOWPARK[frames] if b"snowflake" in self.source else frames

    @property
    def science(self) -> bool:
        """Whether its workers are to have scipy and statsmodels, as far as can be told beforehand."""
        return not self.compiles and may_use_science(self.source)


class WorkerTaken(Exception):
    """Something outside killed a worker while it compiled, such as the end of its zygote."""


def open_gateway(pool: WorkerPool, guest: Guest, cancel: threading.Event, *, science: bool) -> Gateway:
    """Fork a worker, and take over its channel.

    Args:
        pool: gives the worker.
        guest: what it is for.
        cancel: set when the run is cancelled.
        science: whether it has to have scipy and statsmodels.

    Raises:
        IsolationError: no worker can be had.
        Interrupted: the run was cancelled meanwhile.
        EngineClosed: the engine was closed meanwhile.
    """
    try:
        worker = pool.fork_worker(guest.limits, client=guest.client, science=science, tenant=guest.tenant)
    except EngineClosed:
        if cancel.is_set():
            raise Interrupted("cancelled") from None
        raise
    return Gateway(worker, guest.limits, interpreter=guest.interpreter, tenant=guest.tenant)


def compile_guest(
    gateway: Gateway, guest: Guest, cancel: threading.Event, *, last: bool
) -> tuple[tuple[Problem, ...], Signature]:
    """Let a fresh worker compile the source; return the warnings, and what calc_metric declares.

    Args:
        gateway: the worker's.
        guest: what to compile.
        cancel: set when the run is cancelled.
        last: whether a worker that is killed counts as one that the source killed.

    Raises:
        SourceRefused: the source has errors.
        LacksScience: see `Gateway.compile`.
        WorkerTaken: the worker was killed; another may be tried, as this is not the last.
        IsolationError: the worker could not be confined.
        Interrupted: the run was cancelled meanwhile.
    """
    try:
        problems, signature = gateway.compile(
            guest.source,
            extra_imports=guest.extra_imports,
            restricted=guest.layers.language,
            frames=guest.frames,
        )
    except (ChannelClosed, ChannelGarbage, CompilesTooLong) as error:
        raise _failure(gateway, error, cancel, last=last) from None
    if any(problem.severity == "error" for problem in problems):
        raise SourceRefused(problems)
    return problems, signature


def _failure(gateway: Gateway, error: Exception, cancel: threading.Event, *, last: bool) -> Exception:
    """What a worker died of over the source: crashing the compiler is a problem of the source."""
    if not isinstance(error, ChannelClosed):
        gateway.worker.kill(f"compiling ended with {type(error).__name__}")
    end = gateway.worker.wait_end()
    if cancel.is_set():
        return Interrupted("cancelled")
    if end.signal == signal.SIGKILL and isinstance(error, ChannelClosed) and not last:
        return WorkerTaken()
    if end.exit_code == CONFINEMENT_FAILED:
        return IsolationError("a worker could not be confined; `calcmetric doctor` shows what is missing")
    text, hint = f"the source cannot be compiled ({error or type(error).__name__})", _SIMPLER
    if isinstance(error, CompilesTooLong):
        text = f"the source takes more than {error.seconds:g} s to compile"
        if error.starved:
            text = f"the source was not compiled after {error.seconds:g} s, for others had the processors"
            hint = "check it again while this machine has less to do"
    return SourceRefused((Problem(1, 1, "compile-crash", text, hint),))


def call_guest(gateway: Gateway, call: FrameCall, cancel: threading.Event) -> FinishedCall:
    """Let a worker that has compiled the source make a call, and tell how that ended.

    Args:
        gateway: the worker's, with what answers it.
        call: to be made.
        cancel: set when the run is cancelled.

    Raises:
        LacksScience: see `Gateway.call`.
        EngineClosed: the engine was closed meanwhile, and the run was not cancelled.
    """
    began = time.monotonic()
    ending = _ending(gateway, call, cancel)
    return FinishedCall(ending, time.monotonic() - began, gateway.printed, gateway.fault)


def _ending(gateway: Gateway, call: FrameCall, cancel: threading.Event) -> Ending:
    try:
        return gateway.call(call)
    except LimitExceeded as limit:
        return limit
    except Interrupted:
        return RunCancelled()
    except BackendLost as lost:
        return RunCancelled() if cancel.is_set() else BackendGone(lost.by_this_query)
    except EngineClosed:
        if cancel.is_set():
            return RunCancelled()
        raise
    except ChannelGarbage:
        return Garbage()
    except ChannelClosed:
        if cancel.is_set():
            return RunCancelled()
        end = gateway.worker.wait_end()
        return Died(end.signal, end.exit_code)
