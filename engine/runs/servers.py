"""Which server reads a run's dataset: the engine's one, or one for each tenant."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Unpack

from engine.backends.base import Backend
from engine.backends.names import BackendOptions, make_backend
from engine.context import Deadline
from engine.models.urls import SPOOL_BYTES, StoreUrl
from engine.sources.spool import Spool
from engine.sources.stores.fetched import FetchedObjects
from engine.sources.stores.stores import Stores

# A tenant's server that no run uses is ended after this time, or when more than these run.
IDLE_SECONDS: Final = 300.0
MOST_KEPT: Final = 4
# The folder of the spool for what was fetched from object stores.
_FETCHED: Final = "fetched"


@dataclass(frozen=True, slots=True)
class Server:
    """What reads datasets.

    Attributes:
        backend: reads those that bring no session of their own.
        spool: takes tables that callers hand over; a local server may read it.
        stores: object stores whose data it is given as files; None: it reads where it is.
    """

    backend: Backend
    spool: Spool
    stores: Stores | None = None

    def close(self) -> None:
        """End it, with its processes and files. Never raises; may be called twice."""
        self.backend.close()
        self.spool.close()


def make_server(
    backend: str,
    *,
    roots: Sequence[Path],
    places: Sequence[StoreUrl] = (),
    spool_bytes: int = SPOOL_BYTES,
    spool: Spool | None = None,
    **options: Unpack[BackendOptions],
) -> Server:
    """Make a server, which starts when it is first used; raises as `make_backend`.

    Args:
        backend: its name.
        roots: folders that it may read.
        places: in object stores, whose data it may be given.
        spool_bytes: of such data, to be kept at most.
        spool: one that there is already; taken over.
        options: of the backend.
    """
    spool = spool or Spool()
    try:
        made = make_backend(backend, roots=roots, spool=spool.folder, **options)
    except BaseException:
        spool.close()
        raise
    remote = made.capabilities.remote
    stores = None if remote else Stores(places, FetchedObjects(spool.folder / _FETCHED, spool_bytes))
    return Server(made, spool, stores)


class Servers(Protocol):
    """The servers of an engine. Thread-safe."""

    def take(self, tenant: str) -> Server:
        """The server for a run of a tenant; whoever takes it gives it back."""
        ...

    def give_back(self, tenant: str) -> None:
        """A run that took a server ended."""
        ...

    def start(self) -> None:
        """Start what every run needs, ahead of the first one.

        Raises:
            BackendStartError: with what to do.
        """
        ...

    def warm(self) -> None:
        """Begin to start also what is else started when a question first needs it. Never raises."""
        ...

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is compared any more, so many seconds at most; whether that is so."""
        ...

    def train(self) -> bool:
        """Begin to build what makes later starts faster; see `Engine.train_caches`."""
        ...

    def end(self) -> None:
        """End all processes. Never raises; may be called twice."""
        ...

    def close(self) -> None:
        """Remove the files of servers that have ended. Never raises; may be called twice."""
        ...


class OneServer:
    """One server for every tenant."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def take(self, tenant: str) -> Server:
        """The one server, which all tenants share."""
        del tenant
        return self._server

    def give_back(self, tenant: str) -> None:
        """Nothing to do: it is ended with the engine."""

    def start(self) -> None:
        """Start it, as every run needs it; see `Servers.start`."""
        self._server.backend.start()

    def warm(self) -> None:
        """Start all of it; see `Servers.warm`."""
        self._server.backend.warm(wanted=False)

    def settle(self, seconds: float) -> bool:
        """See `Backend.settle`."""
        return self._server.backend.settle(seconds)

    def train(self) -> bool:
        """See `Backend.train`."""
        return self._server.backend.train()

    def end(self) -> None:
        """End its process; its files stay until `close`."""
        self._server.backend.close()

    def close(self) -> None:
        """Remove its files, and end its process if it still runs."""
        self._server.close()


def surplus(idle_since: Mapping[str, float], busy: int, now: float) -> tuple[str, ...]:
    """Whose servers are to be ended, the longest idle ones first.

    Args:
        idle_since: of each server that no run uses, when its last run ended.
        busy: how many servers are in use.
        now: the time.
    """
    longest_first = sorted(idle_since, key=lambda tenant: idle_since[tenant])
    too_many = max(0, busy + len(idle_since) - MOST_KEPT)
    return tuple(
        tenant
        for place, tenant in enumerate(longest_first)
        if place < too_many or now - idle_since[tenant] >= IDLE_SECONDS
    )


class ServerPerTenant:
    """A server for each tenant, with files of its own.

    One starts when a run of its tenant first needs it. It is ended once no run has used it for
    `IDLE_SECONDS`, or earlier, the longest idle one first, while more than `MOST_KEPT` run. One that is in
    use is never ended, so at most as many run as tenants have runs in their turn, or `MOST_KEPT`.
    """

    def __init__(self, make: Callable[[], Server]) -> None:
        """Make none yet.

        Args:
            make: makes a server, which starts when it is first used.
        """
        self._make = make
        self._lock = threading.Lock()
        self._servers: dict[str, Server] = {}
        self._users: dict[str, int] = {}
        self._idle_since: dict[str, float] = {}
        self._timer: threading.Timer | None = None
        self._closed = False

    @property
    def tenants(self) -> frozenset[str]:
        """Whose servers there are."""
        with self._lock:
            return frozenset(self._servers)

    def take(self, tenant: str) -> Server:
        """The tenant's server, which may not be started yet."""
        with self._lock:
            if tenant not in self._servers:
                self._servers[tenant] = self._make()
                if self._closed:  # its user will hear of it
                    self._servers[tenant].backend.close()
            self._users[tenant] = self._users.get(tenant, 0) + 1
            self._idle_since.pop(tenant, None)
            server, ended = self._servers[tenant], self._drop_surplus()
        _end(ended)
        return server

    def give_back(self, tenant: str) -> None:
        """A run of the tenant ended."""
        with self._lock:
            self._users[tenant] -= 1
            if not self._users[tenant]:
                del self._users[tenant]
                self._idle_since[tenant] = time.monotonic()
            ended = self._drop_surplus()
        _end(ended)

    def start(self) -> None:
        """Nothing: no run needs all of them."""

    def warm(self) -> None:
        """Nothing, likewise."""

    def settle(self, seconds: float) -> bool:
        """See `Servers.settle`."""
        until = Deadline.after(seconds)
        with self._lock:
            servers = list(self._servers.values())
        return all(one.backend.settle(until.remaining()) for one in servers)

    def train(self) -> bool:
        """Begin for all of them, as they start alike, if one of those that there are would have gained."""
        with self._lock:
            servers = list(self._servers.values())
        return any(one.backend.train() for one in servers)

    def end(self) -> None:
        """End the processes of all."""
        with self._lock:
            self._closed = True
            servers = list(self._servers.values())
            self._idle_since.clear()
            self._plan_look()
        for server in servers:
            server.backend.close()

    def close(self) -> None:
        """Remove the files of all."""
        self.end()
        for server in list(self._servers.values()):
            server.close()

    def _drop_surplus(self) -> list[Server]:
        """Forget the servers to be ended, which whoever holds the lock does once it is released."""
        leaving = surplus(self._idle_since, len(self._users), time.monotonic())
        for tenant in leaving:
            del self._idle_since[tenant]
        self._plan_look()
        return [self._servers.pop(tenant) for tenant in leaving if tenant in self._servers]

    def _plan_look(self) -> None:
        """Look again when the next server will have been idle for too long."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._idle_since and not self._closed:
            next_look = min(self._idle_since.values()) + IDLE_SECONDS - time.monotonic()
            self._timer = threading.Timer(max(0.0, next_look), self._look)
            self._timer.daemon = True
            self._timer.start()

    def _look(self) -> None:
        with self._lock:
            ended = self._drop_surplus()
        _end(ended)


def _end(servers: list[Server]) -> None:
    """End servers aside: that takes a moment, for which no run waits."""
    for server in servers:
        threading.Thread(target=server.close, name="calcmetric-end-server", daemon=True).start()
