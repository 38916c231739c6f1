"""A server process of our own on this machine: started when first needed, ended with the engine.

One generation of the server is a process with its connection. A generation that died, or that was ended
because a query would not stop, is replaced at the next use; sessions notice by the new connection and
set themselves up again. Subclasses say how to launch one.

Starting takes seconds, or hangs: one thread does it, and whoever needs the server waits for that one, as long
as its own time allows.
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

from engine.backends.base import MOST_START_SECONDS, StartsWhole
from engine.backends.connect.endpoint import STOP_TIMES, Releasing
from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.connect.turns import LocalTurns, Turns
from engine.backends.local.process import ServerProcess
from engine.backends.local.suspects import Suspects
from engine.backends.local.watch import Vigilance, Watch
from engine.backends.local.why import complaints, why_ended
from engine.context import UNBOUNDED, QueryContext
from engine.effort import Grace
from engine.endings import tell_ending
from engine.errors import BackendStartError, EngineClosed, ForkedEngine, OpenNetworkError
from engine.results.text import clean_text
from engine.threads import SingleFlight
from engine.wording import worded

_ATTEMPTS: Final = 3
_POLL_SECONDS: Final = 0.01
_DYING_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 1.0
_START_TIMES: Final = 5.0
_END_SECONDS: Final = 10.0  # on closing, for a start that has just been ended
# When a server for those sent away is ended because there are none, how often that is looked at, and how
# often whoever waits for the next one looks up.
_IDLE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 30.0
_PAUSE_LOOK_SECONDS: Final = 0.05
_PORT_TAKEN: Final = ("Address already in use", "BindException")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """A running server and the connection to it."""

    process: ServerProcess
    connection: Connection
    watch: Watch | None = None

    def end(self) -> None:
        """End both; calls in flight fail. Never raises. Who calls it says why in the log."""
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


def start_error(server: str, what: str, process: ServerProcess, said: str = "") -> BackendStartError:
    """Why a local server could not be started, and what to do.

    Args:
        server: as people know it.
        what: what was seen of it from outside.
        process: its process, which has ended or is about to be.
        said: what the attempt to talk to it gave.
    """
    log = process.log_tail()
    detail = f"{said}\n{log}".strip()
    # For the log of a service: at the command line a warning would stand in front of the message.
    logger.info("%s did not start (%s); its last output:\n%s", server, what, detail)
    if (network := complaints(log).get("open-network")) is not None:
        return OpenNetworkError(
            worded(
                "{server} is not started, because {network}. Permit network namespaces (as root, or "
                "unprivileged user namespaces), run Linux 6.7 or newer, or {accept_files_only}",
                server=server,
                network=clean_text(network),
            ),
            detail=detail,
        )
    reason = why_ended(log, process.exit_status)
    return BackendStartError(
        f"{server} could not be started: {what}: {reason}; `calcmetric doctor` shows what this machine lacks",
        detail=detail,
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


class LocalServer(Releasing, StartsWhole, abc.ABC):
    """A backend that runs a server of its own. Thread-safe; see `Backend`."""

    name: str
    interrupts: bool
    configuration: tuple[tuple[str, str], ...] = ()
    own_settings: bool = False
    start_seconds: float = 120.0
    slice_seconds: float = 4.0  # see `Line`
    vigilance: Vigilance = Vigilance()

    def __init__(self) -> None:
        self.apart = False  # whether it is for those that were sent away from another
        self._main: LocalServer | None = None
        self._other: LocalServer | None = None
        self._suspects = Suspects()
        self._not_before = 0.0
        self._used_apart = 0.0
        self._turns = LocalTurns(self.slice_seconds)
        self._slot = _Slot()
        self._lock = threading.Lock()
        self._closed = False
        self._start_of: SingleFlight[Connection] = SingleFlight(
            "calcmetric-server", lingers=MOST_START_SECONDS
        )
        self._starting: ServerProcess | None = None
        self._finalize: Callable[[], object] = weakref.finalize(self, self._slot.end)
        atexit.register(self._slot.end)

    @abc.abstractmethod
    def twin(self) -> LocalServer:
        """Another one that can read the same; not started yet."""

    @abc.abstractmethod
    def launch(self) -> tuple[ServerProcess, Connection]:
        """Start a process on free ports; return it, and a connection to what it will listen on."""

    def can_retry(self, detail: str) -> bool:
        """Whether another attempt to start may go better, after one that ended so."""
        return any(text in detail for text in _PORT_TAKEN)

    def on_started(self, generation: Generation) -> None:
        """Called once a new server answers; returns at once."""
        del generation

    def grace(self, connection: Connection, seconds: float, *, times: float = STOP_TIMES) -> Grace:
        """Seconds that the server is given; see `Endpoint`."""
        generation = self._slot.generation
        if generation is None or generation.connection is not connection:
            return Grace(seconds)  # it has ended meanwhile
        return generation.process.grace(seconds, times=times)

    def wait_idle(self, connection: Connection, grace: Grace) -> bool:
        """Whether an interrupted query's tasks have ended; see `Endpoint`."""
        del connection, grace
        return True

    @property
    def turns(self) -> Turns:
        """Whose query is answered now; see `Endpoint`."""
        return self._turns

    def is_busy(self) -> bool:
        """Whether it answers anything now."""
        return self._turns.is_busy()

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

    def give_way(self, *, low: bool) -> bool:
        """Let all else go before a server that starts or runs, or no longer; see `ServerProcess.give_way`."""
        generation = self._slot.generation
        process = self._starting if generation is None else generation.process
        return process is None or process.give_way(low=low)

    def place_of(self, tenant: str) -> LocalServer:
        """Where a tenant's next query is asked; see `Endpoint`."""
        if self.apart:
            self._used_apart = time.monotonic()
            return self
        with self._lock:
            if not self._suspects.note(tenant, time.monotonic()) or self._closed:
                return self
            if self._other is None:
                self._other = self.twin()
                self._other.apart, self._other._main = True, self
                self._other._look_later()
            other = self._other
        other._used_apart = time.monotonic()
        return other

    def heard(self, tenant: str) -> None:
        """A tenant is at work without asking this server: somebody to protect from those who end servers."""
        with self._lock:
            self._suspects.note(tenant, time.monotonic())

    def convict(self, tenant: str, *, sure: bool = True) -> None:
        """Send a tenant away from the others' server for a while; see `Endpoint`."""
        main, now = self._main or self, time.monotonic()
        with main._lock:
            seconds = main._suspects.convict(tenant, now, sure=sure or self.apart)
            if self.apart:
                self._not_before = now + main._suspects.pause()
        if not seconds:
            return
        logger.warning(
            "a query of the tenant %r ended a local %s server; while others ask, it has another for %.0f s",
            tenant,
            self.name,
            seconds,
            extra={"account": tenant},
        )

    def _look_later(self) -> None:
        """End the process for those that were sent away once there are none; look at that now and then."""
        me = weakref.ref(self)

        def look() -> None:
            if (server := me()) is not None and not server._closed:
                server._end_if_idle()
                server._look_later()

        timer = threading.Timer(_LOOK_SECONDS, look)
        timer.daemon = True
        timer.start()

    def _end_if_idle(self) -> None:
        generation, main = self._slot.generation, self._main
        if time.monotonic() - self._used_apart < _IDLE_SECONDS or self._turns.is_busy():
            return
        if generation is not None and main is not None:
            with main._lock:
                main._suspects.rest()
            self.end_server(generation.connection, "nobody who was sent away has asked it for a while")

    def _wait_to_start(self, context: QueryContext) -> None:
        """Who ends a server for those sent away waits for the next one; others do not."""
        while time.monotonic() < self._not_before:
            context.check()
            if self._closed:
                return
            time.sleep(_PAUSE_LOOK_SECONDS)

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session; see `Backend.open_session`."""
        place = self.place_of(tenant)
        if place is not self:
            return place.open_session(tenant)
        self.connection()
        return ConnectSession(self, tenant=tenant)

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """The connection of the running server, which is started if need be; see `Endpoint`."""
        refuse_fork(self._slot.pid)
        running = self._running()
        if running is None:
            self._wait_to_start(context)
        return running or self._start_of.get(lambda _: self._start_and_keep(), context)

    def _running(self) -> Connection | None:
        with self._lock:
            if self._closed:
                raise EngineClosed("this backend is closed; make a new engine")
            generation = self._slot.generation
            return None if generation is None else generation.connection

    def _start_and_keep(self) -> Connection:
        """Start a server, unless another thread has just done that."""
        if (running := self._running()) is not None:
            return running
        generation = self._start()
        with self._lock:
            kept = self._slot.generation
            unwanted = self._closed or kept is not None  # a start that was taken for hung has ended after all
            if not unwanted:
                self._slot.generation = generation
                self._starting = None
        if unwanted:
            generation.end()
            return self._start_and_keep()
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
            status = generation.process.exit_status
            self.end_server(connection, f"it died, with exit status {status}")

    def end_server(self, connection: Connection, reason: str) -> None:
        """End the server behind `connection`; the next use starts another; see `Endpoint`."""
        with self._lock:
            generation = self._slot.generation
            if generation is None or generation.connection is not connection:
                return  # that was done before
            self._turns.strike(connection)  # before any of its queries can know
            self._slot.generation = None
        tell_ending(f"the local {self.name} server", f"{reason}; the next query starts another")
        generation.end()

    def close(self) -> None:
        """End the server, its processes and its files; see `Backend.close`."""
        if self.is_forked:
            return
        with self._lock:
            self._closed = True
            other = self._other
        if other is not None:
            other.close()
        if (starting := self._starting) is not None:
            starting.end()  # so that whoever waits for its start stops waiting
        self._start_of.wait_idle(_END_SECONDS)
        if self._slot.generation is not None:
            tell_ending(f"the local {self.name} server", "its engine is closed", level=logging.DEBUG)
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
                self._give_up(process, connection, str(error))
                if self._closed:
                    raise EngineClosed("the backend was closed while it started") from None
                if attempt == _ATTEMPTS or isinstance(error, OpenNetworkError):
                    raise
                if not self.can_retry(error.detail):
                    raise
            except BaseException as error:
                self._give_up(process, connection, type(error).__name__)
                raise
        raise AssertionError("unreachable")

    def _give_up(self, process: ServerProcess, connection: Connection, reason: str) -> None:
        """End a server that was launched, and is not used."""
        tell_ending(f"a local {self.name} server that starts", reason, level=logging.INFO)
        connection.close()
        process.end()

    def wait_answer(
        self, process: ServerProcess, connection: Connection, grace: Grace | None = None
    ) -> Generation:
        """Wait until a launched server answers, or raise `BackendStartError`.

        Args:
            process: the server.
            connection: a connection to the server.
            grace: for how long; None: for `start_seconds`.
        """
        began = time.monotonic()
        grace = grace or process.grace(self.start_seconds, times=_START_TIMES)
        while not process.is_listening():
            if not process.is_alive(_POLL_SECONDS):
                raise self._start_error("it ended while starting", process)
            if not grace.left():
                raise self._start_error(f"it did not answer within {self._waited(began)}", process)
        session = ConnectSession(self)
        version = ""
        while not version:
            try:
                version = connection.server_version(session.id, max(grace.left(), _ANSWER_SECONDS))
            except grpc.RpcError as error:
                if process.is_alive() and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and grace.left():
                    continue  # others keep it from the processors
                raise self._start_error("it does not answer", process, str(error)) from None
        connection.release(session.id)
        logger.info("local %s server %s answers after %.1f s", self.name, version, time.monotonic() - began)
        if process.is_open:
            logger.warning("nothing confines the network of the local %s server; its files are", self.name)
        elif not process.is_private:
            logger.info("other users of this machine can reach the local %s server's ports", self.name)
        return Generation(process, connection)

    def _watch(self, process: ServerProcess, connection: Connection) -> Watch:
        """Watch a server; a backend that is forgotten is not kept by that."""
        me = weakref.ref(self)

        def end(reason: str) -> None:
            if (backend := me()) is not None:
                backend.end_server(connection, reason)

        return Watch(process, connection, self.vigilance, is_busy=self._turns.is_busy, end=end)

    def _waited(self, began: float) -> str:
        """How long it was waited for, and how much of that counts."""
        seconds = time.monotonic() - began
        if seconds < 1.5 * self.start_seconds:
            return f"{self.start_seconds:g} s"
        return f"{seconds:.0f} s, of which other programs left it less than {self.start_seconds:g}"

    def _start_error(self, what: str, process: ServerProcess, detail: str = "") -> BackendStartError:
        return start_error(f"the local {self.name} server", what, process, detail)
