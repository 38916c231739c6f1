"""One generation of a local server: a process with its connection."""

from __future__ import annotations

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
