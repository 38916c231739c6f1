"""The workers of one run: each driven by a thread, replaced when it dies or has to be ended.

Effects only: what runs next is decided by `Schedule`, what an ending means by `conclude`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from engine.context import Deadline, QueryContext
from engine.errors import BackendLost, EngineClosed, Interrupted, LimitExceeded, SourceRefused
from engine.gateway.answering import RunAnswering
from engine.gateway.gateway import Gateway, LacksScience
from engine.pool.pool import WorkerPool
from engine.pool.worker import WorkerEnd
from engine.queries.calls import FrameCall
from engine.runs.conclude import BackendGone, Cancelled, Died, Ended, Ending, Garbage
from engine.runs.guest import Guest, WorkerTaken, compile_guest, open_gateway
from engine.runs.schedule import Schedule
from sandbox.contract.framing import ChannelClosed, ChannelGarbage
from sandbox.contract.messages import Outcome, Problem
from sandbox.contract.signature import Signature

_POLL_SECONDS: Final = 0.1


class Crew:
    """The workers of one run."""

    def __init__(self, pool: WorkerPool, guest: Guest) -> None:
        self.queries = 0
        self.fetched_bytes = 0
        self.worker_seconds = 0.0
        self.workers = 0
        self.peak_bytes = 0
        self.signature: Signature | None = None
        self._pool = pool
        self._guest = guest
        self._science = guest.science
        self._cancel = threading.Event()
        self._context = QueryContext(Deadline.after(guest.limits.wall_seconds), self._cancel)
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)
        self._recording = threading.Lock()
        self._serving: set[Gateway] = set()
        self._first: Gateway | None = None
        self._failure: BaseException | None = None

    @property
    def context(self) -> QueryContext:
        """How the run asks: until its end, unless it is cancelled."""
        return self._context

    @property
    def failed(self) -> bool:
        """Whether the run ends with an error of the engine's."""
        return self._failure is not None

    def raise_failure(self) -> None:
        """Raise that error, if there is one."""
        if self._failure is not None:
            raise self._failure

    def enlist(self) -> tuple[Problem, ...]:
        """Fork the first worker and let it compile the source; return the warnings, and note `signature`.

        Raises:
            SourceRefused: the source has errors; the worker is ended.
            IsolationError: no worker can be had.
            Interrupted: the run was cancelled meanwhile.
        """
        self._first, problems = self._fresh_gateway()
        return problems

    def admit(self) -> None:
        """The run's time begins now."""
        self._context = replace(self._context, deadline=Deadline.after(self._guest.limits.wall_seconds))

    def cancel(self) -> None:
        """End every worker, and stop queries; calls in progress end as cancelled."""
        self._cancel.set()
        with self._lock:
            serving = tuple(self._serving)
        for gateway in serving:
            gateway.worker.kill("its run is cancelled")

    def dismiss(self) -> None:
        """End the first worker if it was never used."""
        gateway, self._first = self._first, None
        if gateway is not None:
            self._dismiss(gateway)

    def run(
        self,
        schedule: Schedule,
        answers: RunAnswering,
        call_of: Callable[[int], FrameCall],
        on_ended: Callable[[int, Ended], None],
        workers: int,
        meanwhile: Callable[[], Sequence[int]] | None = None,
    ) -> None:
        """Run every frame of the schedule; return when each has ended.

        Args:
            schedule: the frames.
            answers: what answers the requests of the calls.
            call_of: makes the call of a frame.
            on_ended: told of each frame's ending, one at a time.
            workers: how many at once.
            meanwhile: finds the rest of the frames while those of an incomplete schedule run. What it raises
                is raised here, once no frame runs any more.

        Raises:
            IsolationError: no worker can be had any more.
        """
        threads = [
            threading.Thread(
                target=self._drive,
                args=(schedule, answers, call_of, on_ended),
                name="calcmetric-worker",
                daemon=True,
            )
            for _ in range(workers - (meanwhile is None))
        ]
        for thread in threads:
            thread.start()
        if meanwhile is None:
            self._drive(schedule, answers, call_of, on_ended)
        else:
            self._find(schedule, meanwhile)
        for thread in threads:
            thread.join()
        self.raise_failure()
        for frame, ended in schedule.drain():
            on_ended(frame, ended)

    def _find(self, schedule: Schedule, meanwhile: Callable[[], Sequence[int]]) -> None:
        """Add the frames that are found; what goes wrong ends the calls that run."""
        try:
            found = meanwhile()
        except BaseException as error:
            gone = self._cancel.is_set() and isinstance(error, (BackendLost, EngineClosed))
            self._failure = self._failure or (Interrupted("cancelled") if gone else error)
            self.cancel()
            found = ()
        with self._more:
            schedule.extend(found)
            self._more.notify_all()

    def _drive(
        self,
        schedule: Schedule,
        answers: RunAnswering,
        call_of: Callable[[int], FrameCall],
        on_ended: Callable[[int, Ended], None],
    ) -> None:
        """One thread: take frames and run them, each in the worker at hand or a fresh one."""
        gateway: Gateway | None = None
        try:
            while (frame := self._take(schedule)) is not None:
                try:
                    gateway = self._fit(gateway)
                    gateway = gateway or self._fit(self._take_first()) or self._fresh_gateway()[0]
                except Interrupted:
                    self._record(schedule, frame, Ended(Cancelled()), on_ended)
                    continue
                with self._lock:
                    hit = schedule.was_hit(frame)
                gateway.attach(answers, self._context.alone() if hit else self._context)
                before = answers.session.disturbed
                try:
                    ended = self._call(gateway, call_of(frame))
                except LacksScience:
                    self._fetch_science(gateway)
                    gateway = None
                    with self._lock:
                        schedule.put_back(frame)
                    continue
                ended = replace(ended, disturbed=answers.session.disturbed > before)
                if not isinstance(ended.ending, Outcome):
                    self._dismiss(gateway, f"a call of calc_metric ended with {ended.ending!r}")
                    gateway = None
                self._record(schedule, frame, ended, on_ended)
        except BaseException as error:
            self._failure = self._failure or error
            with self._lock:
                schedule.stop(Cancelled())
        finally:
            if gateway is not None:
                self._dismiss(gateway)

    def _record(
        self, schedule: Schedule, frame: int, ended: Ended, on_ended: Callable[[int, Ended], None]
    ) -> None:
        """Tell of an ending, one at a time; not under the state's lock, for who is told may cancel."""
        with self._recording:
            with self._lock:
                recorded = schedule.end(frame, ended)
            if recorded is not None:
                on_ended(frame, recorded)

    def _take(self, schedule: Schedule) -> int | None:
        with self._more:
            while schedule.idle and self._context.over is None:
                self._more.wait(_POLL_SECONDS)
            over = self._context.over
            if over == "cancelled":
                schedule.stop(Cancelled())
            elif over == "deadline":
                wall = self._guest.limits.wall_seconds
                schedule.stop(LimitExceeded("wall_seconds", wall, wall))
            return schedule.take()

    def _call(self, gateway: Gateway, call: FrameCall) -> Ended:
        began = time.monotonic()
        ending = self._ending(gateway, call)
        return Ended(ending, time.monotonic() - began, gateway.printed, gateway.fault)

    def _ending(self, gateway: Gateway, call: FrameCall) -> Ending:
        try:
            return gateway.call(call)
        except LimitExceeded as limit:
            return limit
        except Interrupted:
            return Cancelled()
        except BackendLost as lost:
            return Cancelled() if self._cancel.is_set() else BackendGone(lost.alone)
        except EngineClosed:
            if self._cancel.is_set():
                return Cancelled()
            raise
        except ChannelGarbage:
            return Garbage()
        except ChannelClosed:
            if self._cancel.is_set():
                return Cancelled()
            return _died(gateway.worker.wait_end())

    def _take_first(self) -> Gateway | None:
        with self._lock:
            gateway, self._first = self._first, None
        return gateway

    def _fit(self, gateway: Gateway | None) -> Gateway | None:
        """A worker that can be used; none without scipy and statsmodels once one of the run needed them.

        So a frame that was put back is run again with them, whichever thread takes it, and never twice.
        """
        if gateway is None or gateway.worker.science or not self._science:
            return gateway
        self._dismiss(gateway)
        return None

    def _fresh_gateway(self) -> tuple[Gateway, tuple[Problem, ...]]:
        """A fresh worker that has compiled the source, and the warnings."""
        taken = False
        while True:
            gateway = self._open_gateway()
            try:
                problems, signature = compile_guest(gateway, self._guest, self._cancel, last=taken)
                self._hold_to(signature)
                return gateway, problems
            except WorkerTaken:
                taken = True
                self._dismiss(gateway)
            except LacksScience:
                self._fetch_science(gateway)
            except BaseException as error:
                self._dismiss(gateway, f"compiling ended with {type(error).__name__}")
                raise

    def _fetch_science(self, gateway: Gateway) -> None:
        """End a worker that needs scipy and statsmodels; all those that follow have them."""
        self._science = True
        self._dismiss(gateway, "it needs libraries that it was forked without")

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

    def _open_gateway(self) -> Gateway:
        gateway = open_gateway(self._pool, self._guest, self._cancel, science=self._science)
        with self._lock:
            self._serving.add(gateway)
            self.workers += 1
        if self._cancel.is_set():
            gateway.worker.kill("its run is cancelled")
        return gateway

    def _dismiss(self, gateway: Gateway, reason: str = "") -> None:
        """End a worker for good, and keep what it has used; `reason` as for `Worker.close`."""
        peak, seconds = gateway.worker.read_peak(), gateway.worker.read_seconds()
        gateway.worker.close(reason)  # its end takes ten milliseconds, for which nobody waits
        with self._lock:
            self._serving.discard(gateway)
            # A frame that is run again with the libraries that it lacks asks the same once more. Tenants pay
            # for that: a guest says whenever it likes that it lacks some.
            self.queries += gateway.queries - gateway.queries_in_vain
            self.fetched_bytes += gateway.fetched_bytes - gateway.bytes_in_vain
            self.worker_seconds += seconds
            self.peak_bytes = max(self.peak_bytes, peak)
        if self._guest.usage is not None:
            self._guest.usage.add(
                self._guest.tenant,
                worker_seconds=seconds,
                queries=gateway.queries,
                fetched_bytes=gateway.fetched_bytes,
            )


def _died(end: WorkerEnd) -> Ending:
    return Died(end.signal, end.exit_code)
