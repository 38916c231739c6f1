"""A server process of our own on this machine: started when first needed, ended with the engine.

One generation of the server is a process with its connection. A generation that died, or that was ended
because a query would not stop, is replaced at the next use; sessions notice by the new connection and
set themselves up again. Subclasses say how to launch one.
"""

from __future__ import annotations

import abc
import threading
import weakref
from dataclasses import replace
from typing import Final

from engine.backends.base import StartsWhole
from engine.backends.connect.endpoint import STOP_TIMES, Releasing
from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.connect.turns import LocalTurns, Turns
from engine.backends.local.generation import Generation
from engine.backends.local.process import ServerProcess
from engine.backends.local.quarantine import Quarantine, end_when_idle
from engine.backends.local.slot import ServerSlot
from engine.backends.local.starting import start_generation
from engine.backends.local.watchdog import Watchdog, WatchdogSettings
from engine.context import UNBOUNDED, QueryContext
from engine.effort import Grace
from engine.endings import tell_ending

_DYING_SECONDS: Final = 0.5
_PORT_TAKEN: Final = ("Address already in use", "BindException")


class LocalServer(Releasing, StartsWhole, abc.ABC):
    """A backend that runs a server of its own. Thread-safe; see `Backend`."""

    name: str
    interrupts: bool
    configuration: tuple[tuple[str, str], ...] = ()
    own_settings: bool = False
    start_seconds: float = 120.0
    slice_seconds: float = 4.0  # see `SuspectQueue`
    watchdog_settings: WatchdogSettings = WatchdogSettings()

    def __init__(self) -> None:
        self.apart = False  # whether it is for those that were sent away from another
        self._other: LocalServer | None = None
        self._quarantine = Quarantine()
        self._turns = LocalTurns(self.slice_seconds)
        self._slot = ServerSlot[Generation](f"local {self.name} server")
        self._lock = threading.Lock()

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
        if (generation := self.generation_behind(connection)) is None:
            return Grace(seconds)
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
        return self._slot.running

    def generation_behind(self, connection: Connection) -> Generation | None:
        """The generation behind a connection; None: it has ended meanwhile."""
        generation = self._slot.running
        return generation if generation is not None and generation.connection is connection else None

    @property
    def is_private(self) -> bool | None:
        """Whether nobody else on this machine reaches the server's ports; None while it does not run."""
        generation = self._slot.running
        return None if generation is None else generation.process.is_private

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, and starts no server any more."""
        return self._slot.is_closed

    @property
    def is_forked(self) -> bool:
        """Whether this is not the process that the backend was made in."""
        return self._slot.is_forked

    def start(self) -> None:
        """Start the server unless it runs; see `Backend.start`."""
        self.connection()

    def give_way(self, *, low: bool) -> bool:
        """Let all else go before a server that starts or runs, or no longer; see `ServerProcess.give_way`."""
        generation = self._slot.running
        process = self._slot.starting if generation is None else generation.process
        return process is None or process.give_way(low=low)

    def place_of(self, tenant: str) -> LocalServer:
        """Where a tenant's next query is asked; see `Endpoint`."""
        if self.apart:
            self._quarantine.note_use()
            return self
        if not self._quarantine.note(tenant):
            return self
        with self._lock:
            if self.is_closed:
                return self
            if self._other is None:
                self._other = self.twin()
                self._other.serve_apart(self._quarantine)
            other = self._other
        self._quarantine.note_use()
        return other

    def serve_apart(self, quarantine: Quarantine) -> None:
        """Be the server for those that were sent away from another, whose quarantine this is."""
        self.apart, self._quarantine = True, quarantine
        end_when_idle(self, quarantine)

    def heard(self, tenant: str) -> None:
        """A tenant is at work without asking this server: somebody to protect from those who end servers."""
        self._quarantine.note(tenant)

    def quarantine(self, tenant: str, *, sure: bool = True) -> None:
        """Send a tenant away from the others' server for a while; see `Endpoint`."""
        self._quarantine.send_away(tenant, self.name, sure=sure, apart=self.apart)

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session; see `Backend.open_session`."""
        place = self.place_of(tenant)
        if place is not self:
            return place.open_session(tenant)
        self.connection()
        return ConnectSession(self, tenant=tenant)

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """The connection of the running server, which is started if need be; see `Endpoint`."""
        # Who ends a server for those sent away waits for the next one.
        if self._slot.usable() is None and self.apart:
            self._quarantine.wait_to_start(self, context)
        return self._slot.get(self._start, context, self.on_started).connection

    def _start(self) -> Generation:
        generation = start_generation(self, self._slot)
        try:
            return replace(generation, watch=self._watch(generation))
        except BaseException:  # nobody knows of it yet, who could end it later
            generation.end()
            raise

    def note_broken(self, connection: Connection) -> None:
        """Forget the server behind `connection` if it is dead; see `Endpoint`."""
        if connection.closed:  # it was ended on purpose, or is known to be dead
            self._turns.record_crash(connection, late=True)
            return
        if (generation := self.generation_behind(connection)) is not None:
            if generation.process.is_alive(_DYING_SECONDS):
                return
            status = generation.process.exit_status
            self.end_server(connection, f"it died, with exit status {status}")

    def end_server(self, connection: Connection, reason: str) -> None:
        """End the server behind `connection`; the next use starts another; see `Endpoint`."""
        if (generation := self.generation_behind(connection)) is None:
            return  # that was done before
        # Recorded before any of its queries can know.
        if not self._slot.forget(generation, first=lambda: self._turns.record_crash(connection)):
            return
        tell_ending(f"the local {self.name} server", f"{reason}; the next query starts another")
        generation.end()

    def close(self) -> None:
        """End the server, its processes and its files; see `Backend.close`."""
        if self.is_forked:
            return
        self._slot.close()
        with self._lock:
            other = self._other  # there is none that comes later
        if other is not None:
            other.close()

    def _watch(self, generation: Generation) -> Watchdog:
        """Watch a server; a backend that is forgotten is not kept by that."""
        me, process, connection = weakref.ref(self), generation.process, generation.connection

        def end(reason: str) -> None:
            if (backend := me()) is not None:
                backend.end_server(connection, reason)

        return Watchdog(process, connection, self.watchdog_settings, is_busy=self._turns.is_busy, end=end)
