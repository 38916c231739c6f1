"""A run from its compiled source to its last result, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.errors import BackendError, BackendLost, EngineClosed, Interrupted, SourceRefused
from engine.models.parameters import Bound
from engine.models.run import Run
from engine.runs.call_results import Ending, RunCancelled
from engine.runs.collect import Collector
from engine.runs.dataset import SharedDataset
from engine.runs.declared import Declared
from engine.runs.execution import Execution, GivenUp
from engine.runs.live import LiveRun, Progress
from engine.runs.run_spec import RunSpec
from engine.runs.services import Services
from engine.runs.summary import limits_reached
from engine.tenants.usage import SOURCE


class SubmittedRun:
    """A run that is started once; its caller holds it as a `LiveRun`."""

    def __init__(
        self,
        services: Services,
        spec: RunSpec,
        on_progress: Callable[[Progress], None] | None,
        dataset: SharedDataset | None = None,
    ) -> None:
        """Prepare it.

        Args:
            services: of the engine.
            spec: what was asked.
            on_progress: is told of its progress.
            dataset: of several runs, which differ in their metric only; None: the run's own.
        """
        self._execution = Execution(services, spec, dataset)
        self._services = services
        self._tenant = spec.tenant
        self._live = LiveRun(self.cancel, on_progress)
        self._collector = Collector(self._live, spec.limits.worker_cpu_seconds)
        self._thread: threading.Thread | None = None

    @property
    def bound(self) -> Bound:
        """Its parameters, once it is known what the source declares."""
        return self._execution.declared.bound

    def start(self) -> LiveRun:
        """Compile the source, then run.

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
        if self._execution.entered:
            return
        self._execution.enter(self)
        try:
            self._execution.compile()
        except BaseException as error:
            self._execution.leave(type(error).__name__)
            if isinstance(error, SourceRefused):
                self._services.usage.refuse(self._tenant, SOURCE)
            if isinstance(error, Interrupted):
                self._services.registry.refuse_closed()  # else it was cancelled
            raise

    def expect(self, declared: Declared) -> None:
        """Its source was compiled elsewhere, and will be again; see `Execution.expect`."""
        self._execution.expect(declared)

    def begin(self) -> LiveRun:
        """Run the compiled source."""
        self._thread = threading.Thread(target=self._run_to_end, name="calcmetric-run", daemon=True)
        self._thread.start()
        return self._live

    def discard(self) -> None:
        """Give up a run that was not begun; does nothing to one that was."""
        if self._thread is None:
            self._execution.leave("never begun")

    def cancel(self) -> None:
        """End it soon; frames without a result become `cancelled`."""
        self._execution.cancel()

    def wait(self, timeout: float) -> None:
        """Wait until nothing of it runs, `timeout` seconds at most."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run_to_end(self) -> None:
        outcome: Run | BaseException
        try:
            outcome = self._run()
            how = f"{len(outcome.results)} results, {outcome.report.queries} queries"
            for limit, times in limits_reached(outcome).items():
                self._services.usage.refuse(self._tenant, limit, times)
        except BaseException as error:
            outcome, how = error, type(error).__name__
        try:
            self._execution.leave(how)
        finally:  # whatever goes wrong above, nobody waits for ever
            self._live.finish(outcome)

    def _run(self) -> Run:
        try:
            with self._execution.turn():
                return self._execution.watched(self._compute, self._collector.close)
        except GivenUp as given_up:
            if given_up.results:
                return self._execution.summary.given_up(given_up.results, self._collector.cut)
            return self._never_counted(given_up.ending)
        except Interrupted as stop:
            return self._never_counted(self._execution.why(stop))
        except (BackendLost, EngineClosed):
            lifetime = self._execution.lifetime
            if lifetime.cancelled and not lifetime.failed:
                return self._never_counted(RunCancelled())
            raise

    def _compute(self) -> Run:
        if self._execution.declared.several:
            self._collector.expect_names()
        self._live.advance(Progress("counting"))
        opened = self._execution.open(self._tell_fetched)
        self._collector.leave_out(opened.left_out)
        calculation = self._execution.calculation(opened)
        try:
            counted = calculation.run(self._collector, self._services.workers, self._execution.context)
        except BackendError:
            opened.confirm()
            raise
        opened.confirm()  # else rows of a file that is gone may not have been counted
        return self._execution.complete(self._collector.tell_rest(), counted)

    def _tell_fetched(self, done: int, total: int) -> None:
        if (told := Progress("fetching", done, total)) != self._live.progress:
            self._live.advance(told)

    def _never_counted(self, ending: Ending) -> Run:
        return self._execution.summary.never_counted(ending, self._services.backend)
