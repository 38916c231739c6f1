"""The session of a run, whose queries wait for the engine's slots."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.connect.turns import PATIENT_SECONDS
from engine.backends.sql import RowBatch, SqlSession, Writing
from engine.context import Note, QueryContext, RunId, Settings
from engine.runs.limiters import FairLimiter
from sandbox.contract.messages import Described


class AdmittedSession:
    """A session whose queries wait for a slot each; see `BackendSession`."""

    def __init__(
        self, session: BackendSession, limiter: FairLimiter, tenant: str, owner: RunId, note: Note
    ) -> None:
        """Wrap a session.

        Args:
            session: what the queries go to.
            limiter: gives their slots.
            tenant: the tenant whose slots they are.
            owner: stands for the runs together, where no single one asks.
            note: told of every answer by whom it was given.
        """
        self._session = session
        self._limiter = limiter
        self._tenant = tenant
        self._owner = owner
        self._note = note
        self._waited = 0
        self._lock = threading.Lock()

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        with self._slot(context):
            yield from self._session.execute(plan, context.told(self._note))

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        with self._slot(context):
            return self._session.analyze(request, context.told(self._note))

    @property
    def sql(self) -> SqlSession | None:
        """None: see `AdmittedSqlSession`."""
        return None

    @property
    def disturbed(self) -> int:
        """How often its queries lost time through others; see `BackendSession.disturbed`."""
        return self._session.disturbed + self._waited

    def note_disturbed(self) -> None:
        """Its calls lost time in another way through others, or for a slot."""
        with self._lock:
            self._waited += 1

    def refuse_settings(self, settings: Settings) -> None:
        """See `BackendSession.refuse_settings`."""
        self._session.refuse_settings(settings)

    def close(self) -> None:
        """Release the session on the backend. Never raises."""
        self._session.close()

    @contextlib.contextmanager
    def _slot(self, context: QueryContext) -> Iterator[None]:
        """Hold a slot. To wait long for one is no fault of the frame: it counts as a disturbance."""
        came = time.monotonic()
        try:
            run = self._owner if context.run is None else context.run
            ticket = self._limiter.acquire(self._tenant, run, context.check)
        finally:
            if time.monotonic() - came > PATIENT_SECONDS:
                self.note_disturbed()
        try:
            yield
        finally:
            self._limiter.release(ticket)


class AdmittedSqlSession(AdmittedSession):
    """The same for a backend that speaks SQL; see `SqlSession`."""

    def __init__(
        self, session: SqlSession, limiter: FairLimiter, tenant: str, owner: RunId, note: Note
    ) -> None:
        super().__init__(session, limiter, tenant, owner, note)
        self._sql = session

    @property
    def sql(self) -> AdmittedSqlSession:
        """Itself; see `BackendSession.sql`."""
        return self

    @property
    def writer(self) -> Writing:
        """Writes what is to be run."""
        return self._sql.writer

    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        """Run a guest's query; see `SqlSession.run`."""
        with self._slot(context):
            yield from self._sql.run(text, context)

    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of a guest's query; see `SqlSession.describe`."""
        with self._slot(context):
            return self._sql.describe(text, context)


def admit(
    session: BackendSession, limiter: FairLimiter, tenant: str, owner: RunId, note: Note
) -> AdmittedSession:
    """Let a session's queries wait for a slot each; arguments as of `AdmittedSession`."""
    if session.sql is not None:
        return AdmittedSqlSession(session.sql, limiter, tenant, owner, note)
    return AdmittedSession(session, limiter, tenant, owner, note)
