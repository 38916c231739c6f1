"""A dataset as one run has it, or as several runs have it together: opened once, counted once.

The first run that comes opens it, the last one that leaves releases it. Runs that share it take one turn,
and are one run to the slots of queries that are asked for all of them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from engine.errors import BackendError, BackendLost
from engine.frames import frame_keys, has_exact_keys
from engine.runs.admitted import AdmittedSession, AdmittedSqlSession, admit
from engine.runs.job import Job
from engine.runs.opening import Opened, data_error, open_dataset
from engine.runs.schedule import TRIES
from engine.runs.servers import Server
from engine.runs.services import Services
from engine.sharing.counting import Counted, count_apart
from engine.sharing.once import Patience
from engine.sharing.queries import Source
from engine.sharing.sharing import Sharing
from engine.snowsharing import SqlSharing

_T = TypeVar("_T")
_TICK_SECONDS: Final = 0.1
# Columns that tell frames apart; each Boolean expression of a segment is one.
_MAX_KEYS: Final = 40


class SharedDataset:
    """The dataset of some runs. Thread-safe."""

    def __init__(self, services: Services, job: Job) -> None:
        """Open nothing yet.

        Args:
            services: of the engine.
            job: of any of the runs; they differ in their metric only.
        """
        self._services = services
        self._job = job
        self._runs: set[object] = set()
        self._inside = 0
        self._turn = threading.Lock()
        self._opening = threading.Lock()
        self._opened: Opened | None = None
        self._counted: Counted | None = None
        self._stack = contextlib.ExitStack()
        self._turns = contextlib.ExitStack()
        self._server: Server | None = None
        self._session: AdmittedSession | None = None
        self.sharing: Sharing | SqlSharing | None = None

    def enter(self, run: object) -> None:
        """A run will use it."""
        self._runs.add(run)

    def leave(self, run: object) -> None:
        """A run uses it no more; the last one releases it. May be called twice."""
        with self._opening:
            if run not in self._runs:
                return
            self._runs.discard(run)
            if self.sharing is not None:
                self.sharing.leave(run)
            if not self._runs:
                self._stack.close()

    @property
    def server(self) -> Server:
        """What reads it; for runs that have their turn."""
        assert self._server is not None
        return self._server

    @property
    def spark_sharing(self) -> Sharing | None:
        """What runs with PySpark's frames share, if they do."""
        return self.sharing if isinstance(self.sharing, Sharing) else None

    @property
    def sql_sharing(self) -> SqlSharing | None:
        """What runs with Snowpark's frames share, if they do."""
        return self.sharing if isinstance(self.sharing, SqlSharing) else None

    def session_of(self, run: object) -> AdmittedSession:
        """Where a run asks for itself; for runs that have opened it."""
        assert self._session is not None
        return self._session.of_run(run)

    @contextlib.contextmanager
    def turn(self, check: Callable[[], None], on_wait: Callable[[], None]) -> Iterator[None]:
        """Wait for a turn, which runs that share a dataset take together.

        Args:
            check: called now and then; what it raises ends the waiting.
            on_wait: called if there is none at once.
        """
        while not self._turn.acquire(timeout=_TICK_SECONDS):
            on_wait()
            check()
        try:
            if not self._inside:
                self._begin_turn(check, on_wait)
            self._inside += 1
        finally:
            self._turn.release()
        try:
            yield
        finally:
            with self._turn:
                self._inside -= 1
                if not self._inside:
                    self._turns.close()

    def _begin_turn(self, check: Callable[[], None], on_wait: Callable[[], None]) -> None:
        runs, servers, tenant = self._services.gates.runs, self._services.servers, self._job.tenant
        with contextlib.ExitStack() as stack:
            stack.callback(runs.leave, runs.enter(tenant, self, check, on_wait))
            self._server = servers.take(tenant)
            stack.callback(servers.give_back, tenant)
            self._turns = stack.pop_all()

    def open(self, check: Callable[[], None]) -> Opened:
        """Open it, or take it as another run opened it; again if the server was restarted meanwhile.

        Args:
            check: called before each try; what it raises ends them.

        Raises:
            UsageError, DataError, BackendError, BackendLost, Interrupted: as `open_dataset`.
        """
        with self._opening:
            if self._opened is None:
                self._opened = again(self._open, check)
                source = self._opened.source
                if self._job.fuse and _can_share(source):
                    session = source.session
                    if isinstance(session, AdmittedSqlSession):
                        self.sharing = SqlSharing(source, session)
                    else:
                        self.sharing = Sharing(source)
                    for run in self._runs:
                        self.sharing.expect(run)
            return self._opened

    def count(self, patience: Patience, check: Callable[[], None]) -> Counted:
        """Find the frames of the opened dataset and their rows, or take them as another run found them.

        Args:
            patience: how long it may take.
            check: called before each try; what it raises ends them.

        Raises:
            DataError: the data cannot be read, or has values that cannot be segments.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        opened = self._opened
        assert opened is not None
        try:
            if self.sharing is not None:
                sharing = self.sharing
                return again(lambda: sharing.count(patience), check)
            with self._opening:
                if self._counted is not None:
                    return Counted(self._counted.frames, None, 0)
                self._counted = again(lambda: count_apart(opened.source, patience), check)
                return self._counted
        except BackendError as error:
            raise data_error(error, opened.label) from None

    def _open(self) -> Opened:
        with contextlib.ExitStack() as trial:
            server, roots = self.server, self._services.roots
            opened = open_dataset(self._job, server.backend, server.spool, roots, trial)
            self._stack.push(trial.pop_all())
        queries, source = self._services.gates.queries, opened.source
        self._session = admit(source.session, queries, self._job.tenant, self)
        return replace(opened, source=replace(source, session=self._session))


def _can_share(source: Source) -> bool:
    """Whether frames of a dataset may share queries: there are some, told apart by keys, and not too many."""
    return source.splits and has_exact_keys(source.plan) and len(frame_keys(source.plan)) <= _MAX_KEYS


def again(step: Callable[[], _T], check: Callable[[], None]) -> _T:
    """Do something once more if the server was restarted meanwhile, because of another run perhaps."""
    for _ in range(TRIES - 1):
        check()
        with contextlib.suppress(BackendLost):
            return step()
    check()
    return step()
