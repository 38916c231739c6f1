"""A server apart for the tenants whose queries ended the one that all share; see `QuarantinePolicy`."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import Final, Protocol

from engine.backends.connect.rpc import Connection
from engine.backends.local.generation import Generation
from engine.backends.local.quarantine_policy import QuarantinePolicy
from engine.context import QueryContext

# When a server for those sent away is ended because there are none, how often that is looked at, and how
# often whoever waits for the next one looks up.
_IDLE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 30.0
_PAUSE_LOOK_SECONDS: Final = 0.05

logger = logging.getLogger(__name__)


class Quarantine:
    """Who is asked on the server apart, and when that one may start. Both servers share it. Thread-safe."""

    def __init__(self) -> None:
        """Nobody is sent away yet."""
        self._policy = QuarantinePolicy()
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._used = 0.0

    def note(self, tenant: str) -> bool:
        """A tenant is about to ask; tell whether it is to ask on the server apart."""
        with self._lock:
            return self._policy.note(tenant, time.monotonic())

    def note_use(self) -> None:
        """The server apart is about to be asked."""
        self._used = time.monotonic()

    def send_away(self, tenant: str, name: str, *, sure: bool, apart: bool) -> None:
        """Send a tenant away for a while, whose query ended a server.

        Args:
            tenant: the tenant.
            name: of the server, for the log.
            sure: whether nothing else can have ended it.
            apart: whether it was the server apart, which then does not start again at once.
        """
        now = time.monotonic()
        with self._lock:
            seconds = self._policy.add(tenant, now, sure=sure or apart)
            if apart:
                self._not_before = now + self._policy.pause()
        if not seconds:
            return
        logger.warning(
            "a query of the tenant %r ended a local %s server; while others ask, it has another for %.0f s",
            tenant,
            name,
            seconds,
            extra={"account": tenant},
        )

    def wait_to_start(self, server: ApartServer, context: QueryContext) -> None:
        """Wait until the server apart may start again, or is closed.

        Raises:
            Interrupted: nobody waits for it any longer.
        """
        while time.monotonic() < self._not_before:
            context.check()
            if server.is_closed:
                return
            time.sleep(_PAUSE_LOOK_SECONDS)

    def end_if_idle(self, server: ApartServer) -> None:
        """End the process of the server apart if nobody has asked it for a while."""
        if time.monotonic() - self._used < _IDLE_SECONDS or server.is_busy():
            return
        if (generation := server.generation) is not None:
            with self._lock:
                self._policy.rest()
            server.end_server(generation.connection, "nobody who was sent away has asked it for a while")


class ApartServer(Protocol):
    """A server apart, as far as a quarantine has to know it."""

    @property
    def is_closed(self) -> bool:
        """Whether it starts no process any more."""
        ...

    @property
    def generation(self) -> Generation | None:
        """What runs now."""
        ...

    def is_busy(self) -> bool:
        """Whether it answers anything now."""
        ...

    def end_server(self, connection: Connection, reason: str) -> None:
        """End its process; see `Endpoint.end_server`."""
        ...


def end_when_idle(server: ApartServer, quarantine: Quarantine) -> None:
    """End the process of a server apart whenever it is idle, until the server is closed or forgotten."""
    held = weakref.ref(server)

    def look() -> None:
        if (found := held()) is not None and not found.is_closed:
            quarantine.end_if_idle(found)
            end_when_idle(found, quarantine)

    timer = threading.Timer(_LOOK_SECONDS, look)
    timer.daemon = True
    timer.start()
