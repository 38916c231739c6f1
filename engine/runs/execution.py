"""One run, from its compiled source to its last result.

The order: compile (no query runs for a source with problems), wait for a turn and the backend, open and
count the dataset, run the frames, report. Everything that was opened is closed, however it ends. The log
tells of its start and its end, under an id of its own, with the metric's name and whose run it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator

from engine.errors import BackendLost, EngineClosed, Interrupted, LimitExceeded
from engine.gateway.answering import FrameCall, RunAnswering
from engine.gateway.answers import RunAnswers
from engine.gateway.requests import ParsedRequests
from engine.gateway.sql_answers import SqlRunAnswers
from engine.models.frame import Frame
from engine.models.result import Result
from engine.models.run import Report, Run, RunTime
from engine.runs.admitted import AdmittedCrew, AdmittedSqlSession
from engine.runs.calls import empty_call, first_call, frame_call
from engine.runs.collect import Collector
from engine.runs.conclude import Cancelled, Ended, Ending, conclude
from engine.runs.dataset import SharedDataset
from engine.runs.guest import Guest
from engine.runs.job import Job
from engine.runs.live import LiveRun, Progress
from engine.runs.opening import Opened
from engine.runs.plan import RunPlan
from engine.runs.schedule import Schedule
from engine.runs.services import Services
from engine.sharing.counting import Counted
from engine.sharing.once import Patience
from engine.version import VERSION
from sandbox.contract.messages import Problem

logger = logging.getLogger(__name__)


class _Stopped(Exception):
    """The run was stopped before its frames were known."""

    def __init__(self, ending: Ending) -> None:
        super().__init__()
        self.ending = ending


class Execution:
    """One run. Made by the engine; started once, or planned once."""

    def __init__(
        self,
        services: Services,
        job: Job,
        on_progress: Callable[[Progress], None] | None,
        dataset: SharedDataset | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            services: of the engine.
            job: what was asked.
            on_progress: is told of its progress.
            dataset: of several runs, which differ in their metric only; None: the run's own.
        """
        self._services = services
        self._job = job
        self._dataset = dataset or SharedDataset(services, job)
        self._dataset.enter(self)
        guest = Guest(job.source, services.extra_imports, job.limits, job.layers, services.snowpark)
        self._crew = AdmittedCrew(services.pool, guest, services.gates, job.tenant)
        self._live = LiveRun(self.cancel, on_progress)
        self._thread: threading.Thread | None = None
        self._entered = False
        self._warnings: tuple[Problem, ...] = ()
        self._began = time.monotonic()
        self._label = f"{secrets.token_hex(4)} of {job.metric!r} for {job.tenant!r}"

    def start(self) -> LiveRun:
        """Compile the source, then run in a thread of its own.

        Raises:
            SourceRefused: the source has problems.
        """
        self.compile()
        return self.begin()

    def compile(self) -> None:
        """Compile the source in the run's first worker, unless it was.

        Raises:
            SourceRefused: the source has problems.
        """
        if self._entered:
            return
        self._enter()
        try:
            self._warnings = self._crew.enlist()
        except BaseException as error:
            self._leave(type(error).__name__)
            if isinstance(error, Interrupted):
                self._services.register.refuse_closed()  # else it was cancelled
            raise

    def begin(self) -> LiveRun:
        """Run the compiled source in a thread of its own."""
        self._thread = threading.Thread(target=self._run_to_end, name="calcmetric-run", daemon=True)
        self._thread.start()
        return self._live

    def discard(self) -> None:
        """Give up a run that was not begun; does nothing to one that was."""
        if self._thread is None:
            self._crew.dismiss()
            self._leave("never begun")

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
            with self._turn():
                opened = self._dataset.open(self._refuse_cancelled)
                if self._dataset.sharing is not None:
                    self._dataset.sharing.leave(self)
                counted = self._count()
                calls = self._calls_on_empty(opened)
            how = "planned"
        except (_Stopped, Interrupted) as stopped:
            ending = stopped.ending if isinstance(stopped, _Stopped) else self._why(stopped)
            raise ending if isinstance(ending, LimitExceeded) else Interrupted("cancelled") from None
        finally:
            self._crew.dismiss()
            self._leave(how)
        planned = counted.frames.frames
        return RunPlan(
            frames=tuple(one.frame for one in planned),
            rows=tuple(one.rows for one in planned),
            cut=counted.frames.cut,
            counting_queries=counted.queries,
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
        self._services.register.enter(self, self._job.tenant)
        self._entered = True
        logger.info("run %s starts", self._label)

    def _leave(self, how: str) -> None:
        self._dataset.leave(self)
        if not self._entered:
            return
        self._entered = False
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
            with self._turn():
                self._live.advance(Progress("counting"))
                opened = self._dataset.open(self._refuse_cancelled)
                collector = Collector(self._live, self._job.limits.worker_cpu_seconds)
                counted = self._calculate(opened, collector)
                return self._finished(opened, counted, collector.results)
        except _Stopped as stopped:
            return self._never_counted(stopped.ending)
        except Interrupted as stop:
            return self._never_counted(self._why(stop))
        except (BackendLost, EngineClosed):
            if self._crew.cancelled.is_set() and not self._crew.failed:
                return self._never_counted(Cancelled())
            raise

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a turn and for the backend; the run's own time begins after that.

        A run that waits holds no worker: it gives back the one that compiled its source.
        """
        with self._dataset.turn(self._refuse_cancelled, self._crew.dismiss):
            self._start_backend()
            self._crew.admit()
            self._began = time.monotonic()
            yield

    def _start_backend(self) -> None:
        try:
            self._dataset.server.backend.start()
        except EngineClosed:
            self._refuse_cancelled()
            raise
        self._refuse_cancelled()

    def _count(self) -> Counted:
        patience = Patience(self._crew.wall_deadline, self._crew.cancelled)
        return self._dataset.count(patience, self._refuse_cancelled)

    def _calculate(self, opened: Opened, collector: Collector) -> Counted:
        """Run frame 0, of which everything is known, while the other frames are found; then those."""
        found: list[Counted] = []

        def find() -> range:
            found.append(self._count())
            frames = found[0].frames
            collector.know(frames)
            return range(1, len(frames.frames))

        def call_of(index: int) -> FrameCall:
            if index == 0:
                return first_call(self._job.source, opened.source)
            return frame_call(self._job.source, opened.source, found[0].frames, index)

        def note(index: int, ended: Ended) -> None:
            if index == 0 and self._dataset.sharing is not None:
                self._dataset.sharing.leave(self)
            collector.note(index, ended)

        schedule = Schedule([0], complete=False)
        workers = self._services.workers if opened.source.splits else 1
        self._crew.run(schedule, self._answers(opened), call_of, note, workers, find)
        return found[0]

    def _answers(self, opened: Opened, *, share: bool = True) -> RunAnswering:
        source, session = opened.source, self._dataset.session_of(self)
        if isinstance(session, AdmittedSqlSession):
            together = self._dataset.sql_sharing if share else None
            return SqlRunAnswers(session, source.full, source.columns, together, self)
        requests = ParsedRequests(frozenset(source.columns))
        checked = self._job.layers.gateway
        sharing = self._dataset.spark_sharing if checked and share else None
        return RunAnswers(session, requests, sharing, checked, self)

    def _calls_on_empty(self, opened: Opened) -> int:
        """How many queries calc_metric makes on a frame without rows."""
        answers = self._answers(opened, share=False)
        self._crew.run(Schedule([0]), answers, lambda _: empty_call(opened.source), lambda *_: None, 1)
        return self._crew.queries

    def _finished(self, opened: Opened, counted: Counted, results: tuple[Result, ...]) -> Run:
        sharing = self._dataset.sharing
        report = Report(
            queries=counted.queries + self._crew.queries,
            seconds=time.monotonic() - self._began,
            peak_memory_bytes=self._crew.peak_bytes or None,
            workers=self._crew.workers,
            cut=counted.frames.cut,
            warnings=self._warnings,
            sharing=() if sharing is None else sharing.report(self),
        )
        return self._make_run(opened.backend, opened.source.plan.time, results, report)

    def _why(self, stop: Interrupted) -> Ending:
        """Why the run as a whole was stopped."""
        wall = self._job.limits.wall_seconds
        return Cancelled() if stop.reason == "cancelled" else LimitExceeded("wall_seconds", wall, wall)

    def _never_counted(self, ending: Ending) -> Run:
        """A run that was stopped before its frames were known: the full frame, with the reason."""
        job = self._job
        result = conclude(Frame(0), None, Ended(ending), job.limits.worker_cpu_seconds)
        report = Report(seconds=time.monotonic() - self._began, warnings=self._warnings)
        time_range = RunTime(as_of=job.as_of, zone=job.zone)
        return self._make_run(self._services.backend, time_range, (result,), report)

    def _make_run(
        self, backend: str, time_range: RunTime, results: tuple[Result, ...], report: Report
    ) -> Run:
        digest = hashlib.sha256(self._job.source).hexdigest()
        return Run(self._job.metric, digest, backend, VERSION, time_range, results, report)

    def _refuse_cancelled(self) -> None:
        if self._crew.cancelled.is_set():
            raise _Stopped(Cancelled())
