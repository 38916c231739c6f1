"""How far a process has come, and how long it is waited for where others keep it from the processors.

Seconds say nothing about a process that does not run: on a machine with forty busy processes a server that
needs a tenth of a second to answer answers after two. Linux tells both how long a thread has run and how long
it was ready to run while others did (`schedstat`). Of those seconds that a process is waited for, the ones
that others took from it do not count, up to a bound: nothing is waited for without end. A process that
neither runs, nor wants to, nor reads pages from the disk stands still, however busy the machine is.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# It wants less than this share of one processor: timers and the like go on in a program that hangs.
_STILL_SHARE: Final = 0.1
# How many times as long as on a machine with time for it something is waited for at most.
MOST_TIMES: Final = 10.0
# The niceness of what gives way: a sixty-eighth of the usual share, where somebody else wants it. At 15, and
# beside twelve processes that compute, one that asks and waits waited six times as long as at 19.
LOW: Final = 19
_LOOK_SECONDS: Final = 0.05
_SHORTEST_SECONDS: Final = 0.001
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_NANOSECONDS: Final = 1e9
_MOST_BYTES: Final = 4096  # of a line of numbers


@dataclass(frozen=True, slots=True)
class Effort:
    """What some processes had done at an instant.

    Attributes:
        at: the instant, in monotonic seconds.
        ran: processor seconds, those of ended threads included.
        waits: for each thread, the seconds in which it was ready to run but did not.
        pages: pages that had to be read from the disk before they could go on.
    """

    at: float
    ran: float = 0.0
    waits: Mapping[int, float] = field(default_factory=dict)
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What they did between two instants.

    Attributes:
        wall: the seconds between the instants.
        ran: the processor seconds that they used.
        waited: seconds in which threads were ready to run but did not, together.
        pages: pages read from the disk for them.
    """

    wall: float
    ran: float
    waited: float
    pages: int = 0


def spent(before: Effort, now: Effort) -> Spent:
    """What was done between two looks; threads that are gone take what they waited with them."""
    waited = sum(max(0.0, wait - before.waits.get(thread, 0.0)) for thread, wait in now.waits.items())
    return Spent(
        max(0.0, now.at - before.at), max(0.0, now.ran - before.ran), waited, max(0, now.pages - before.pages)
    )


def given_seconds(what: Spent, processors: int) -> float:
    """How many of the seconds the machine gave to somebody: all but those that others took from them.

    Args:
        what: of whom. With several threads the share of its wishes that one gets stands for all of them.
        processors: that they may use. Threads that wait for others of their own lose nothing to others.
    """
    wanted = what.ran + what.waited
    if wanted <= 0.0 or what.wall <= 0.0:
        return what.wall
    left_by_them = max(0.0, 1.0 - what.ran / (processors * what.wall))
    lost = min(what.waited / wanted, left_by_them)
    return what.wall - min(what.wall, wanted) * lost


def stands_still(what: Spent) -> bool:
    """Whether somebody does nothing although nobody keeps them from it."""
    return not what.pages and what.ran + what.waited < _STILL_SHARE * what.wall


class Grace:
    """Seconds that somebody is given: those that others take from them do not count, up to a bound.

    Thread-safe.
    """

    def __init__(
        self,
        seconds: float,
        look: Callable[[], Effort] | None = None,
        *,
        times: float = MOST_TIMES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now.

        Args:
            seconds: how many, on a machine that has time for them.
            look: what they have done so far; None for somebody of whom that is not known.
            times: how many times as many it is at most.
            clock: monotonic seconds.
        """
        self._seconds = seconds
        self._look = look
        self._clock = clock
        self._began = clock()
        self._most = self._began + seconds * (times if look is not None else 1.0)
        self._seen = None if look is None else look()
        self._lock = threading.Lock()
        self._given = 0.0
        self._look_at = self._began + seconds  # before that it cannot be over
        self._over = False

    def left(self) -> float:
        """Seconds that may pass before it can be over; 0 once it is."""
        with self._lock:
            now = self._clock()
            if not self._over and now >= self._look_at:
                self._update(now)
            return 0.0 if self._over else max(self._look_at - now, _SHORTEST_SECONDS)

    @property
    def starved(self) -> bool:
        """Whether it is over because of its bound, and others took from it what was missing."""
        return self._over and self._given < self._seconds and self._look is not None

    def _update(self, now: float) -> None:
        if self._look is None or self._seen is None:
            self._over = True
            return
        seen = self._look()
        self._given += given_seconds(spent(self._seen, seen), processors())
        self._seen = seen
        missing = self._seconds - self._given
        self._over = missing <= 0.0 or now >= self._most
        self._look_at = min(now + max(missing, _LOOK_SECONDS), self._most)


def look_at(processes: Iterable[int]) -> Effort:
    """What these processes have done so far; those that have ended count nothing."""
    at, ran, pages = time.monotonic(), 0.0, 0
    waits: dict[int, float] = {}
    for pid in processes:
        if (use := process_use(pid)) is None:
            continue
        ran += use.seconds
        pages += use.pages
        waits |= {thread: waited for thread, (_, waited) in thread_seconds(pid).items()}
    return Effort(at, ran, waits, pages)


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What a process has used so far.

    Attributes:
        seconds: of processors, by itself and in the kernel; those of ended threads included.
        pages: pages that had to be read from the disk before it could go on.
    """

    seconds: float
    pages: int


def process_use(pid: int) -> ProcessUse | None:
    """What a process has used; None if there is no such process."""
    try:
        # After its name, which may hold spaces and brackets, come the fields from the third on.
        fields = _told(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        return ProcessUse((int(fields[11]) + int(fields[12])) / _TICKS, int(fields[9]))
    except (OSError, ValueError, IndexError):
        return None


def thread_seconds(pid: int) -> dict[int, tuple[float, float]]:
    """How long each thread of a process ran, and was ready to run but did not; where the kernel counts it."""
    found = dict[int, tuple[float, float]]()
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            with contextlib.suppress(OSError, ValueError):  # it has just ended
                ran, waited = _told(f"{thread.path}/schedstat").split()[:2]
                found[int(thread.name)] = int(ran) / _NANOSECONDS, int(waited) / _NANOSECONDS
    return found


def _told(path: str) -> bytes:
    """What a file of the kernel's says; an engine has dozens of threads, and looks at all of them often."""
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(number, _MOST_BYTES)
    finally:
        os.close(number)


def tree(root: int) -> tuple[int, ...]:
    """A process and all below it."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        with contextlib.suppress(OSError, ValueError):  # it has just ended
            waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return tuple(found)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
