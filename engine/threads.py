"""Waiting for what another thread does, for as long as one's own time allows and no longer.

A call to a server may hang where no deadline reaches it: in a library, in the kernel, by a bug. So it is
made in a thread of its own, and whoever needs its answer waits beside it and can leave. A thread that hangs
is left to itself; it is a daemon, and keeps nothing but its own stack.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from engine.context import UNBOUNDED, QueryContext
from engine.errors import Interrupted

_T = TypeVar("_T")
_CHECK_SECONDS: Final = 0.1
_TRIES: Final = 3
# How threads are called that wait for object stores. Arrow waits for their requests at a process's end.
STORE_THREADS: Final = "calcmetric-store"


class _Spent(threading.local):
    """Processor time that other threads spent for this one."""

    seconds = 0.0


_spent = _Spent()


def hangs(name: str) -> bool:
    """Whether a thread is still at work whose name begins so."""
    return any(thread.name.startswith(name) for thread in threading.enumerate())


def thread_seconds() -> float:
    """Processor time of this thread, and of what it did by `on_own_stack`."""
    return time.thread_time() + _spent.seconds


def on_own_stack(work: Callable[[], object], name: str) -> None:
    """Do something in a thread of its own and wait for it, where the whole of Python's stack is free.

    Args:
        work: what to do; raises nothing.
        name: of the thread.
    """
    took: list[float] = []

    def run() -> None:
        try:
            work()
        finally:
            took.append(time.thread_time())

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join()
    _spent.seconds += sum(took)


class Pending(Generic[_T]):
    """Work in a daemon thread of its own, and what comes of it.

    Attributes:
        done: set once it has ended.
    """

    def __init__(self, work: Callable[[], _T], name: str) -> None:
        """Begin.

        Args:
            work: what to do.
            name: of the thread.
        """
        self.done = threading.Event()
        self._value: list[_T] = []
        self._error: BaseException | None = None
        threading.Thread(target=self._run, args=(work,), name=name, daemon=True).start()

    def wait(self, context: QueryContext = UNBOUNDED) -> _T:
        """What the work returns, or raise what it raised.

        Args:
            context: of who waits.

        Raises:
            Interrupted: it has not ended in time, and goes on.
        """
        context.wait(self.done)
        return self.result()

    def result(self) -> _T:
        """The same once it is done."""
        if self._error is not None:
            raise self._error
        return self._value[0]

    def _run(self, work: Callable[[], _T]) -> None:
        try:
            self._value.append(work())
        except BaseException as error:
            self._error = error
        finally:
            self.done.set()


def beside(work: Callable[[], _T], check: Callable[[], None], name: str) -> _T:
    """Do something in a thread of its own, which is left to itself once nobody may wait for it.

    Args:
        work: what to do.
        check: called now and then; what it raises ends the waiting.
        name: of the thread.
    """
    pending = Pending(work, name)
    while not pending.done.wait(_CHECK_SECONDS):
        check()
    return pending.result()


class SingleFlight(Generic[_T]):
    """What many need and one does: all wait for one thread, each for as long as it has time. Thread-safe.

    The work belongs to none of those who wait, so that one who leaves takes nothing from the others. What it
    gives or raises is handed to all who wait then; it is not kept, and who comes later begins anew.
    """

    def __init__(self, name: str, *, lingers: float = 0.0) -> None:
        """Do nothing yet.

        Args:
            name: of the threads.
            lingers: for how many seconds from its beginning the work goes on for those who come later, even
                while nobody waits; then it counts as hung. 0: what nobody waits for is told so, and dropped.
        """
        self._name = name
        self._lingers = lingers
        self._lock = threading.Lock()
        self._flight: _Flight[_T] | None = None

    def get(self, work: Callable[[threading.Event], _T], context: QueryContext) -> _T:
        """Do the work, or wait for it as another has begun it.

        Args:
            work: gets an event that is set once nobody waits for it any more.
            context: of this waiter.

        Raises:
            Interrupted: this waiter's time is over, or the work was stopped again and again.
        """
        for last in (*[False] * (_TRIES - 1), True):
            flight = self._join(work)
            try:
                return flight.pending.wait(context)
            except Interrupted:
                context.check()  # else it ended for want of somebody else's time
                if last:
                    raise
            finally:
                self._leave(flight)
        raise AssertionError("unreachable")

    def wait_idle(self, seconds: float) -> None:
        """Wait until nothing is done any more, so many seconds at most."""
        if (flight := self._flight) is not None:
            flight.pending.done.wait(seconds)

    def _join(self, work: Callable[[threading.Event], _T]) -> _Flight[_T]:
        with self._lock:
            flight = self._flight
            if flight is None or not flight.may_join(self._lingers):
                flight = self._flight = _Flight(work, self._name)
            flight.waiters += 1
            return flight

    def _leave(self, flight: _Flight[_T]) -> None:
        with self._lock:
            flight.waiters -= 1
            if not flight.waiters and not self._lingers:
                flight.unwanted.set()


class _Flight(Generic[_T]):
    """One doing of the work."""

    def __init__(self, work: Callable[[threading.Event], _T], name: str) -> None:
        self.unwanted = threading.Event()
        self.waiters = 0
        self._began = time.monotonic()
        self.pending = Pending(lambda: work(self.unwanted), name)

    def may_join(self, lingers: float) -> bool:
        """Whether one who comes now may wait for it."""
        hangs = bool(lingers) and time.monotonic() - self._began > lingers
        return not (self.pending.done.is_set() or self.unwanted.is_set() or hangs)
