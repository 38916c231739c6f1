"""What a session needs of its backend, and the simplest thing that offers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, Self

from engine.backends.connect.rpc import Connection
from engine.backends.connect.suspect_queue import Record
from engine.backends.connect.turns import NoTurns, Turns
from engine.context import UNBOUNDED, QueryContext
from engine.effort import Grace

# Who is waited for by a run has up to so many times as long where others have the processors: a run is given
# up ten seconds after its end.
STOP_TIMES: Final = 4.0


class Endpoint(Protocol):
    """What a session needs of its backend."""

    interrupts: bool
    configuration: tuple[tuple[str, str], ...]
    # Whether sessions may be opened under other settings, which its server is known to follow.
    own_settings: bool

    @property
    def turns(self) -> Turns:
        """Whose query is asked now."""
        ...

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """The connection to use now; starts the server if it is not running.

        Raises:
            Interrupted: nobody waits for it any longer.
            BackendStartError: it cannot be started or reached.
            EngineClosed: the backend was closed.
        """
        ...

    def note_broken(self, connection: Connection) -> None:
        """A call on `connection` found the server unreachable."""
        ...

    def grace(self, connection: Connection, seconds: float, *, times: float = STOP_TIMES) -> Grace:
        """Seconds that the server is given; others that keep it from the processors do not shorten them.

        Args:
            connection: a connection to the server.
            seconds: the seconds to give it.
            times: how many times as long it is at most; more than by default where nobody waits.
        """
        ...

    def wait_idle(self, connection: Connection, grace: Grace) -> bool:
        """Whether an interrupted query's tasks have ended, waiting as long as the grace lasts."""
        ...

    def end_server(self, connection: Connection, reason: str) -> None:
        """End the server behind `connection`, if it is ours; the next use starts another.

        Args:
            connection: a connection to the server.
            reason: why it is ended, for the log.
        """
        ...

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Release a closed session, or keep it for its tenant; `clean`: nothing of it was stopped."""
        ...

    def place_of(self, tenant: str) -> Endpoint:
        """Where a tenant's next query is asked: here, or apart from the others' if it ended their server."""
        ...

    def quarantine(self, tenant: str, *, sure: bool = True) -> None:
        """A query of a tenant was what ended the server; `sure`: nothing else can have done it."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose queries are asked, and where.

    Attributes:
        endpoint: of the server that they are asked on.
        tenant: the tenant who asks.
        record: what befell the queries.
    """

    endpoint: Endpoint
    tenant: str
    record: Record

    @property
    def is_elsewhere(self) -> bool:
        """Whether the tenant's next query is to be asked on another server by now."""
        return self.endpoint.place_of(self.tenant) is not self.endpoint

    def quarantine(self, *, sure: bool) -> None:
        """A query ended the server, or (not for sure its fault) had to be stopped with it."""
        self.record.blame += 1
        self.endpoint.quarantine(self.tenant, sure=sure)


class Releasing:
    """An endpoint that keeps no session of a run for another one."""

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Release it; see `Endpoint`."""
        del tenant, clean
        connection.release(session_id)


class PlainEndpoint(Releasing):
    """A server that is not ours to start or end; it can be asked to stop a query at most."""

    configuration: tuple[tuple[str, str], ...] = ()
    own_settings = False
    turns: Turns = NoTurns()

    def note_broken(self, connection: Connection) -> None:
        """The channel connects again by itself."""

    def grace(self, connection: Connection, seconds: float, *, times: float = STOP_TIMES) -> Grace:
        """Seconds of the clock: of the server's process nothing is known."""
        del connection, times
        return Grace(seconds)

    def end_server(self, connection: Connection, reason: str) -> None:
        """Not ours to end; the session cancels its call."""

    def place_of(self, tenant: str) -> Self:
        """Here: there is no other."""
        del tenant
        return self

    def quarantine(self, tenant: str, *, sure: bool = True) -> None:
        """Not ours to start elsewhere."""


class FixedEndpoint(PlainEndpoint):
    """The endpoint of one connection, come what may: what asks on it never starts or ends a server."""

    interrupts = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """Always the one that it was made with: asking on it may start no server."""
        del context
        return self._connection

    def wait_idle(self, connection: Connection, grace: Grace) -> bool:
        """Never asked, as nothing is interrupted here."""
        del connection, grace
        return False
