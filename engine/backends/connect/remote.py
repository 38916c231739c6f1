"""Spark Connect servers that are not ours: an endpoint by its address, and the caller's own session.

Neither is started, ended or confined here. An endpoint's sessions are ours: they get time zone UTC and
ANSI mode. The caller's session stays as the caller set it up, time zone and ANSI mode included: changing
them would change what the caller's other queries mean. It is not released either.
"""

from __future__ import annotations

import os
import threading
import uuid
from typing import Any, Final

import grpc
from pyspark.errors import PySparkException

from engine.backends.base import MOST_START_SECONDS, StartsWhole, refuse_fork
from engine.backends.connect.endpoint import PlainEndpoint
from engine.backends.connect.handle import KnownSession
from engine.backends.connect.rpc import CHANNEL_OPTIONS, Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.connect.session_settings import SESSION_SETTINGS
from engine.backends.connect.unreachable import ServerAddress, explain_silence
from engine.context import UNBOUNDED, QueryContext
from engine.effort import Grace
from engine.errors import BackendStartError, EngineClosed, UsageError
from engine.models.backends import CONNECT, CONNECT_SCHEME
from engine.threads import SingleFlight

_REACH_SECONDS: Final = 5.0


class Unowned(PlainEndpoint, StartsWhole):
    """What both have in common."""

    capabilities = CONNECT
    interrupts = True

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._closed = False

    def wait_idle(self, connection: Connection, grace: Grace) -> bool:
        """There is no looking into somebody else's server; see `Endpoint`."""
        del connection, grace
        return True

    def _check_usable(self) -> None:
        refuse_fork(self._pid)
        if self._closed:
            raise EngineClosed("this backend is closed; make a new engine")


class Remote(Unowned):
    """A Spark Connect endpoint.

    Args:
        address: as PySpark takes it: "sc://host:port/;token=...;use_ssl=true".

    Raises:
        UsageError: the address makes no sense.
    """

    configuration = SESSION_SETTINGS

    def __init__(self, address: str) -> None:
        super().__init__()
        from pyspark.sql.connect.client.core import DefaultChannelBuilder  # imports pandas: half a second

        try:
            self._builder = DefaultChannelBuilder(address, list(CHANNEL_OPTIONS))
        except (PySparkException, ValueError) as error:
            raise UsageError(f"the backend's address is not one of Spark Connect: {error}") from None
        self.name = self.address = f"{CONNECT_SCHEME}{self._builder.endpoint}"  # without the token
        self._lock = threading.Lock()
        self._reaching: SingleFlight[Connection] = SingleFlight(
            "calcmetric-reach", lingers=MOST_START_SECONDS
        )
        self._connection: Connection | None = None

    def start(self) -> None:
        """Reach the endpoint; see `Backend.start`."""
        self.connection()

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session; see `Backend.open_session`."""
        self.connection()
        return ConnectSession(self, tenant=tenant)

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """The connection, made and tried at the first use; see `Endpoint`."""
        self._check_usable()
        return self._connection or self._reaching.get(lambda _: self._reach_and_keep(), context)

    def close(self) -> None:
        """Close the channel; see `Backend.close`."""
        with self._lock:
            self._closed = True
            connection = self._connection
        if connection is not None and os.getpid() == self._pid:
            connection.close()

    def _reach_and_keep(self) -> Connection:
        """Reach the endpoint, unless another thread has just done that."""
        if self._connection is not None:
            return self._connection
        connection = self._reach()
        with self._lock:
            if self._connection is None and not self._closed:
                self._connection = connection
        if self._connection is not connection:
            connection.close()
        self._check_usable()
        assert self._connection is not None
        return self._connection

    def _reach(self) -> Connection:
        connection = Connection(
            self._builder.toChannel(),
            user_id=self._builder.userId or os.environ.get("USER", "calcmetric"),
            metadata=tuple(self._builder.metadata()),
            client_type=self._builder.userAgent,
            lasting=True,
        )
        session_id = str(uuid.uuid4())
        try:
            connection.server_version(session_id, _REACH_SECONDS)
        except grpc.RpcError as error:
            connection.close()
            why = explain_silence(self._server_address(), error)
            failure = BackendStartError(f"the backend {self.name} does not answer: {why}")
            failure.detail = str(error)
            raise failure from None
        connection.release(session_id)
        return connection

    def _server_address(self) -> ServerAddress:
        url, token = self._builder.url, self._builder.token is not None
        tls = self._builder.use_ssl or (token and url.hostname != "localhost")
        return ServerAddress(url.hostname or "", self._builder._port, tls=tls, token=token)


class CallerSession(Unowned):
    """The caller's own Spark Connect session, as `df.sparkSession` gives it.

    Queries run in that session, so that the DataFrame's plan means there what it means to the caller.

    Args:
        session: a `pyspark.sql.connect.session.SparkSession`.

    Raises:
        UsageError: the object is not a Spark Connect session.
    """

    name = "caller"

    def __init__(self, session: Any) -> None:
        super().__init__()
        client = getattr(session, "client", None)
        if client is None or not hasattr(client, "_builder"):
            raise UsageError(
                "a DataFrame of classic Spark cannot be used: make its session with "
                "SparkSession.builder.remote('sc://...'), or give the data by its path"
            )
        if client.is_closed:
            raise UsageError("the DataFrame's Spark session was stopped; make it from a running session")
        self.address = f"{CONNECT_SCHEME}{getattr(client._builder, 'endpoint', client._builder.host)}"
        self._session_id: str = client._session_id
        # Another server would make a session of this id without the caller's settings.
        self._observed: str = client._server_session_id or ""
        self._connection = Connection(
            client._channel,
            user_id=client._user_id or "",
            metadata=tuple(client._builder.metadata()),
            client_type=client._builder.userAgent,
            owned=False,
            given_stub=client._stub,
        )

    def start(self) -> None:
        """See that the session answers; see `Backend.start`."""
        try:
            self.connection().server_version(self._session_id, _REACH_SECONDS)
        except (grpc.RpcError, ValueError) as error:
            failure = BackendStartError("the DataFrame's Spark session does not answer; was it stopped?")
            failure.detail = str(error)
            raise failure from None

    def open_session(self, tenant: str = "") -> ConnectSession:
        """The caller's session, again; see `Backend.open_session`."""
        self._check_usable()
        return ConnectSession(self, tenant=tenant, known=KnownSession(self._session_id, self._observed))

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """The caller still uses it; see `Endpoint`."""

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """The connection of the caller's own session, unless this backend is closed."""
        del context
        self._check_usable()
        return self._connection

    def close(self) -> None:
        """Leave the caller's session as it is; see `Backend.close`."""
        self._closed = True
