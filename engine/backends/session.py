"""A session on a Spark Connect server, and the stopping of its queries.

A query's responses are pumped by a thread of its own into a short queue, so that the asking thread can
look at its deadline and its cancel event every few milliseconds, without a watchdog. Stopping goes by
steps: Interrupt with the call left open (cancelling the call leaves Spark computing), a grace of two
seconds, then the endpoint ends the server. Whoever cancels does not wait for that: a thread of its own
stops the query, and the session is released after the last one. Rejected: polling gRPC's iterator, which
has no timeout.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Protocol

import grpc
import pyspark.sql.connect.proto as pb

from engine.backends.failures import decode_failure
from engine.backends.rpc import Connection
from engine.errors import BackendLost, EngineClosed, Interrupted

GRACE_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02
_QUEUED_RESPONSES: Final = 4  # of up to 4 MiB each
_INTERRUPT_SECONDS: Final = 0.4

Reason = Literal["deadline", "cancelled"]


class Endpoint(Protocol):
    """What a session needs of its backend."""

    interrupts: bool
    configuration: tuple[tuple[str, str], ...]

    def connection(self) -> Connection:
        """The connection to use now; starts the server if it is not running."""
        ...

    def note_broken(self, connection: Connection) -> None:
        """A call on `connection` found the server unreachable."""
        ...

    def wait_idle(self, connection: Connection, since: float, until: float) -> bool:
        """Whether an interrupted query's tasks have ended, waiting until `until` (monotonic)."""
        ...

    def end_server(self, connection: Connection) -> None:
        """End the server behind `connection`, if it is ours; the next use starts another."""
        ...

    def retire(self, connection: Connection, session_id: str, *, clean: bool) -> None:
        """Release a closed session, or keep it for another; `clean`: nothing of it was stopped."""
        ...


class FixedEndpoint:
    """The endpoint of one connection, come what may: what asks on it never starts or ends a server."""

    interrupts = False
    configuration: tuple[tuple[str, str], ...] = ()

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection(self) -> Connection:
        """That connection."""
        return self._connection

    def note_broken(self, connection: Connection) -> None:
        """Somebody else's business."""

    def wait_idle(self, connection: Connection, since: float, until: float) -> bool:
        """Never asked, as nothing is interrupted here."""
        del connection, since, until
        return False

    def end_server(self, connection: Connection) -> None:
        """Somebody else's business."""

    def retire(self, connection: Connection, session_id: str, *, clean: bool) -> None:
        """Release it."""
        del clean
        connection.release(session_id)


class _End:
    """The last item of a pumped call: how it ended."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


class ConnectSession:
    """One session; see `BackendSession`. It outlives a restart of its server."""

    def __init__(
        self, endpoint: Endpoint, session_id: str | None = None, prepared: Connection | None = None
    ) -> None:
        """Open a session.

        Args:
            endpoint: its backend.
            session_id: of a session that the server may know already.
            prepared: the connection on which that one was configured.
        """
        self._endpoint = endpoint
        self.id = session_id or str(uuid.uuid4())
        self._lock = threading.Lock()
        self._prepared = prepared
        self._closed = False
        self._stopping = 0
        self._clean = True

    def execute(
        self, plan: pb.Plan, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        _refuse_due(deadline, cancel)
        connection = self._prepare()
        operation = str(uuid.uuid4())
        with self._translated(connection):
            call = connection.execute(self.id, operation, plan)
        responses: queue.Queue[Any] = queue.Queue(_QUEUED_RESPONSES)
        threading.Thread(target=_pump, args=(call, responses), name="calcmetric-query", daemon=True).start()
        ended = False
        try:
            while True:
                try:
                    item = responses.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    item = None
                if isinstance(item, _End):
                    ended = True
                    with self._translated(connection):
                        _raise_end(item)
                    return
                if reason := _due(deadline, cancel):
                    if reason == "deadline":
                        ended = True
                        self._stop(connection, operation, call, responses)
                    raise Interrupted(reason)
                if item is not None:
                    yield item
        finally:
            if not ended:  # nobody waits for the answer any more, nor for the query's end
                self._aside(lambda: self._stop(connection, operation, call, responses))

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        *,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        _refuse_due(deadline, cancel)
        connection = self._prepare()
        with self._translated(connection):
            call = connection.analyze(self.id, request)
            until = None if deadline is None else deadline + GRACE_SECONDS
            reason = _wait(call, until, cancel)
            if reason == "cancelled":
                self._aside(lambda: self._outlast(connection, call))
                raise Interrupted(reason)
            if reason == "deadline":
                self._give_up(connection, call)
                raise Interrupted(reason)
            response: pb.AnalyzePlanResponse = call.result()
        _refuse_due(deadline, cancel)
        return response

    def close(self) -> None:
        """Release the session on the backend, once nothing has to be stopped. Never raises."""
        with self._lock:
            self._closed = True
            stopping = self._stopping > 0
        if not stopping:
            self._release()

    def _release(self) -> None:
        with self._lock:
            prepared, self._prepared = self._prepared, None
        if prepared is not None and not prepared.closed:
            self._endpoint.retire(prepared, self.id, clean=self._clean)

    def _aside(self, stop: Callable[[], None]) -> None:
        """Stop something while nobody waits; the last one releases a session that was closed meanwhile."""

        def run() -> None:
            try:
                stop()
            finally:
                with self._lock:
                    self._stopping -= 1
                    last = self._closed and self._stopping == 0
                if last:
                    self._release()

        with self._lock:
            self._stopping += 1
            self._clean = False
        threading.Thread(target=run, name="calcmetric-stop", daemon=True).start()

    def _outlast(self, connection: Connection, call: Any) -> None:
        """Let an analysis end, for a while: no server can interrupt one, as it has no operation id."""
        if _wait(call, time.monotonic() + GRACE_SECONDS, None):
            self._give_up(connection, call)

    def _give_up(self, connection: Connection, call: Any) -> None:
        self._clean = False
        self._endpoint.end_server(connection)
        call.cancel()

    def _prepare(self) -> Connection:
        """The connection to use, with this session's configuration set on its server."""
        connection = self._endpoint.connection()
        with self._lock:
            if self._closed:
                raise EngineClosed("this session is closed; open another")
            if self._prepared is not connection:
                if self._endpoint.configuration:
                    with self._translated(connection):
                        connection.set_config(self.id, self._endpoint.configuration)
                self._prepared = connection
        return connection

    @contextlib.contextmanager
    def _translated(self, connection: Connection) -> Iterator[None]:
        """Raise our errors for gRPC's."""
        try:
            yield
        except grpc.RpcError as error:
            failure = decode_failure(error, connection.error_details(self.id))
            if connection.closed and not isinstance(failure, BackendLost):
                failure = BackendLost(failure.detail)
            if isinstance(failure, BackendLost):
                self._endpoint.note_broken(connection)
                with self._lock:  # a remote server that lost the session needs its configuration again
                    self._prepared = None
            raise failure from None
        except ValueError as error:  # gRPC's word for a channel that was closed meanwhile
            if not connection.closed:
                raise
            raise BackendLost(str(error)) from None

    def _stop(self, connection: Connection, operation: str, call: Any, responses: queue.Queue[Any]) -> None:
        """Stop a query for good: interrupt it, or else end the server. Never raises."""
        self._clean = False
        since = time.monotonic()
        until = since + GRACE_SECONDS
        stopped = False
        if self._endpoint.interrupts and not connection.closed:
            with contextlib.suppress(grpc.RpcError, ValueError):
                ended = False
                while not ended and (now := time.monotonic()) < until:  # again: it may not have begun yet
                    connection.interrupt(self.id, operation, until - now)
                    ended = _drain(responses, min(until, now + _INTERRUPT_SECONDS))
                stopped = ended and self._endpoint.wait_idle(connection, since, until)
        if not stopped:
            self._endpoint.end_server(connection)
            call.cancel()
            _drain(responses, time.monotonic() + GRACE_SECONDS)


def _pump(call: Any, responses: queue.Queue[Any]) -> None:
    """Move responses into the queue; the last item is an `_End`."""
    try:
        for response in call:
            responses.put(response)
    except (grpc.RpcError, ValueError) as error:
        responses.put(_End(error))
    else:
        responses.put(_End(None))


def _drain(responses: queue.Queue[Any], until: float) -> bool:
    """Throw responses away up to the end; False if it did not come in time."""
    while (left := until - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            if isinstance(responses.get(timeout=left), _End):
                return True
    return False


def _raise_end(end: _End) -> None:
    if end.error is not None:
        raise end.error


def _wait(call: Any, until: float | None, cancel: threading.Event | None) -> Reason | None:
    """Wait for a call's end; why it is not waited for any longer, or None once it has ended."""
    over = threading.Event()
    call.add_done_callback(lambda _: over.set())
    while not over.wait(_POLL_SECONDS):
        if reason := _due(until, cancel):
            return reason
    return None


def _due(deadline: float | None, cancel: threading.Event | None) -> Reason | None:
    if cancel is not None and cancel.is_set():
        return "cancelled"
    return "deadline" if deadline is not None and time.monotonic() >= deadline else None


def _refuse_due(deadline: float | None, cancel: threading.Event | None) -> None:
    if reason := _due(deadline, cancel):
        raise Interrupted(reason)
