"""One run, from its compiled source to its last result.

The order: compile (no query runs for a source with problems), wait for a turn and the backend, open and
count the dataset, run the frames, report. Everything that was opened is closed, however it ends. The log
tells of its start and its end, under an id of its own, with the metric's name and whose run it is.

Whoever waits for a run waits for a thread that calls no server. What does is in threads of its own
(`Pending`), and they are watched: each wait in them ends at the run's deadline by itself, and if one does
not, by a bug or in a library, the run is given up a while later. It ends then with what it has, its workers
are killed, its slots come free, and the threads that hang are left behind with their session, which nobody
gets again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NoReturn, TypeVar

from engine.backends.base import MOST_START_SECONDS
from engine.context import Deadline
from engine.errors import (
    BackendError,
    BackendLost,
    BackendStartError,
    EngineBusy,
    EngineClosed,
    Interrupted,
    LimitExceeded,
    ParamsRefused,
    SourceRefused,
)
from engine.gateway.answering import RunAnswering
from engine.models.codes import limit_of
from engine.models.frame import Frame
from engine.models.parameters import Bound, bind
from engine.models.result import Result
from engine.models.run import Asked, Report, Run, RunTime, Shared
from engine.queries.asking import Source
from engine.queries.calls import FrameCall
from engine.queries.counting import Counted
from engine.runs.admitted import AdmittedCrew
from engine.runs.calls import empty_call, first_call, frame_call
from engine.runs.collect import Collector
from engine.runs.compare import fit_baseline
from engine.runs.conclude import Cancelled, Ended, Ending, conclude
from engine.runs.dataset import SharedDataset
from engine.runs.guest import Guest
from engine.runs.job import Job
from engine.runs.live import LiveRun, Progress
from engine.runs.opening import Opened
from engine.runs.plan import Question, RunPlan
from engine.runs.schedule import Schedule
from engine.runs.services import Services
from engine.runs.together import Reading
from engine.spark.native.functions.known import needing_spark
from engine.tenants.usage import QUERY, RUNS, SOURCE
from engine.threads import Pending
from engine.version import VERSION
from sandbox.contract.messages import Problem

# What hangs is given up so long after it should have ended: later than honest queries take to be stopped.
ABANDON_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05

_T = TypeVar("_T")

logger = logging.getLogger(__name__)


class _Stopped(Exception):
    """The run was stopped before its frames were known."""

    def __init__(self, ending: Ending) -> None:
        super().__init__()
        self.ending = ending


class _GivenUp(Exception):
    """The run hangs below, and nobody waits for it any longer."""

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
        guest = Guest(
            job.source,
            services.extra_imports,
            job.limits,
            job.layers,
            services.capabilities.frames,
            services.interpreter,
            job.tenant,
            services.usage,
        )
        self._crew = AdmittedCrew(services.pool, guest, services.gates, job.tenant)
        self._live = LiveRun(self.cancel, on_progress)
        self._collector = Collector(self._live, job.limits.worker_cpu_seconds)
        self._thread: threading.Thread | None = None
        self._entered = False
        self._warnings: tuple[Problem, ...] = ()
        self._bound = Bound()
        self._compares = False
        self._functions: tuple[str, ...] = ()
        self._began = time.monotonic()
        self._label = f"{secrets.token_hex(4)} of {job.metric!r} for {job.tenant!r}"

    def start(self) -> LiveRun:
        """Compile the source, then run in a thread of its own.

        Raises:
            SourceRefused: the source has problems.
            ParamsRefused: its parameters have.
        """
        self.compile()
        return self.begin()

    def compile(self) -> None:
        """Compile the source in the run's first worker, unless it was, and look at its parameters.

        Raises:
            SourceRefused: the source has problems.
            ParamsRefused: its parameters have.
        """
        if self._entered:
            return
        self._enter()
        try:
            self._enlist()
        except BaseException as error:
            self._crew.dismiss()
            self._leave(type(error).__name__)
            if isinstance(error, SourceRefused):
                self._services.usage.refuse(self._job.tenant, SOURCE)
            if isinstance(error, Interrupted):
                self._services.register.refuse_closed()  # else it was cancelled
            raise

    @property
    def bound(self) -> Bound:
        """Its parameters, once the source is compiled."""
        return self._bound

    def _enlist(self) -> None:
        self._warnings = self._crew.enlist()
        assert self._crew.signature is not None
        self._functions = self._crew.signature.functions
        self._bound, problems = bind(self._crew.signature, self._job.params)
        if problems:
            raise ParamsRefused({self._job.metric: problems})
        self._dataset.require(self._job.metric, self._bound)
        self._compare()
        if self._crew.signature.several:
            self._collector.expect_names()

    def _compare(self) -> None:
        """Let the baseline be opened, if the metric takes one.

        Raises:
            SourceRefused: it needs one, and there is none.
        """
        job = self._job
        assert self._crew.signature is not None
        taker, problems = fit_baseline(self._crew.signature, job.baseline, self._bound)
        if any(problem.severity == "error" for problem in problems):
            raise SourceRefused(problems)
        self._warnings = (*self._warnings, *problems)
        if taker is not None:
            self._compares = True
            self._dataset.compare(self, job.metric, taker)

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
            ParamsRefused: its parameters have.
            LimitExceeded: counting took longer than the run may.
        """
        with self._in_part("planned"):
            self._enlist()
            with self._turn():
                counted, calls, asked = self._watched(self._look_ahead)
        planned = counted.frames.frames
        compared = counted.baseline if self._compares else None
        return RunPlan(
            frames=tuple(one.frame for one in planned),
            rows=tuple(one.rows for one in planned),
            cut=counted.frames.cut,
            counting_queries=counted.queries,
            calls_per_frame=calls,
            warnings=self._warnings,
            params=dict(self._bound.values),
            questions=asked,
            baseline=self._job.baseline if self._compares else None,
            baseline_rows=() if compared is None else tuple(map(compared.rows, range(len(planned)))),
        )

    def look(self) -> tuple[str, ...]:
        """Open the dataset, which checks what was asked against it; the names of its columns.

        Raises:
            UsageError, DataError: it cannot be read, or something does not fit.
            Interrupted: the run was cancelled.
            LimitExceeded: it took longer than a run may.
        """
        with self._in_part("looked at"), self._turn():
            return self._watched(lambda: self._dataset.open(self._crew.context).source.columns)

    @contextlib.contextmanager
    def _in_part(self, done: str) -> Iterator[None]:
        """Enter and leave a run of which only a part is wanted, and raise what stopped it as its caller's."""
        self._enter()
        how = f"not {done}"
        try:
            yield
            how = done
        except (_Stopped, _GivenUp, Interrupted) as stopped:
            ending = self._why(stopped) if isinstance(stopped, Interrupted) else stopped.ending
            raise ending if isinstance(ending, LimitExceeded) else Interrupted("cancelled") from None
        finally:
            self._crew.dismiss()
            self._leave(how)

    def cancel(self) -> None:
        """End it soon; frames without a result become `cancelled`."""
        self._crew.cancel()

    def wait(self, timeout: float) -> None:
        """Wait until nothing of it runs, `timeout` seconds at most."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _enter(self) -> None:
        try:
            self._services.register.enter(self, self._job.tenant)
        except EngineBusy:
            self._services.usage.refuse(self._job.tenant, RUNS)
            raise
        self._entered = True
        logger.info("run %s starts", self._label)

    def _leave(self, how: str) -> None:
        self._dataset.leave(self)
        if not self._entered:
            return
        self._entered = False
        self._services.register.leave(self)
        logger.info(
            "run %s ends after %.2f s: %s; %.2f s of processors, %d bytes fetched",
            self._label,
            time.monotonic() - self._began,
            how,
            self._crew.worker_seconds,
            self._crew.fetched_bytes,
        )

    def _run_to_end(self) -> None:
        outcome: Run | BaseException
        try:
            outcome = self._run()
            how = f"{len(outcome.results)} results, {outcome.report.queries} queries"
            for limit, times in _reached(outcome).items():
                self._services.usage.refuse(self._job.tenant, limit, times)
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
                return self._watched(self._compute)
        except _GivenUp as given_up:
            return self._as_far_as_it_came(given_up.ending)
        except _Stopped as stopped:
            return self._never_counted(stopped.ending)
        except Interrupted as stop:
            return self._never_counted(self._why(stop))
        except (BackendLost, EngineClosed):
            if self._crew.context.cancelled and not self._crew.failed:
                return self._never_counted(Cancelled())
            raise

    def _watched(self, work: Callable[[], _T]) -> _T:
        """Do what calls the backend and the workers, and wait for no longer than it may take.

        Raises:
            _GivenUp: it hangs.
        """
        pending, heard = Pending(work, "calcmetric-frames"), math.inf
        while not pending.done.wait(_LOOK_SECONDS):
            now = time.monotonic()
            if self._crew.context.cancelled:
                heard = min(heard, now)
            end = self._crew.context.deadline.at
            if now >= min(heard, end) + ABANDON_SECONDS:
                self._give_up(cancelled=heard < end)
        return pending.result()

    def _give_up(self, *, cancelled: bool) -> NoReturn:
        logger.error(
            "run %s is given up %g s after it should have ended: a call to the data engine does not return",
            self._label,
            ABANDON_SECONDS,
        )
        ending = Cancelled() if cancelled else self._overtime()
        self._collector.close(ending)  # first: the frames that the next line ends would be told as cancelled
        self._crew.cancel()  # whichever thread comes back ends at once
        self._services.gates.calls.leave_all(self._crew)
        self._services.gates.queries.leave_all(self)
        self._crew.raise_failure()
        raise _GivenUp(ending)

    def _compute(self) -> Run:
        self._live.advance(Progress("counting"))
        self._dataset.on_fetched(self, self._tell_fetched)
        opened = self._dataset.open(self._crew.context)
        self._warnings = (*self._warnings, *opened.warnings)
        self._collector.leave_out(opened.left_out)
        try:
            counted = self._calculate(opened, self._collector)
        except BackendError:
            opened.confirm()
            raise
        opened.confirm()  # else rows of a file that is gone may not have been counted
        return self._finished(opened, counted, self._collector.tell_rest())

    def _tell_fetched(self, done: int, total: int) -> None:
        if (told := Progress("fetching", done, total)) != self._live.progress:
            self._live.advance(told)

    def _look_ahead(self) -> tuple[Counted, int, tuple[Question, ...]]:
        """What `plan` asks for: the frames, and how many queries calc_metric makes on an empty one."""
        opened = self._dataset.open(self._crew.context)
        self._warnings = (*self._warnings, *opened.warnings)
        self._dataset.shared.settle(self)
        counted, asked = self._count(), list[Asked]()
        calls, times = self._calls_on_empty(opened, asked), Counter(asked)
        questions = tuple(
            Question(one.plan, one.answered_by or opened.backend, one.reason, times[one]) for one in times
        )
        return counted, calls, questions

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a turn and for the backend; the run's own time begins after that.

        A run that waits holds no worker: it gives back the one that compiled its source.
        """
        with self._dataset.turn.take(self._refuse_cancelled, self._crew.dismiss):
            self._start_backend()
            self._crew.admit()
            self._began = time.monotonic()
            with self._services.interpreter.inside(self._job.tenant):
                yield

    def _start_backend(self) -> None:
        """Wait for the backend, for as long as the run is wanted: its time has not begun."""
        backend = self._dataset.turn.server.backend
        try:
            if needing_spark(self._functions):  # beside everything else, for it takes longest
                backend.warm(wanted=True)
            starting = Pending(backend.start, "calcmetric-start")
            starting.wait(replace(self._crew.context, deadline=Deadline.after(MOST_START_SECONDS)))
        except Interrupted:
            self._refuse_cancelled()
            raise BackendStartError(
                f"the backend {backend.name} was not there after {MOST_START_SECONDS:g} s, and is given up; "
                "the next run tries again"
            ) from None
        except EngineClosed:
            self._refuse_cancelled()
            raise
        self._refuse_cancelled()

    def _count(self) -> Counted:
        return self._dataset.count(self._crew.context)

    def _calculate(self, opened: Opened, collector: Collector) -> Counted:
        """Run frame 0, of which everything is known, while the other frames are found; then those."""
        found: list[Counted] = []
        arguments = self._bound.arguments

        def find() -> range:
            found.append(self._count())
            frames = found[0].frames
            collector.know(frames, found[0].baseline if self._compares else None)
            return range(1, len(frames.frames))

        def call_of(index: int) -> FrameCall:
            if index == 0:
                return first_call(self._job.source, opened.source, arguments, self._baseline_of(opened))
            compared = found[0].baseline if self._compares else None
            frames = found[0].frames
            return frame_call(self._job.source, opened.source, frames, index, arguments, compared)

        def note(index: int, ended: Ended) -> None:
            if index == 0:
                self._dataset.shared.settle(self)
            collector.note(index, ended)

        schedule = Schedule([0], complete=False)
        workers = self._services.workers if opened.source.splits else 1
        self._crew.run(schedule, self._answers(opened), call_of, note, workers, find)
        return found[0]

    def _answers(
        self, opened: Opened, *, share: bool = True, asked: list[Asked] | None = None
    ) -> RunAnswering:
        scratch = None if opened.scratch is None else opened.scratch.of_a_run()
        reading = Reading(self._services.interpreter, self._job.layers.gateway, scratch)
        baseline = self._baseline_of(opened)
        return self._dataset.shared.answers(self, opened.source, baseline, reading, share=share, asked=asked)

    def _baseline_of(self, opened: Opened) -> Source | None:
        """The run's baseline, if its metric takes one."""
        return opened.baseline if self._compares else None

    def _calls_on_empty(self, opened: Opened, asked: list[Asked]) -> int:
        """How many queries calc_metric makes on a frame without rows; `asked` is given each."""
        answers = self._answers(opened, share=False, asked=asked)
        call = empty_call(opened.source, self._bound.arguments, self._baseline_of(opened))
        self._crew.run(Schedule([0]), answers, lambda _: call, lambda *_: None, 1)
        return self._crew.queries

    def _finished(self, opened: Opened, counted: Counted, results: tuple[Result, ...]) -> Run:
        report = Report(
            queries=counted.queries + self._crew.queries,
            seconds=time.monotonic() - self._began,
            peak_memory_bytes=self._crew.peak_bytes or None,
            worker_seconds=self._crew.worker_seconds,
            fetched_bytes=self._crew.fetched_bytes,
            workers=self._crew.workers,
            cut=counted.frames.cut,
            warnings=self._warnings,
            sharing=_named(self._dataset.shared.report(self), opened.backend),
            answered=self._dataset.answered,
            tables=opened.tables,
        )
        return self._make_run(opened.backend, opened.source.plan.time, results, report)

    def _why(self, stop: Interrupted) -> Ending:
        """Why the run as a whole was stopped."""
        return Cancelled() if stop.reason == "cancelled" else self._overtime()

    def _overtime(self) -> LimitExceeded:
        wall = self._job.limits.wall_seconds
        return LimitExceeded("wall_seconds", wall, wall)

    def _as_far_as_it_came(self, ending: Ending) -> Run:
        """A run that was given up: the results that there are, and the reason for all other frames."""
        results = self._collector.close(ending)
        opened = self._dataset.opened
        if not results or opened is None:
            return self._never_counted(ending)
        report = Report(
            queries=self._crew.queries,
            seconds=time.monotonic() - self._began,
            workers=self._crew.workers,
            cut=self._collector.cut,
            warnings=self._warnings,
        )
        return self._make_run(opened.backend, opened.source.plan.time, results, report)

    def _never_counted(self, ending: Ending) -> Run:
        """A run that was stopped before its frames were known: the full frame, with the reason."""
        job = self._job
        results = conclude(Frame(0), None, Ended(ending), job.limits.worker_cpu_seconds)
        report = Report(seconds=time.monotonic() - self._began, warnings=self._warnings)
        time_range = RunTime(as_of=job.as_of, zone=job.zone)
        return self._make_run(self._services.backend, time_range, results, report)

    def _make_run(
        self, backend: str, time_range: RunTime, results: tuple[Result, ...], report: Report
    ) -> Run:
        digest = hashlib.sha256(self._job.source).hexdigest()
        params = dict(self._bound.values)
        baseline = self._job.baseline if self._compares else None
        return Run(
            self._job.metric,
            digest,
            backend,
            VERSION,
            time_range,
            results,
            report,
            params,
            baseline,
            id=secrets.token_hex(16),
        )

    def _refuse_cancelled(self) -> None:
        if self._crew.context.cancelled:
            raise _Stopped(Cancelled())


def _named(sharing: tuple[Shared, ...], backend: str) -> tuple[Shared, ...]:
    """The same with the backend's name where nothing else answers beside it."""
    return tuple(replace(one, answered_by=one.answered_by or backend) for one in sharing)


def _reached(run: Run) -> Counter[str]:
    """How many frames of a run ended at which limit, by the names of limits, and how many were refused."""
    frames = {one.frame.index: one for one in reversed(run.results)}.values()
    limits = (one.error.code for one in frames if one.status == "limit" and one.error is not None)
    reached = Counter(limit_of(code) for code in limits)
    if refused := sum(one.status == "refused" for one in frames):
        reached[QUERY] = refused
    return reached
