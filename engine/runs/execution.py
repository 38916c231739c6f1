"""What a run does: compile, wait for its turn and the backend, open its data, call its metric, end.

No query runs for a source with problems. Everything that was opened is closed, however the run ends. The log
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
from collections.abc import Callable, Iterator
from typing import TypeVar

from engine.context import QueryContext
from engine.errors import Interrupted
from engine.models.result import Result
from engine.models.run import Run
from engine.queries.counting import Counted
from engine.runs.calculation import Calculation
from engine.runs.call_results import Ending
from engine.runs.dataset import SharedDataset
from engine.runs.declared import Declared, declare
from engine.runs.dispatcher import Dispatcher
from engine.runs.entry import RunEntry, new_id
from engine.runs.guest import Guest
from engine.runs.lifetime import Lifetime
from engine.runs.opening import Opened
from engine.runs.run_spec import RunSpec
from engine.runs.run_workers import RunWorkers
from engine.runs.services import Services, Stoppable
from engine.runs.slots import RunSlots
from engine.runs.starting import start_backend
from engine.runs.summary import RunSummary
from engine.runs.watch import ABANDON_SECONDS, Hangs, watched
from engine.sources.stores.fetched import Tell
from engine.spark.native.functions.known import needing_spark

_T = TypeVar("_T")

logger = logging.getLogger(__name__)


class GivenUp(Exception):
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
    """The steps of one run, for whoever takes them: `SubmittedRun` all, and `PlannedRun` some.

    Attributes:
        lifetime: of the run.
        declared: what its source declares, once that is known.
    """

    def __init__(self, services: Services, spec: RunSpec, dataset: SharedDataset | None = None) -> None:
        """Prepare a run.

        Args:
            services: of the engine.
            spec: what was asked.
            dataset: of several runs, which differ in their metric only; None: the run's own.
        """
        self.lifetime = Lifetime(spec.limits.wall_seconds)
        self.declared = Declared()
        self._services = services
        self._spec = spec
        self._id = new_id(spec)
        self._entry = RunEntry(self._id, spec.tenant, services.registry, services.usage)
        self._dataset = dataset or SharedDataset(services, spec)
        self._dataset.participants.enter(self._id)
        self._slots = RunSlots(services.limiters, spec.tenant, self._id, self.lifetime)
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
        workers = RunWorkers(services.pool, guest, self.lifetime.cancelling)
        self._dispatcher = Dispatcher(workers, self._slots, self.lifetime)
        self._opened: Opened | None = None

    @property
    def context(self) -> QueryContext:
        """How the run asks."""
        return self.lifetime.context

    @property
    def entered(self) -> bool:
        """Whether it stands in the engine's registry."""
        return self._entry.entered

    @property
    def summary(self) -> RunSummary:
        """What is known of it by now, beside its results."""
        return RunSummary(
            self._spec, self.declared, self._opened, self._dispatcher.usage, self.lifetime.seconds
        )

    def enter(self, run: Stoppable) -> None:
        """Enter it in the engine's registry, as what is to be stopped with the engine.

        Raises:
            EngineClosed, EngineBusy: as `RunRegistry.add`.
        """
        self._entry.enter(run)

    def compile(self) -> None:
        """Compile the source in the run's first worker, and look at its parameters.

        Raises:
            SourceRefused: the source has problems.
            ParamsRefused: its parameters have.
        """
        signature, warnings = self._dispatcher.start()
        self.expect(declare(signature, self._spec, warnings))

    def expect(self, declared: Declared) -> None:
        """Let the dataset have what the metric needs of it, as its source declares.

        That is known before the dataset is opened; the source may have been compiled elsewhere.
        """
        self.declared = declared
        self._dataset.expect(self._id, self._spec.metric, declared)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and for the backend; the run's own time begins after that.

        A run that waits holds no worker: it gives back the one that compiled its source.
        """
        with self._dataset.turn.take(self.lifetime.refuse_cancelled, self._dispatcher.close):
            backend = self._dataset.turn.server.backend
            start_backend(backend, self.lifetime, eager=bool(needing_spark(self.declared.functions)))
            self.lifetime.begin()
            with self._services.interpreter.inside(self._spec.tenant):
                yield

    def watched(
        self, work: Callable[[], _T], close: Callable[[Ending], tuple[Result, ...]] = lambda _: ()
    ) -> _T:
        """Do what calls the backend and the workers, and give the run up if it hangs.

        Args:
            work: what to do.
            close: ends the frames without a result like this, and tells all results.

        Raises:
            GivenUp: it hangs.
        """
        try:
            return watched(work, self.context)
        except Hangs as hanging:
            ending = self.lifetime.why(cancelled=hanging.cancelled)
        raise self._give_up(ending, close)

    def open(self, tell: Tell | None = None) -> Opened:
        """Open the data; raises as `SharedDataset.open`.

        Args:
            tell: told how many objects were fetched, of how many.
        """
        if tell is not None:
            self._dataset.participants.on_fetched(self._id, tell)
        self._opened = self._dataset.open(self.context)
        return self._opened

    def calculation(self, opened: Opened) -> Calculation:
        """The calls of the metric over the opened data."""
        return Calculation(
            self._id,
            self._spec,
            self.declared,
            self._dataset,
            opened,
            self._dispatcher,
            self._services.interpreter,
        )

    def complete(self, results: tuple[Result, ...], counted: Counted) -> Run:
        """The run, all of whose frames have ended with these results."""
        sharing = self._dataset.shared.report(self._id)
        return self.summary.complete(results, counted, sharing, self._dataset.answered)

    def cancel(self) -> None:
        """End it soon; frames without a result become `cancelled`."""
        self._dispatcher.cancel()

    def why(self, stop: Interrupted) -> Ending:
        """Why the run as a whole was stopped."""
        return self.lifetime.why(cancelled=stop.reason == "cancelled")

    def leave(self, how: str) -> None:
        """Give back what it has, and take it from the registry; may be called twice.

        Args:
            how: it ended, for the log.
        """
        self._dispatcher.close()
        self._dataset.release(self._id)
        self._entry.leave(how, self.lifetime.seconds, self._dispatcher.usage)

    def _give_up(self, ending: Ending, close: Callable[[Ending], tuple[Result, ...]]) -> GivenUp:
        """End what can be ended of a run that hangs; what to raise of it, unless it has failed before."""
        logger.error(
            "run %s is given up %g s after it should have ended: a call to the data engine does not return",
            self._id,
            ABANDON_SECONDS,
        )
        # First: the frames that the next line ends would be told as cancelled.
        results = close(ending)
        self._dispatcher.cancel()  # whichever thread comes back ends at once
        self._slots.leave_all()
        self.lifetime.raise_failure()
        return GivenUp(ending, results)
