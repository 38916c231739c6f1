"""A session of a run on Spark Connect: on which server a query is asked, and under which settings."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyspark.sql.connect.proto as pb

from engine.backends.connect.endpoint import Endpoint, Owner
from engine.backends.connect.handle import KnownSession
from engine.backends.connect.server_session import Moved, ServerSession
from engine.backends.connect.suspect_queue import QueryTurn, Record
from engine.context import QueryContext, Settings
from engine.errors import EngineClosed, PlanRefused


class ConnectSession:
    """One session; see `BackendSession`. It outlives a restart of its server, and a move to another.

    What is asked under settings, or on another server, is asked in a session of its own there, which is
    opened when it is first needed and ends with this one.
    """

    sql = None

    def __init__(self, endpoint: Endpoint, *, tenant: str = "", known: KnownSession | None = None) -> None:
        """Open a session.

        Args:
            endpoint: its backend.
            tenant: whose it is.
            known: a session of the server to go on with.
        """
        self._endpoint = endpoint
        self._tenant = tenant
        self._record = Record()
        self._lock = threading.Lock()
        self._closed = False
        first = ServerSession(self._owner(endpoint), known=known)
        self._sessions: dict[tuple[Endpoint, Settings], ServerSession] = {(endpoint, ()): first}

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        turn = self._turn_of(context)
        while True:
            try:
                yield from self._session(context.settings).execute(plan, turn, context)
                return
            except Moved:
                turn = QueryTurn(self._record, crashes=turn.crashes)

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        turn = self._turn_of(context)
        while True:
            try:
                return self._session(context.settings).analyze(request, turn, context)
            except Moved:
                turn = QueryTurn(self._record, crashes=turn.crashes)

    @property
    def disturbed(self) -> int:
        """How often its queries lost time through others; see `BackendSession.disturbed`."""
        return self._record.disturbed

    @property
    def is_open(self) -> bool:
        """Whether it may still be asked, or something of it is still being stopped."""
        return not self._closed or any(session.is_stopping for session in self._opened())

    def refuse_settings(self, settings: Settings) -> None:
        """See that its server follows settings; see `BackendSession.refuse_settings`."""
        if settings and not self._endpoint.own_settings:
            keys = ", ".join(key for key, _ in settings)
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {keys} is refused: this data engine is not known to follow it",
                "write it into the expressions: F.from_utc_timestamp(column, zone), F.try_divide, try_cast",
            )

    def close(self) -> None:
        """Release the session on the backend, once nothing has to be stopped. Never raises."""
        with self._lock:
            self._closed = True
        for session in self._opened():
            session.close()

    def _session(self, settings: Settings) -> ServerSession:
        """The session in which the next query under these settings is asked; see `Endpoint.place_of`."""
        self.refuse_settings(settings)
        place = self._endpoint.place_of(self._tenant)
        with self._lock:
            session = self._sessions.get((place, settings))
            if session is not None:
                return session  # which says so if it is closed
            if self._closed:
                raise EngineClosed("this session is closed; open another")
            session = self._sessions[place, settings] = ServerSession(self._owner(place), settings)
            return session

    def _opened(self) -> list[ServerSession]:
        with self._lock:
            return list(self._sessions.values())

    def _owner(self, endpoint: Endpoint) -> Owner:
        return Owner(endpoint, self._tenant, self._record)

    def _turn_of(self, context: QueryContext) -> QueryTurn:
        """The turn of a query; one that was lost before is a suspect from the start."""
        return QueryTurn(self._record, crashes=int(context.isolated))
