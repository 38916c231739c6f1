"""The queue of a backend's queries, with the threads that wait in it."""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

from engine.backends.connect.suspect_queue import QueryTurn, SuspectQueue
from engine.context import QueryContext
from engine.errors import BackendLost, Interrupted

# What a query loses without its session being called disturbed.
PATIENT_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.02


class Turns(Protocol):
    """Which queries may be asked now, and which have to wait for others."""

    def enter(self, turn: QueryTurn, context: QueryContext) -> None:
        """Wait until a query may be asked.

        Raises:
            Interrupted: it was cancelled meanwhile.
            BackendLost: its deadline passed while others kept it waiting; that is not its fault.
        """
        ...

    def begin(self, turn: QueryTurn, server: object) -> None:
        """A query is handed to a server."""
        ...

    def end(self, turn: QueryTurn) -> None:
        """A query is over, whatever came of it."""
        ...


class NoTurns:
    """Everybody asks at once: the server is not ours, or nobody else asks it."""

    def enter(self, turn: QueryTurn, context: QueryContext) -> None:
        """Returns at once: no query waits for another one here."""

    def begin(self, turn: QueryTurn, server: object) -> None:
        """Nothing is noted, as no query is blamed for the end of a server."""

    def end(self, turn: QueryTurn) -> None:
        """Nothing is noted, as nobody waits."""


class LocalTurns:
    """The turns of a local server; see `SuspectQueue`. Thread-safe."""

    def __init__(self, slice_seconds: float) -> None:
        self._queue = SuspectQueue(slice_seconds)
        self._changed = threading.Condition()

    def is_busy(self) -> bool:
        """Whether anything is being answered."""
        return bool(self._queue.running)

    def enter(self, turn: QueryTurn, context: QueryContext) -> None:
        """See `Turns.enter`."""
        with self._changed:
            self._queue.join(turn)
            came = time.monotonic()
            while not self._queue.try_start(turn, now := time.monotonic()):
                if (reason := context.over) is not None:
                    self._queue.remove(turn)
                    self._changed.notify_all()
                    if reason == "cancelled":
                        raise Interrupted(reason)
                    raise BackendLost("other queries had the server to themselves for too long")
                self._changed.wait(_POLL_SECONDS)
            turn.record.disturbed += now - came > PATIENT_SECONDS

    def begin(self, turn: QueryTurn, server: object) -> None:
        """See `Turns.begin`."""
        with self._changed:
            self._queue.begin(turn, server, time.monotonic())

    def record_crash(self, server: object, *, late: bool = False) -> None:
        """A server died, or is about to be ended; see `SuspectQueue.record_crash`."""
        with self._changed:
            self._queue.record_crash(server, time.monotonic(), late=late)
            self._changed.notify_all()

    def end(self, turn: QueryTurn) -> None:
        """See `Turns.end`."""
        with self._changed:
            self._queue.remove(turn)
            self._changed.notify_all()
