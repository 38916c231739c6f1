"""The threads of one run: each takes frames, and runs them in a worker that is replaced when it ends.

Effects only: what runs next is decided by `Schedule`, what an ending means by `to_results`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from engine.errors import BackendLost, EngineClosed, Interrupted, LimitExceeded
from engine.gateway.answering import RunAnswering
from engine.gateway.gateway import Gateway, LacksScience
from engine.queries.calls import FrameCall
from engine.runs.call_results import FinishedCall, RunCancelled
from engine.runs.guest import call_guest
from engine.runs.lifetime import Lifetime
from engine.runs.run_workers import CANCELLED, RunWorkers, WorkerUsage
from engine.runs.schedule import Schedule
from engine.runs.slots import RunSlots
from sandbox.contract.messages import Outcome, Problem
from sandbox.contract.signature import Signature

_POLL_SECONDS: Final = 0.1


class Dispatcher:
    """Runs the frames of one run in its workers, several at once."""

    def __init__(self, workers: RunWorkers, slots: RunSlots, lifetime: Lifetime) -> None:
        """Start nothing yet.

        Args:
            workers: run the frames.
            slots: compiling and each call wait for one.
            lifetime: of the run.
        """
        self._workers = workers
        self._slots = slots
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)
        self._recording = threading.Lock()
        self._first: Gateway | None = None

    @property
    def usage(self) -> WorkerUsage:
        """What the run's workers have used."""
        return self._workers.usage

    def start(self) -> tuple[Signature, tuple[Problem, ...]]:
        """Fork the first worker and let it compile the source; return what that declares, and the warnings.

        Raises:
            SourceRefused: the source has errors; the worker is ended.
            IsolationError: no worker can be had.
            Interrupted: the run was cancelled meanwhile.
        """
        with self._slots.compiling():
            self._first, problems = self._workers.start()
        assert self._workers.signature is not None
        return self._workers.signature, problems

    def cancel(self) -> None:
        """End every worker, and stop queries; calls in progress end as cancelled."""
        self._lifetime.cancel()
        self._workers.kill(CANCELLED)

    def close(self) -> None:
        """End the first worker if it was never used."""
        gateway = self._take_first()
        if gateway is not None:
            self._workers.close(gateway)

    def run(
        self,
        schedule: Schedule,
        answers: RunAnswering,
        call_of: Callable[[int], FrameCall],
        on_ended: Callable[[int, FinishedCall], None],
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
        self._lifetime.raise_failure()
        for frame, ended in schedule.drain():
            on_ended(frame, ended)

    def _find(self, schedule: Schedule, meanwhile: Callable[[], Sequence[int]]) -> None:
        """Add the frames that are found; what goes wrong ends the calls that run."""
        try:
            found = meanwhile()
        except BaseException as error:
            gone = self._lifetime.cancelled and isinstance(error, (BackendLost, EngineClosed))
            self._lifetime.fail(Interrupted("cancelled") if gone else error)
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
        on_ended: Callable[[int, FinishedCall], None],
    ) -> None:
        """One thread: take frames and run them, each in the worker at hand or a fresh one."""
        gateway: Gateway | None = None
        try:
            while (frame := self._take(schedule)) is not None:
                try:
                    gateway = self._workers.keep_fit(gateway)
                    gateway = gateway or self._next_worker()
                except Interrupted:
                    self._record(schedule, frame, FinishedCall(RunCancelled()), on_ended)
                    continue
                with self._lock:
                    hit = schedule.was_hit(frame)
                context = self._lifetime.context
                gateway.attach(answers, context.isolate() if hit else context)
                before = answers.session.disturbed
                try:
                    ended = self._call(gateway, call_of(frame))
                except LacksScience:
                    self._workers.close_for_science(gateway)
                    gateway = None
                    with self._lock:
                        schedule.put_back(frame)
                    continue
                ended = replace(ended, disturbed=answers.session.disturbed > before)
                if not isinstance(ended.ending, Outcome):
                    self._workers.close(gateway, f"a call of calc_metric ended with {ended.ending!r}")
                    gateway = None
                self._record(schedule, frame, ended, on_ended)
        except BaseException as error:
            self._lifetime.fail(error)
            with self._lock:
                schedule.stop(RunCancelled())
        finally:
            if gateway is not None:
                self._workers.close(gateway)

    def _record(
        self,
        schedule: Schedule,
        frame: int,
        ended: FinishedCall,
        on_ended: Callable[[int, FinishedCall], None],
    ) -> None:
        """Tell of an ending, one at a time; not under the state's lock, for who is told may cancel."""
        with self._recording:
            with self._lock:
                recorded = schedule.end(frame, ended)
            if recorded is not None:
                on_ended(frame, recorded)

    def _take(self, schedule: Schedule) -> int | None:
        with self._more:
            while schedule.idle and self._lifetime.context.over is None:
                self._more.wait(_POLL_SECONDS)
            over = self._lifetime.context.over
            if over is not None:
                schedule.stop(self._lifetime.why(cancelled=over == "cancelled"))
            return schedule.take()

    def _next_worker(self) -> Gateway:
        """The first worker, if nobody has it and it can be used, or a fresh one."""
        return self._workers.keep_fit(self._take_first()) or self._workers.start()[0]

    def _call(self, gateway: Gateway, call: FrameCall) -> FinishedCall:
        try:
            with self._slots.calling(call.index):
                return call_guest(gateway, call, self._lifetime.cancelling)
        except Interrupted:
            return FinishedCall(RunCancelled())
        except LimitExceeded as limit:
            return FinishedCall(limit)

    def _take_first(self) -> Gateway | None:
        with self._lock:
            gateway, self._first = self._first, None
        return gateway
