"""A dataset as one run has it, or as several runs have it together: opened once, counted once.

The first run that comes opens it, the last one that leaves releases it. Runs that share it take one turn,
and are one run to the slots of queries that are asked for all of them. Opening and counting are done by one
thread for all runs; each waits as long as its own time allows.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import replace
from typing import Final

from engine.context import UNBOUNDED, QueryContext, RunId
from engine.errors import BackendError, BackendLost, Interrupted
from engine.frames import frame_keys, has_exact_keys
from engine.models.run import Answered
from engine.models.streams import RowStream
from engine.queries.asking import FrameSource
from engine.queries.counting import Counted
from engine.runs.admitted import admit
from engine.runs.counting import again, count_frames
from engine.runs.data_errors import data_error, refuse_missing
from engine.runs.declared import Declared
from engine.runs.opening import DatasetOpener, Opened
from engine.runs.participants import Participants
from engine.runs.run_spec import RunSpec
from engine.runs.services import Services
from engine.runs.shared_queries import shared_queries
from engine.runs.turn import SharedTurn
from engine.tenants.usage import Amounts
from engine.threads import Pending, SingleFlight

# Columns that tell frames apart; each Boolean expression of a segment is one.
_MAX_KEYS: Final = 40
_RELEASE_SECONDS: Final = 5.0  # for what takes milliseconds, unless a server hangs

logger = logging.getLogger(__name__)


class _Resources:
    """What is released with a dataset; what is opened after that is released at once. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._released = False

    def keep(self, opened: contextlib.ExitStack) -> None:
        """Take over what was opened.

        Raises:
            Interrupted: all was released; whoever opened it keeps it.
        """
        with self._lock:
            if self._released:
                raise Interrupted("cancelled")
            self._stack.push(opened.pop_all())

    def release(self) -> None:
        """Release all, and go on without what hangs. Never raises."""
        with self._lock:
            self._released = True
            stack = self._stack.pop_all()
        try:
            Pending(stack.close, "calcmetric-release").wait(UNBOUNDED.within(_RELEASE_SECONDS))
        except Interrupted:
            logger.warning("a session cannot be released: its data engine does not answer")


class SharedDataset:
    """The dataset of some runs. Thread-safe.

    Attributes:
        participants: its runs, and what they need of it.
        turn: which its runs have together.
        shared: what they ask together.
    """

    def __init__(self, services: Services, spec: RunSpec) -> None:
        """Open nothing yet.

        Args:
            services: of the engine.
            spec: of any of the runs; they differ in their metric only.
        """
        self._together = RunId(f"all over the data of {spec.metric!r} for {spec.tenant!r}")
        self.participants = Participants()
        self.turn = SharedTurn(services, spec.tenant, self._together)
        self.shared = shared_queries(services.capabilities)
        self._services = services
        self._spec = spec
        self._account = services.ledger.open(spec.tenant)
        self._resources = _Resources()
        self._lock = threading.Lock()
        self._opening: SingleFlight[Opened] = SingleFlight("calcmetric-open")
        self._opened: Opened | None = None
        self._counting: SingleFlight[Counted] = SingleFlight("calcmetric-count")
        self._counted: Counted | None = None
        self._uncharged = 0

    def expect(self, run: RunId, metric: str, declared: Declared) -> None:
        """A run's metric is known: what it needs of the dataset, before that is opened."""
        self.participants.require(metric, declared.bound)
        if declared.taker is not None:
            self.participants.compare(metric, declared.taker)
            self.shared.compare(run)

    def release(self, run: RunId) -> None:
        """A run uses it no more; the last one releases it. May be called twice."""
        last = self.participants.leave(run)
        self.shared.settle(run)
        if last:
            self._account.close()
            self._resources.release()
            self._services.limiters.queries.release_all(self._together)

    @property
    def answered(self) -> tuple[Answered, ...]:
        """By whom its questions were answered; see `Report`."""
        return () if self._opened is None else self._opened.answer_counts.most_common()

    def open(self, context: QueryContext) -> Opened:
        """Open it, or take it as another run opened it; again if the server was restarted meanwhile.

        Args:
            context: how long this run waits for it.

        Raises:
            ParamsRefused: parameters name columns that it does not have.
            UsageError, DataError, BackendError, BackendLost, Interrupted: as `DatasetOpener.open`.
        """
        return self._opened or self._opening.get(
            lambda unwanted: self._open_for_all(replace(context, cancel=unwanted)),
            context,
        )

    def count(self, context: QueryContext) -> Counted:
        """Find the frames of the opened dataset and their rows, or take them as another run found them.

        Args:
            context: how long this run waits for it.

        Raises:
            DataError: the data cannot be read, or has values that cannot be segments.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        opened = self._opened
        assert opened is not None
        try:
            counted = self._counted or self._counting.get(
                lambda unwanted: self._count_for_all(opened, replace(context, cancel=unwanted)),
                context,
            )
        except BackendError as error:
            opened.confirm()
            raise data_error(error, opened.label) from None
        opened.confirm()
        with self._lock:
            queries, self._uncharged = self._uncharged, 0  # to the first run that has them
        return replace(counted, queries=queries)

    def _open_for_all(self, context: QueryContext) -> Opened:
        if self._opened is not None:
            return self._opened
        opened = (
            self._open_once(context)
            if _gives_once(self._spec)
            else again(lambda: self._open(context), context.check)
        )
        source = opened.source
        refuse_missing(source.schema, opened.left_out, self.participants.required)
        with self._lock:
            if self._opened is None:  # else one whom nobody waited for any more was opened all the same
                shares = self._spec.fuse and _can_share(source)
                self.shared.begin(source if shares else None, self.participants.runs)
                self._opened = opened
            return self._opened

    def _open_once(self, context: QueryContext) -> Opened:
        """Open data that cannot be read again: when the server is lost, what it read so far is."""
        try:
            return self._open(context)
        except BackendLost as lost:
            told = BackendLost(
                f"{lost.detail}; the data gives its rows once, so it could not be read again: make a new "
                "stream, or give a table, and run it again"
            )
            told.by_this_query = lost.by_this_query
            raise told from None

    def _count_for_all(self, opened: Opened, context: QueryContext) -> Counted:
        if self._counted is not None:
            return self._counted
        counted = count_frames(opened, self.shared, context)
        with self._lock:
            self._counted, self._uncharged = counted, counted.queries
        self._services.usage.add(self._spec.tenant, Amounts(queries=counted.queries))
        return counted

    def _open(self, context: QueryContext) -> Opened:
        with contextlib.ExitStack() as trial:
            server, roots = self.turn.server, self._services.roots
            opener = DatasetOpener(
                self._spec,
                server,
                roots,
                trial,
                context,
                takers=self.participants.takers,
                tell=self.participants.tell_fetched,
            )
            opened = opener.open()
            self._resources.keep(trial)
        queries, source = self._services.limiters.queries, opened.source
        session = admit(source.session, queries, self._spec.tenant, self._together, opened.answer_counts.note)

        def admitted(one: FrameSource) -> FrameSource:
            return replace(one, session=session, account=self._account, on_disturbed=session.note_disturbed)

        baseline = None if opened.baseline is None else admitted(opened.baseline)
        return replace(opened, source=admitted(source), baseline=baseline)


def _gives_once(spec: RunSpec) -> bool:
    """Whether any of a run's data can be read one time only."""
    other = None if spec.baseline is None else spec.baseline.dataset
    return any(isinstance(one.source, RowStream) for one in (spec.dataset, other) if one is not None)


def _can_share(source: FrameSource) -> bool:
    """Whether frames of a dataset may share queries: there are some, told apart by keys, and not too many."""
    return source.splits and has_exact_keys(source.plan) and len(frame_keys(source.plan)) <= _MAX_KEYS
