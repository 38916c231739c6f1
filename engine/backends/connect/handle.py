"""A session as its server knows it: set up at its first use, and again where the server lost it.

The lock is never held while a server is asked: one that hangs would hold up whoever finds the server lost,
and whoever wants to leave. Setting the configuration is done once for all that wait (`SingleFlight`).
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import grpc

from engine.backends.connect.endpoint import Owner
from engine.backends.connect.failures import decode_failure, forgot_session, is_ending, where_ended
from engine.backends.connect.rpc import Connection
from engine.backends.connect.suspect_queue import QueryTurn
from engine.backends.connect.turns import PATIENT_SECONDS
from engine.context import QueryContext, Settings
from engine.errors import BackendLost, EngineClosed
from engine.threads import SingleFlight

# How gRPC begins what it says of a channel that was closed before a call.
_CLOSED: Final = "Cannot invoke RPC"


@dataclass(frozen=True, slots=True)
class ConfiguredSession:
    """A session as a server knows it, with its configuration.

    Attributes:
        connection: to the server.
        session_id: of the session.
        observed: as `Connection.set_config` returned it.
    """

    connection: Connection
    session_id: str
    observed: str = ""


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session that a server may know already.

    Attributes:
        session_id: of the session.
        observed: what the server called it.
        connection: on which it was configured; None: it has to be, if it is to have a configuration.
    """

    session_id: str
    observed: str = ""
    connection: Connection | None = None


class SessionHandle:
    """One session on the server that its endpoint has now. Thread-safe."""

    def __init__(self, owner: Owner, settings: Settings = (), known: KnownSession | None = None) -> None:
        """Nothing is asked yet.

        Args:
            owner: on which endpoint, and for whom.
            settings: of this session alone, beyond those of the endpoint. It is never kept for another run.
            known: a session to go on with.
        """
        self._owner = owner
        self._endpoint = owner.endpoint
        self._settings = settings
        self._configuration = (*owner.endpoint.configuration, *settings)
        self._id = str(uuid.uuid4()) if known is None else known.session_id
        self._observed = "" if known is None else known.observed
        self._ready: ConfiguredSession | None = None
        if known is not None and known.connection is not None:
            self._ready = ConfiguredSession(known.connection, self._id, self._observed)
        self._configuring: SingleFlight[ConfiguredSession] = SingleFlight("calcmetric-configure")
        self._lock = threading.Lock()
        self._closed = False

    def ready(self, turn: QueryTurn, context: QueryContext) -> ConfiguredSession:
        """The session, configured on a server that runs; the turn of the query begins there."""
        began = time.monotonic()
        connection = self._endpoint.connection(context)
        self._owner.record.disturbed += time.monotonic() - began > PATIENT_SECONDS
        self._endpoint.turns.begin(turn, connection)
        with self._lock:
            if self._closed:
                raise EngineClosed("this session is closed; open another")
            ready = self._ready
            if ready is not None and ready.connection is connection:
                return ready
            if not self._configuration:
                ready = self._ready = ConfiguredSession(connection, self._id, self._observed)
                return ready
        return self._configuring.get(lambda _: self._configure(connection), context)

    @contextlib.contextmanager
    def translated(self, ready: ConfiguredSession) -> Iterator[None]:
        """Raise our errors for gRPC's; a server that is found lost is told to the endpoint."""
        connection = ready.connection
        try:
            yield
        except grpc.RpcError as error:
            failure = decode_failure(error, connection.error_details(ready.session_id))
            if connection.closed and not isinstance(failure, BackendLost):
                failure = BackendLost(failure.detail)
            if isinstance(failure, BackendLost):
                if is_ending(failure) and not connection.closed:  # all its queries hear it; one is enough
                    self._endpoint.end_server(connection, f"it shuts down by itself: {where_ended(failure)}")
                self._endpoint.note_broken(connection)
                self._forget(ready, forgotten=forgot_session(failure))
            raise failure from None
        except ValueError as error:  # a channel that was closed meanwhile, by us or by whose session it is
            if not connection.closed and not str(error).startswith(_CLOSED):
                raise
            raise BackendLost(str(error)) from None

    def close(self) -> None:
        """From now on `ready` raises `EngineClosed`; what was asked goes on."""
        with self._lock:
            self._closed = True

    def release(self, *, clean: bool) -> None:
        """Give the session back to its endpoint, if it is set up on a server that runs.

        Args:
            clean: whether nothing that was asked in it was stopped.
        """
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is None or ready.connection.closed:
            return
        if self._settings:  # whoever comes next must not find them
            ready.connection.release(ready.session_id)
            return
        self._endpoint.retire(ready.connection, ready.session_id, tenant=self._owner.tenant, clean=clean)

    def _configure(self, connection: Connection) -> ConfiguredSession:
        """Set the configuration on the server; done by one thread for all that wait for it."""
        ready = ConfiguredSession(connection, self._id)
        with self.translated(ready):
            observed = connection.set_config(ready.session_id, self._configuration)
        ready = replace(ready, observed=observed)
        with self._lock:
            self._ready = ready
        return ready

    def _forget(self, ready: ConfiguredSession, *, forgotten: bool) -> None:
        """The server behind a session was lost, or has `forgotten` the session: configure it again."""
        with self._lock:
            if self._ready is not None and self._ready is not ready:
                return  # it was done by another query that met the same
            self._ready = None
            if forgotten and self._configuration:
                self._id = str(uuid.uuid4())  # one that was closed is never opened again
