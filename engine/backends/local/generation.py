"""One generation of a local server: a process with its connection."""

from __future__ import annotations

import os
from dataclasses import dataclass

from engine.backends.connect.rpc import Connection
from engine.backends.local.process import ServerProcess
from engine.backends.local.watchdog import Watchdog


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """A running server and the connection to it."""

    process: ServerProcess
    connection: Connection
    watch: Watchdog | None = None

    def end(self) -> None:
        """End both; calls in flight fail. Never raises. Who calls it says why in the log."""
        if self.watch is not None:
            self.watch.stop()
        self.connection.closed = True  # first, so that they know why
        self.connection.close()
        self.process.end()


class Slot:
    """Holds the generation that runs apart from the backend, so that a finalizer can end it.

    Attributes:
        pid: of the process that it was made in.
        generation: what runs; None: nothing.
    """

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.pid = os.getpid()
        self.generation: Generation | None = None

    def behind(self, connection: Connection) -> Generation | None:
        """The generation behind a connection; None: it has ended meanwhile."""
        generation = self.generation
        return generation if generation is not None and generation.connection is connection else None

    def end(self) -> None:
        """End what runs, unless this is a fork of the process that started it."""
        generation, self.generation = self.generation, None
        if generation is not None and os.getpid() == self.pid:
            generation.end()
