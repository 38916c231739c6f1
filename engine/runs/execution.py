"""One run, from its compiled source to its last result.

The order: compile (no query runs for a source with problems), wait for a turn and the backend, open and
count the dataset, run the frames, report. Everything that was opened is closed, however it ends. The log
tells of its start and its end, under an id of its own, with the metric's name and whose run it is.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from engine.errors import BackendLost, EngineClosed, Interrupted, LimitExceeded
from engine.models.frame import Frame
from engine.models.result import Result
from engine.models.run import Report, Run, RunTime
from engine.runs.calls import empty_call, frame_call
from engine.runs.conclude import Cancelled, Ended, Ending, conclude
from engine.runs.crew import Crew
from engine.runs.guest import Guest
from engine.runs.job import Job
from engine.runs.live import LiveRun, Progress
from engine.runs.opening import Opened, open_dataset
from engine.runs.plan import RunPlan
from engine.runs.schedule import TRIES, Schedule
from engine.runs.services import Services
from engine.version import VERSION
from sandbox.contract.messages import Problem

logger = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.1


class _Stopped(Exception):
    """The run was stopped before its frames were known."""

    def __init__(self, ending: Ending) -> None:
        super().__init__()
        self.ending = ending


class Execution:
    """One run. Made by the engine; started once, or planned once."""

    def __init__(self, services: Services, job: Job, on_progress: Callable[[Progress], None] | None) -> None:
        self._services = services
        self._job = job
        guest = Guest(job.source, services.extra_imports, job.limits, job.layers)
        self._crew = Crew(services.pool, guest)
        self._live = LiveRun(self.cancel, on_progress)
        self._thread: threading.Thread | None = None
        self._warnings: tuple[Problem, ...] = ()
        self._began = time.monotonic()
        self._label = f"{secrets.token_hex(4)} of {job.metric!r} for {job.tenant!r}"

    def start(self) -> LiveRun:
        """Compile the source, then run in a thread of its own.

        Raises:
            SourceRefused: the source has problems.
        """
        self._enter()
        try:
            self._warnings = self._crew.enlist()
        except BaseException as error:
            self._leave(type(error).__name__)
            if isinstance(error, Interrupted):
                raise EngineClosed("the engine was closed while the source was compiled") from None
            raise
        self._thread = threading.Thread(target=self._run_to_end, name="calcmetric-run", daemon=True)
        self._thread.start()
        return self._live

    def plan(self) -> RunPlan:
        """Compile the source and count; run calc_metric on an empty frame only.

        Raises:
            SourceRefused: the source has problems.
            LimitExceeded: counting took longer than the run may.
        """
        self._enter()
        how = "not planned"
        try:
            self._warnings = self._crew.enlist()
            with self._turn(), contextlib.ExitStack() as stack:
                opened = self._open(stack)
                calls = self._calls_on_empty(opened)
            how = "planned"
        except _Stopped as stopped:
            ending = stopped.ending
            raise ending if isinstance(ending, LimitExceeded) else Interrupted("cancelled") from None
        finally:
            self._crew.dismiss()
            self._leave(how)
        planned = opened.frames.frames
        return RunPlan(
            frames=tuple(one.frame for one in planned),
            rows=tuple(one.rows for one in planned),
            cut=opened.frames.cut,
            counting_queries=opened.queries,
            calls_per_frame=calls,
            warnings=self._warnings,
        )

    def cancel(self) -> None:
        """End it soon; frames without a result become `cancelled`."""
        self._crew.cancel()

    def wait(self, timeout: float) -> None:
        """Wait until nothing of it runs, `timeout` seconds at most."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _enter(self) -> None:
        self._services.register.enter(self)
        logger.info("run %s starts", self._label)

    def _leave(self, how: str) -> None:
        self._services.register.leave(self)
        logger.info("run %s ends after %.2f s: %s", self._label, time.monotonic() - self._began, how)

    def _run_to_end(self) -> None:
        outcome: Run | BaseException
        try:
            outcome = self._run()
            how = f"{len(outcome.results)} results, {outcome.report.queries} queries"
        except BaseException as error:
            outcome, how = error, type(error).__name__
        try:
            self._crew.dismiss()
            self._leave(how)
        finally:  # whatever goes wrong above, nobody waits for ever
            self._live.finish(outcome)

    def _run(self) -> Run:
        try:
            with self._turn(), contextlib.ExitStack() as stack:
                self._live.advance(Progress("counting"))
                opened = self._open(stack)
                results = self._calculate(opened)
            return self._finished(opened, results)
        except _Stopped as stopped:
            return self._never_counted(stopped.ending)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a slot and for the backend; the run's own time begins after that."""
        while not self._services.register.slots.acquire(timeout=_TICK_SECONDS):
            self._refuse_cancelled()
        try:
            self._start_backend()
            self._crew.admit()
            self._began = time.monotonic()
            yield
        finally:
            self._services.register.slots.release()

    def _start_backend(self) -> None:
        try:
            self._services.backend.start()
        except EngineClosed:
            self._refuse_cancelled()
            raise
        self._refuse_cancelled()

    def _open(self, stack: contextlib.ExitStack) -> Opened:
        """Open and count; again if the server was restarted meanwhile, because of another run perhaps."""
        try:
            for _ in range(TRIES - 1):
                with contextlib.suppress(BackendLost):
                    return self._open_once(stack)
            return self._open_once(stack)
        except (BackendLost, EngineClosed):
            self._refuse_cancelled()
            raise
        except Interrupted as stop:
            wall = self._job.limits.wall_seconds
            ending = Cancelled() if stop.reason == "cancelled" else LimitExceeded("wall_seconds", wall, wall)
            raise _Stopped(ending) from None

    def _open_once(self, stack: contextlib.ExitStack) -> Opened:
        self._refuse_cancelled()
        with contextlib.ExitStack() as trial:
            opened = open_dataset(
                self._job,
                self._services.backend,
                self._services.spool,
                self._services.roots,
                trial,
                deadline=self._crew.wall_deadline,
                cancel=self._crew.cancelled,
            )
            stack.push(trial.pop_all())
        return opened

    def _calculate(self, opened: Opened) -> tuple[Result, ...]:
        frames, cpu_limit = opened.frames.frames, self._job.limits.worker_cpu_seconds
        results, total = dict[int, Result](), len(frames)
        self._live.advance(Progress("calculating", 0, total))

        def note(index: int, ended: Ended) -> None:
            planned = frames[index]
            result = conclude(planned.frame, planned.rows, ended, cpu_limit)
            results[index] = result
            self._live.advance(Progress("calculating", len(results), total), result)

        call_of = functools.partial(frame_call, self._job.source, opened)
        workers = min(self._services.workers, total)
        self._crew.run(Schedule(range(total)), opened.session, call_of, note, workers)
        return tuple(results[index] for index in range(total))

    def _calls_on_empty(self, opened: Opened) -> int:
        """How many queries calc_metric makes on a frame without rows."""
        self._crew.run(Schedule([0]), opened.session, lambda _: empty_call(opened), lambda *_: None, 1)
        return self._crew.queries

    def _finished(self, opened: Opened, results: tuple[Result, ...]) -> Run:
        report = Report(
            queries=opened.queries + self._crew.queries,
            seconds=time.monotonic() - self._began,
            peak_memory_bytes=self._crew.peak_bytes or None,
            workers=self._crew.workers,
            cut=opened.frames.cut,
            warnings=self._warnings,
        )
        return self._make_run(opened.backend, opened.plan.time, results, report)

    def _never_counted(self, ending: Ending) -> Run:
        """A run that was stopped before its frames were known: the full frame, with the reason."""
        job = self._job
        result = conclude(Frame(0), None, Ended(ending), job.limits.worker_cpu_seconds)
        report = Report(seconds=time.monotonic() - self._began, warnings=self._warnings)
        time_range = RunTime(as_of=job.as_of, zone=job.zone)
        return self._make_run(self._services.backend.name, time_range, (result,), report)

    def _make_run(
        self, backend: str, time_range: RunTime, results: tuple[Result, ...], report: Report
    ) -> Run:
        digest = hashlib.sha256(self._job.source).hexdigest()
        return Run(self._job.metric, digest, backend, VERSION, time_range, results, report)

    def _refuse_cancelled(self) -> None:
        if self._crew.cancelled.is_set():
            raise _Stopped(Cancelled())
