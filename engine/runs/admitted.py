"""The crew and the session of a run, as they wait for the engine's slots."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Hashable, Iterator

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession, Derived, Note, Settings
from engine.backends.sql import Rows, SqlSession, Writing
from engine.backends.sql_session import DirectSqlSession
from engine.backends.turns import PATIENT_SECONDS
from engine.context import QueryContext
from engine.errors import Interrupted, LimitExceeded
from engine.gateway.answering import FrameCall
from engine.gateway.gateway import Gateway
from engine.pool.pool import WorkerPool
from engine.runs.conclude import Cancelled, Ended
from engine.runs.crew import Crew
from engine.runs.gates import Gate, Gates
from engine.runs.guest import Guest
from sandbox.contract.messages import Described, Problem


class AdmittedCrew(Crew):
    """The workers of one run; compiling and each call of calc_metric wait for a slot."""

    def __init__(self, pool: WorkerPool, guest: Guest, gates: Gates, tenant: str) -> None:
        super().__init__(pool, guest)
        self._gates = gates
        self._tenant = tenant

    def enlist(self) -> tuple[Problem, ...]:
        """Fork the first worker and let it compile the source; see `Crew.enlist`."""
        with self._gates.compiling.slot(self._tenant, self, self._refuse_cancelled):
            return super().enlist()

    def _call(self, gateway: Gateway, call: FrameCall) -> Ended:
        calls = self._gates.calls
        try:
            if call.index == 0:  # goes with the turn: what metrics ask first is answered for all together
                ticket = calls.take(self._tenant, self)
            else:
                ticket = calls.enter(self._tenant, self, self._refuse_stopped)
        except Interrupted:
            return Ended(Cancelled())
        except LimitExceeded as limit:
            return Ended(limit)
        try:
            return super()._call(gateway, call)
        finally:
            calls.leave(ticket)

    def _refuse_stopped(self) -> None:
        self._refuse_cancelled()
        if self.context.deadline.passed:
            wall = self._guest.limits.wall_seconds
            raise LimitExceeded("wall_seconds", wall, wall)

    def _refuse_cancelled(self) -> None:
        if self.cancelled.is_set():
            raise Interrupted("cancelled")


class _Waits:
    """How often queries of a session waited long for their slots. Thread-safe."""

    def __init__(self) -> None:
        self.long = 0
        self._lock = threading.Lock()

    def note(self, seconds: float) -> None:
        """One of them waited."""
        with self._lock:
            self.long += seconds > PATIENT_SECONDS


class AdmittedSession(Derived):
    """A session whose queries wait for a slot each; see `BackendSession`."""

    def __init__(
        self,
        session: BackendSession,
        gate: Gate,
        tenant: str,
        run: Hashable,
        waits: _Waits | None = None,
    ) -> None:
        """Wrap a session.

        Args:
            session: what the queries go to.
            gate: gives their slots.
            tenant: whose they are.
            run: of which run.
            waits: those of the same session elsewhere.
        """
        super().__init__(session)
        self._gate = gate
        self._tenant = tenant
        self._run = run
        self._waits = waits or _Waits()

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        with self._slot(context):
            yield from self._session.execute(plan, context)

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        context: QueryContext,
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        with self._slot(context):
            return self._session.analyze(request, context)

    @property
    def disturbed(self) -> int:
        """How often its queries lost time through others; see `BackendSession.disturbed`."""
        return self._session.disturbed + self._waits.long

    def note_disturbed(self) -> None:
        """Its calls lost time in another way through others."""
        self._waits.note(math.inf)

    def of_run(self, run: Hashable) -> AdmittedSession:
        """The same session, for the queries of one of the runs that share a dataset."""
        return AdmittedSession(self._session, self._gate, self._tenant, run, self._waits)

    def apart(self) -> AdmittedSession:
        """The same session for a query that was lost before; see `BackendSession.apart`."""
        return AdmittedSession(self._session.apart(), self._gate, self._tenant, self._run, self._waits)

    def unordered(self) -> AdmittedSession:
        """The same session for rows in any order; see `BackendSession.unordered`."""
        return AdmittedSession(self._session.unordered(), self._gate, self._tenant, self._run, self._waits)

    def told(self, note: Note) -> AdmittedSession:
        """The same session, which tells by whom it is answered; see `BackendSession.told`."""
        return AdmittedSession(self._session.told(note), self._gate, self._tenant, self._run, self._waits)

    def under(self, settings: Settings) -> AdmittedSession:
        """A session with further settings; see `BackendSession.under`."""
        session = self._session.under(settings)
        return AdmittedSession(session, self._gate, self._tenant, self._run, self._waits)

    def close(self) -> None:
        """Release the session on the backend. Never raises."""
        self._session.close()

    @contextlib.contextmanager
    def _slot(self, context: QueryContext) -> Iterator[None]:
        """Hold a slot. To wait long for one is no fault of the frame: it counts as a disturbance."""
        came = time.monotonic()
        try:
            ticket = self._gate.enter(self._tenant, self._run, context.check)
        finally:
            self._waits.note(time.monotonic() - came)
        try:
            yield
        finally:
            self._gate.leave(ticket)


class AdmittedSqlSession(AdmittedSession):
    """The same for a backend that speaks SQL; see `SqlSession`."""

    def __init__(
        self, session: SqlSession, gate: Gate, tenant: str, run: Hashable, waits: _Waits | None = None
    ) -> None:
        super().__init__(session, gate, tenant, run, waits)
        self._sql = session

    @property
    def writer(self) -> Writing:
        """Writes what is to be run."""
        return self._sql.writer

    def run(self, text: str, context: QueryContext) -> Iterator[Described | Rows]:
        """Run a guest's query; see `SqlSession.run`."""
        with self._slot(context):
            yield from self._sql.run(text, context)

    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of a guest's query; see `SqlSession.describe`."""
        with self._slot(context):
            return self._sql.describe(text, context)

    def of_run(self, run: Hashable) -> AdmittedSqlSession:
        """See `AdmittedSession.of_run`."""
        return AdmittedSqlSession(self._sql, self._gate, self._tenant, run, self._waits)

    def apart(self) -> AdmittedSqlSession:
        """See `AdmittedSession.apart`."""
        return AdmittedSqlSession(self._sql.apart(), self._gate, self._tenant, self._run, self._waits)

    def unordered(self) -> AdmittedSqlSession:
        """See `AdmittedSession.unordered`."""
        return AdmittedSqlSession(self._sql.unordered(), self._gate, self._tenant, self._run, self._waits)

    def told(self, note: Note) -> AdmittedSqlSession:
        """See `AdmittedSession.told`."""
        return AdmittedSqlSession(self._sql.told(note), self._gate, self._tenant, self._run, self._waits)


def admit(session: BackendSession, gate: Gate, tenant: str, run: Hashable) -> AdmittedSession:
    """Let a session's queries wait for a slot each; arguments as of `AdmittedSession`."""
    if isinstance(session, DirectSqlSession):
        return AdmittedSqlSession(session, gate, tenant, run)
    return AdmittedSession(session, gate, tenant, run)
