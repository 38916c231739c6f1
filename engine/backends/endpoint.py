"""What a session needs of its backend, and the simplest thing that offers it."""

from __future__ import annotations

from typing import Protocol

from engine.backends.rpc import Connection
from engine.backends.turns import NoTurns, Turns


class Endpoint(Protocol):
    """What a session needs of its backend."""

    interrupts: bool
    configuration: tuple[tuple[str, str], ...]

    @property
    def turns(self) -> Turns:
        """Whose query is asked now."""
        ...

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

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Release a closed session, or keep it for its tenant; `clean`: nothing of it was stopped."""
        ...


class FixedEndpoint:
    """The endpoint of one connection, come what may: what asks on it never starts or ends a server."""

    interrupts = False
    configuration: tuple[tuple[str, str], ...] = ()
    turns: Turns = NoTurns()

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

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Release it."""
        del tenant, clean
        connection.release(session_id)
