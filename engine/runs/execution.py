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
import logging
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from engine.errors import (
    BackendError,
    BackendLost,
    EngineClosed,
    Interrupted,
    LimitExceeded,
    SourceRefused,
)
from engine.models.parameters import Bound
from engine.models.result import Result
from engine.models.run import Run
from engine.runs.calculation import Calculation
from engine.runs.call_results import Cancelled, Ending
from engine.runs.collect import Collector
from engine.runs.dataset import SharedDataset
from engine.runs.declared import Declared, declare
from engine.runs.dispatcher import Dispatcher
from engine.runs.entry import RunEntry, new_id
from engine.runs.guest import Guest
from engine.runs.lifetime import Lifetime
from engine.runs.live import LiveRun, Progress
from engine.runs.opening import Opened
from engine.runs.plan import RunPlan
from engine.runs.run_spec import RunSpec
from engine.runs.run_workers import RunWorkers
from engine.runs.services import Services
from engine.runs.slots import RunSlots
from engine.runs.starting import start_backend
from engine.runs.summary import RunSummary, limits_reached
from engine.runs.watch import ABANDON_SECONDS, Hangs, watched
from engine.spark.native.functions.known import needing_spark
from engine.tenants.usage import SOURCE

_T = TypeVar("_T")

logger = logging.getLogger(__name__)


class _GivenUp(Exception):
    """The run hangs below, and nobody waits for it any longer.

    Attributes:
        ending: of the frames that had no result.
        results: all of them; none if they were not known.
    """

    def __init__(self, ending: Ending, results: tuple[Result, ...]) -> None:
        super().__init__()
        self.ending = ending
        self.results = results


class Execution:
    """The life of one run. Made by the engine; started once, or planned once."""

    def __init__(
        self,
        services: Services,
        spec: RunSpec,
        on_progress: Callable[[Progress], None] | None,
        dataset: SharedDataset | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            services: of the engine.
            spec: what was asked.
            on_progress: is told of its progress.
            dataset: of several runs, which differ in their metric only; None: the run's own.
        """
        self._services = services
        self._spec = spec
        self._id = new_id(spec)
        self._entry = RunEntry(self._id, spec.tenant, services.registry, services.usage)
        self._dataset = dataset or SharedDataset(services, spec)
        self._dataset.participants.enter(self._id)
        self._lifetime = Lifetime(spec.limits.wall_seconds)
        self._slots = RunSlots(services.limiters, spec.tenant, self._id, self._lifetime)
        guest = Guest(
            spec.source,
            services.extra_imports,
            spec.limits,
            spec.layers,
            services.capabilities.frames,
            services.interpreter,
            spec.tenant,
            services.usage,
        )
        workers = RunWorkers(services.pool, guest, self._lifetime.cancelling)
        self._dispatcher = Dispatcher(workers, self._slots, self._lifetime)
        self._live = LiveRun(self.cancel, on_progress)
        self._collector = Collector(self._live, spec.limits.worker_cpu_seconds)
        self._declared = Declared()
        self._opened: Opened | None = None
        self._thread: threading.Thread | None = None

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
        if self._entry.entered:
            return
        self._entry.enter(self)
        try:
            self._prepare()
        except BaseException as error:
            self._leave(type(error).__name__)
            if isinstance(error, SourceRefused):
                self._services.usage.refuse(self._spec.tenant, SOURCE)
            if isinstance(error, Interrupted):
                self._services.registry.refuse_closed()  # else it was cancelled
            raise

    @property
    def bound(self) -> Bound:
        """Its parameters, once it is known what the source declares."""
        return self._declared.bound

    def expect(self, declared: Declared) -> None:
        """Let the dataset have what the metric needs of it, as its source declares.

        That is known before the dataset is opened; the source may have been compiled elsewhere.
        """
        self._declared = declared
        self._dataset.expect(self._id, self._spec.metric, declared)

    def begin(self) -> LiveRun:
        """Run the compiled source in a thread of its own."""
        self._thread = threading.Thread(target=self._run_to_end, name="calcmetric-run", daemon=True)
        self._thread.start()
        return self._live

    def discard(self) -> None:
        """Give up a run that was not begun; does nothing to one that was."""
        if self._thread is None:
            self._leave("never begun")

    def plan(self) -> RunPlan:
        """Compile the source and count; run calc_metric on an empty frame only.

        Raises:
            SourceRefused: the source has problems.
            ParamsRefused: its parameters have.
            LimitExceeded: counting took longer than the run may.
        """
        with self._in_part("planned"):
            self._prepare()
            with self._turn():
                return self._watched(lambda: self._calculation(self._open()).plan(self._lifetime.context))

    def look(self) -> tuple[str, ...]:
        """Open the dataset, which checks what was asked against it; the names of its columns.

        Raises:
            UsageError, DataError: it cannot be read, or something does not fit.
            Interrupted: the run was cancelled.
            LimitExceeded: it took longer than a run may.
        """
        with self._in_part("looked at"), self._turn():
            return self._watched(lambda: self._dataset.open(self._lifetime.context).source.columns)

    def cancel(self) -> None:
        """End it soon; frames without a result become `cancelled`."""
        self._dispatcher.cancel()

    def wait(self, timeout: float) -> None:
        """Wait until nothing of it runs, `timeout` seconds at most."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _prepare(self) -> None:
        signature, warnings = self._dispatcher.start()
        self.expect(declare(signature, self._spec, warnings))
        if self._declared.several:
            self._collector.expect_names()

    @contextlib.contextmanager
    def _in_part(self, done: str) -> Iterator[None]:
        """Enter and leave a run of which only a part is wanted, and raise what stopped it as its caller's."""
        self._entry.enter(self)
        how = f"not {done}"
        try:
            yield
            how = done
        except (_GivenUp, Interrupted) as stopped:
            ending = stopped.ending if isinstance(stopped, _GivenUp) else self._why(stopped)
            raise ending if isinstance(ending, LimitExceeded) else Interrupted("cancelled") from None
        finally:
            self._leave(how)

    def _leave(self, how: str) -> None:
        """Give back what it has, and take it from the registry; may be called twice."""
        self._dispatcher.close()
        self._dataset.release(self._id)
        self._entry.leave(how, self._lifetime.seconds, self._dispatcher.usage)

    def _run_to_end(self) -> None:
        outcome: Run | BaseException
        try:
            outcome = self._run()
            how = f"{len(outcome.results)} results, {outcome.report.queries} queries"
            for limit, times in limits_reached(outcome).items():
                self._services.usage.refuse(self._spec.tenant, limit, times)
        except BaseException as error:
            outcome, how = error, type(error).__name__
        try:
            self._leave(how)
        finally:  # whatever goes wrong above, nobody waits for ever
            self._live.finish(outcome)

    def _run(self) -> Run:
        try:
            with self._turn():
                return self._watched(self._compute)
        except _GivenUp as given_up:
            if given_up.results:
                return self._summary().given_up(given_up.results, self._collector.cut)
            return self._never_counted(given_up.ending)
        except Interrupted as stop:
            return self._never_counted(self._why(stop))
        except (BackendLost, EngineClosed):
            if self._lifetime.cancelled and not self._lifetime.failed:
                return self._never_counted(Cancelled())
            raise

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a turn and for the backend; the run's own time begins after that.

        A run that waits holds no worker: it gives back the one that compiled its source.
        """
        with self._dataset.turn.take(self._lifetime.refuse_cancelled, self._dispatcher.close):
            backend = self._dataset.turn.server.backend
            start_backend(backend, self._lifetime, eager=bool(needing_spark(self._declared.functions)))
            self._lifetime.begin()
            with self._services.interpreter.inside(self._spec.tenant):
                yield

    def _watched(self, work: Callable[[], _T]) -> _T:
        """Do what calls the backend and the workers, and give the run up if it hangs.

        Raises:
            _GivenUp: it hangs.
        """
        try:
            return watched(work, self._lifetime.context)
        except Hangs as hanging:
            ending = self._lifetime.why(cancelled=hanging.cancelled)
        raise self._give_up(ending)

    def _give_up(self, ending: Ending) -> _GivenUp:
        """End what can be ended of a run that hangs; what to raise of it, unless it has failed before."""
        logger.error(
            "run %s is given up %g s after it should have ended: a call to the data engine does not return",
            self._id,
            ABANDON_SECONDS,
        )
        # First: the frames that the next line ends would be told as cancelled.
        results = self._collector.close(ending)
        self._dispatcher.cancel()  # whichever thread comes back ends at once
        self._slots.leave_all()
        self._lifetime.raise_failure()
        return _GivenUp(ending, results)

    def _compute(self) -> Run:
        self._live.advance(Progress("counting"))
        self._dataset.participants.on_fetched(self._id, self._tell_fetched)
        opened = self._open()
        self._collector.leave_out(opened.left_out)
        try:
            counted = self._calculation(opened).run(
                self._collector, self._services.workers, self._lifetime.context
            )
        except BackendError:
            opened.confirm()
            raise
        opened.confirm()  # else rows of a file that is gone may not have been counted
        results, sharing = self._collector.tell_rest(), self._dataset.shared.report(self._id)
        return self._summary().complete(results, counted, sharing, self._dataset.answered)

    def _tell_fetched(self, done: int, total: int) -> None:
        if (told := Progress("fetching", done, total)) != self._live.progress:
            self._live.advance(told)

    def _open(self) -> Opened:
        self._opened = self._dataset.open(self._lifetime.context)
        return self._opened

    def _calculation(self, opened: Opened) -> Calculation:
        return Calculation(
            self._id,
            self._spec,
            self._declared,
            self._dataset,
            opened,
            self._dispatcher,
            self._services.interpreter,
        )

    def _summary(self) -> RunSummary:
        return RunSummary(
            self._spec, self._declared, self._opened, self._dispatcher.usage, self._lifetime.seconds
        )

    def _never_counted(self, ending: Ending) -> Run:
        return self._summary().never_counted(ending, self._services.backend)

    def _why(self, stop: Interrupted) -> Ending:
        """Why the run as a whole was stopped."""
        return self._lifetime.why(cancelled=stop.reason == "cancelled")
