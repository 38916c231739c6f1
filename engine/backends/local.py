"""A server process of our own on this machine: started when first needed, ended with the engine.

One generation of the server is a process with its connection. A generation that died, or that was ended
because a query would not stop, is replaced at the next use; sessions notice by the new connection and
set themselves up again. Subclasses say how to launch one.
"""

from __future__ import annotations

import abc
import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import grpc

from engine.backends.process import ServerProcess
from engine.backends.rpc import Connection
from engine.backends.session import ConnectSession
from engine.backends.turns import LocalTurns, Turns
from engine.backends.watch import Vigilance, Watch
from engine.errors import BackendStartError, EngineClosed, ForkedEngine

_ATTEMPTS: Final = 3
_POLL_SECONDS: Final = 0.01
_DYING_SECONDS: Final = 0.5
_PORT_TAKEN: Final = ("Address already in use", "BindException", "AddrInUse")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """A running server and the connection to it."""

    process: ServerProcess
    connection: Connection
    watch: Watch | None = None

    def end(self) -> None:
        """End both; calls in flight fail. Never raises."""
        if self.watch is not None:
            self.watch.stop()
        self.connection.closed = True  # first, so that they know why
        self.connection.close()
        self.process.end()


def refuse_fork(pid: int) -> None:
    """Raise `ForkedEngine` in any process but `pid`: gRPC's threads do not survive a fork."""
    if os.getpid() != pid:
        raise ForkedEngine(
            "the engine was made in another process and does not survive a fork; "
            "make one in this process, after the fork"
        )


class _Slot:
    """Holds the generation apart from the backend, so that a finalizer can end it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.generation: Generation | None = None

    def end(self) -> None:
        generation, self.generation = self.generation, None
        if generation is not None and os.getpid() == self.pid:
            generation.end()


class LocalServer(abc.ABC):
    """A backend that runs a server of its own. Thread-safe; see `Backend`."""

    name: str
    interrupts: bool
    configuration: tuple[tuple[str, str], ...] = ()
    start_seconds: float = 120.0
    slice_seconds: float = 4.0  # see `Line`
    vigilance: Vigilance = Vigilance()

    def __init__(self) -> None:
        self._turns = LocalTurns(self.slice_seconds)
        self._slot = _Slot()
        self._lock = threading.Lock()
        self._closed = False
        self._starting: ServerProcess | None = None
        self._finalize: Callable[[], object] = weakref.finalize(self, self._slot.end)
        atexit.register(self._slot.end)

    @abc.abstractmethod
    def launch(self) -> tuple[ServerProcess, Connection]:
        """Start a process on free ports; return it, and a connection to what it will listen on."""

    def can_retry(self, detail: str) -> bool:
        """Whether another attempt to start may go better, after one that ended so."""
        return any(text in detail for text in _PORT_TAKEN)

    def on_started(self, generation: Generation) -> None:
        """Called once a new server answers; returns at once."""
        del generation

    def wait_idle(self, connection: Connection, since: float, until: float) -> bool:
        """Whether an interrupted query's tasks have ended; see `Endpoint`."""
        del connection, since, until
        return True

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Release a session; see `Endpoint`."""
        del tenant, clean
        connection.release(session_id)

    @property
    def turns(self) -> Turns:
        """Whose query is answered now; see `Endpoint`."""
        return self._turns

    @property
    def generation(self) -> Generation | None:
        """What runs now."""
        return self._slot.generation

    @property
    def is_private(self) -> bool | None:
        """Whether nobody else on this machine reaches the server's ports; None while it does not run."""
        generation = self._slot.generation
        return None if generation is None else generation.process.is_private

    @property
    def is_forked(self) -> bool:
        """Whether this is not the process that the backend was made in."""
        return os.getpid() != self._slot.pid

    def start(self) -> None:
        """Start the server unless it runs; see `Backend.start`."""
        self.connection()

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session; see `Backend.open_session`."""
        self.connection()
        return ConnectSession(self, tenant=tenant)

    def connection(self) -> Connection:
        """The connection of the running server, which is started if need be."""
        refuse_fork(self._slot.pid)
        with self._lock:
            if self._closed:
                raise EngineClosed("this backend is closed; make a new engine")
            generation = self._slot.generation
            if generation is None:
                generation = self._slot.generation = self._start()
                self._starting = None
                self.on_started(generation)
            return generation.connection

    def note_broken(self, connection: Connection) -> None:
        """Forget the server behind `connection` if it is dead; see `Endpoint`."""
        if connection.closed:  # it was ended on purpose, or is known to be dead
            self._turns.strike(connection, late=True)
            return
        generation = self._slot.generation
        if generation is not None and generation.connection is connection:
            if generation.process.is_alive(_DYING_SECONDS):
                return
            if self._end(connection):
                logger.warning("the local %s server died; the next query starts another", self.name)

    def end_server(self, connection: Connection) -> None:
        """End the server behind `connection`; the next use starts another; see `Endpoint`."""
        self._end(connection)

    def _end(self, connection: Connection) -> bool:
        """End the server behind `connection`; False if that was done before."""
        with self._lock:
            generation = self._slot.generation
            if generation is None or generation.connection is not connection:
                return False
            self._turns.strike(connection)  # before any of its queries can know
            self._slot.generation = None
        generation.end()
        return True

    def close(self) -> None:
        """End the server, its processes and its files; see `Backend.close`."""
        if self.is_forked:
            return
        self._closed = True
        if (starting := self._starting) is not None:
            starting.end()  # so that whoever waits for its start stops waiting, and frees the lock
        with self._lock:
            self._slot.end()
        atexit.unregister(self._slot.end)
        self._finalize()

    def _start(self) -> Generation:
        """Start a generation, on other ports if somebody was quicker to take those chosen."""
        for attempt in range(1, _ATTEMPTS + 1):
            process, connection = self.launch()
            self._starting = process
            if self._closed:  # `close` may have come before there was anything to end
                process.end()
            try:
                answering = self.wait_answer(process, connection)
                return replace(answering, watch=self._watch(process, connection))
            except BackendStartError as error:
                connection.close()
                process.end()
                if self._closed:
                    raise EngineClosed("the backend was closed while it started") from None
                if attempt == _ATTEMPTS or not self.can_retry(error.detail):
                    raise
            except BaseException:
                connection.close()
                process.end()
                raise
        raise AssertionError("unreachable")

    def wait_answer(self, process: ServerProcess, connection: Connection) -> Generation:
        """Wait until a launched server answers, or raise `BackendStartError`."""
        began = time.monotonic()
        while not process.is_listening():
            if not process.is_alive(_POLL_SECONDS):
                raise self._start_error("it ended while starting", process)
            if time.monotonic() - began > self.start_seconds:
                raise self._start_error(f"it did not answer within {self.start_seconds:g} s", process)
        session = ConnectSession(self)
        try:
            version = connection.server_version(session.id, self.start_seconds)
        except grpc.RpcError as error:
            raise self._start_error("it does not answer", process, str(error)) from None
        connection.release(session.id)
        logger.info("local %s server %s answers after %.1f s", self.name, version, time.monotonic() - began)
        if not process.is_private:
            logger.info("other users of this machine can reach the local %s server's ports", self.name)
        return Generation(process, connection)

    def _watch(self, process: ServerProcess, connection: Connection) -> Watch:
        """Watch a server; a backend that is forgotten is not kept by that."""
        me = weakref.ref(self)

        def end() -> None:
            if (backend := me()) is not None:
                backend.end_server(connection)

        return Watch(process, connection, self.vigilance, is_busy=self._turns.is_busy, end=end)

    def _start_error(self, what: str, process: ServerProcess, detail: str = "") -> BackendStartError:
        error = BackendStartError(
            f"the local {self.name} server could not be started: {what}. "
            "`calcmetric doctor` shows what this machine lacks"
        )
        error.detail = f"{detail}\n{process.log_tail()}".strip()
        return error
