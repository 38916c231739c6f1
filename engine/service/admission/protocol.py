"""HTTP connections that say nothing, or never come to an end of what they say, are closed.

uvicorn keeps a connection that has sent no request for as long as its client likes. Here a request's head has
to come within some seconds, and then its body; and there are so many connections at most: of those that
wait for a request the one that is silent for longest makes room for a new one. New ones are taken a few at a
time, so that a flood of them leaves moments to requests.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

# asyncio takes so many waiting connections before it does anything else, and tells of the first, for which
# others make room, only then: with uvicorn's 2,048 a burst leaves no descriptor to anybody.
AT_ONCE: Final = 8
# The kernel lets so many wait; further ones try again after a second.
_WAITING: Final = 1_024


@dataclass(frozen=True, slots=True)
class _Peers:
    """The connections of one server.

    Attributes:
        most: how many may be open at a time.
        idle_seconds: how long one may take to send a request's head, and then its body.
        open_now: those that are open.
        silent: those that are waited for, the one that has been silent longest first.
    """

    most: int
    idle_seconds: float
    open_now: set[BoundedProtocol] = field(default_factory=set)
    silent: OrderedDict[BoundedProtocol, None] = field(default_factory=OrderedDict)


class BoundedProtocol(H11Protocol):
    """A connection. It is silent until it has sent a request as a whole, and after it is answered."""

    peers: ClassVar[_Peers]
    _timer: asyncio.TimerHandle | None = None
    _begun: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, and close a silent one for it, or itself if there is none."""
        super().connection_made(transport)
        self.peers.open_now.add(self)
        if len(self.peers.open_now) > self.peers.most:
            oldest = next(iter(self.peers.silent), self)
            oldest._drop()
        if self in self.peers.open_now:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._forget()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Read what has come; once that is a request as a whole, nobody waits for the client."""
        super().handle_events()
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or self not in self.peers.open_now:
            return
        if not cycle.more_body:
            self._answer()
        elif cycle is not self._begun:  # its head has come, and its body has as much time
            self._begun = cycle
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        if self in self.peers.open_now:
            self._wait()
        super().on_response_complete()

    def _wait(self) -> None:
        self.peers.silent.pop(self, None)
        self.peers.silent[self] = None
        self._cancel_timer()
        self._timer = self.loop.call_later(self.peers.idle_seconds, self._drop)

    def _answer(self) -> None:
        self.peers.silent.pop(self, None)
        self._cancel_timer()

    def _drop(self) -> None:
        self._forget()
        self.transport.abort()

    def _forget(self) -> None:
        self.peers.open_now.discard(self)
        self.peers.silent.pop(self, None)
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def make_protocol(connections: int, idle_seconds: float) -> type[BoundedProtocol]:
    """The class of protocols of a server.

    Args:
        connections: the most that are open at a time.
        idle_seconds: how long one may take to send a request's head, and then its body.
    """

    class ServerProtocol(BoundedProtocol):
        """A connection of this server."""

        peers = _Peers(connections, idle_seconds)

    return ServerProtocol


class Listener(Server):
    """A server that takes a few connections at once, while many may wait."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. asyncio has one number for both, so the kernel is told the other one afterwards."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                with socket.socket(fileno=os.dup(listening.fileno())) as same:
                    same.listen(_WAITING)


def raise_descriptors(wanted: int) -> None:
    """Let this process have more open files than the usual soft limit, as far as the hard one lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
