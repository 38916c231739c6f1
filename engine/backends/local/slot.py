"""Keeping the one server of a backend that runs: started when it is first needed, ended with its engine.

Starting takes seconds, or hangs: one thread does it, and whoever needs the server waits for that one, as long
as its own time allows.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from engine.backends.base import MOST_START_SECONDS, refuse_fork
from engine.backends.local.process import ServerProcess
from engine.context import QueryContext
from engine.endings import tell_ending
from engine.errors import EngineClosed
from engine.threads import SingleFlight

_END_SECONDS: Final = 10.0  # on closing, for a start that has just been ended


class Endable(Protocol):
    """A server that runs."""

    def end(self) -> None:
        """End it. Never raises; may be called twice."""
        ...


_S = TypeVar("_S", bound=Endable)


def _ignore(server: object) -> None:
    """For whoever has nothing to do once a server is kept."""


class _Held(Generic[_S]):
    """What runs, apart from all that knows it, so that a finalizer can end it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.server: _S | None = None

    def end(self) -> None:
        """End what runs; not from a forked child, which inherits finalizers and exits as well."""
        server, self.server = self.server, None
        if server is not None and os.getpid() == self.pid:
            server.end()


class ServerSlot(Generic[_S]):
    """Room for one server: it is started, kept, and ended. Thread-safe.

    It does not know its backend, which is let go of as soon as nobody uses it, and its server with it.

    Attributes:
        starting: the process that is being started; None: nothing is, or it is kept.
        is_closed: whether nothing is started any more.
    """

    def __init__(self, called: str) -> None:
        """Nothing runs yet.

        Args:
            called: the kind of server, for the log.
        """
        self.starting: ServerProcess | None = None
        self.is_closed = False
        self._called = called
        self._lock = threading.Lock()
        self._held = _Held[_S]()
        self._starts: SingleFlight[_S] = SingleFlight("calcmetric-server", lingers=MOST_START_SECONDS)
        self.finalize = weakref.finalize(self, self._held.end)

    @property
    def is_forked(self) -> bool:
        """Whether this is not the process that it was made in."""
        return os.getpid() != self._held.pid

    @property
    def running(self) -> _S | None:
        """What runs; None: nothing."""
        return self._held.server

    def usable(self) -> _S | None:
        """What runs; None: nothing, and it may be started.

        Raises:
            ForkedEngine: this is a fork of the process that it was made in.
            EngineClosed: it was closed.
        """
        refuse_fork(self._held.pid)
        with self._lock:
            if self.is_closed:
                raise EngineClosed("this backend is closed; make a new engine")
            return self._held.server

    def get(
        self, start: Callable[[], _S], context: QueryContext, on_kept: Callable[[_S], object] = _ignore
    ) -> _S:
        """What runs; it is started if need be.

        Args:
            start: starts one, tells `note_starting` of its process, and waits until it answers.
            context: of whoever asks.
            on_kept: told of one that was started and is kept; returns at once.

        Raises:
            ForkedEngine, EngineClosed: as `usable`.
            Interrupted: the time of whoever asks is over.
            BackendStartError: it cannot be started.
        """
        return self.usable() or self._starts.get(lambda _: self._start_and_keep(start, on_kept), context)

    def note_starting(self, process: ServerProcess) -> None:
        """A process was launched; it is ended if nobody wants it any more."""
        self.starting = process
        if self.is_closed:  # `close` may have come before there was anything to end
            process.end()

    def forget(self, server: _S, *, first: Callable[[], object] | None = None) -> bool:
        """Keep a server no longer, which the caller ends; the next use starts another.

        Args:
            server: the one that is given up.
            first: done before anybody else can know, if the server is kept.

        Returns:
            Whether it was kept.
        """
        with self._lock:
            if self._held.server is not server:
                return False
            if first is not None:
                first()
            self._held.server = None
            return True

    def close(self) -> None:
        """End what starts and what runs; start nothing any more. Never raises; may be called twice."""
        with self._lock:
            self.is_closed = True
        if (starting := self.starting) is not None:
            starting.end()  # so that whoever waits for its start stops waiting
        self._starts.wait_idle(_END_SECONDS)
        if self.running is not None:
            tell_ending(f"the {self._called}", "its engine is closed", level=logging.DEBUG)
        self.finalize()

    def _start_and_keep(self, start: Callable[[], _S], on_kept: Callable[[_S], object]) -> _S:
        """Start a server, unless another thread has just done that."""
        if (running := self.usable()) is not None:
            return running
        server = start()
        with self._lock:
            self.starting = None
            unwanted = self.is_closed or self._held.server is not None  # it was taken for hung
            if not unwanted:
                self._held.server = server
        if unwanted:
            tell_ending(f"a {self._called}", "another was started instead", level=logging.INFO)
            server.end()
            return self._start_and_keep(start, on_kept)
        on_kept(server)
        return server
