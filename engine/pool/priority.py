"""Workers that compute all the time give way: to the engine, to its servers, and to workers that mostly ask.

Each worker is a session of its own, between which Linux shares the processors evenly where it groups by
session (autogroups), and not at all where it does not: a guest with thirty threads then has thirty parts. The
kernel sees neither tenants nor whose query a server computes. So a thread looks at the processor time that
workers want, and lowers the priority of those that want much for as long as they do. What they do not leave
to others they still use: nothing is ever held back on a machine that has nothing else to do.

Wanted is what a worker uses and what it waits for while it could run: of many that compute all the time on
few processors each uses little. Beside those also one that mostly asks waits for long, and would seem to want
much; so it gives way only once it has computed for a while, and no longer where it stops by itself again and
again after moments of work. Where several tenants are at work, a further worker of one that wants much has no
such while: who has a source compiled again and again would always have one that began just now.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from engine.effort import LOW, process_use, thread_seconds

_LOOK_SECONDS: Final = 0.1
# Parts of a processor: above the first a worker gives way, below the second no longer.
MUCH: Final = 0.5
LITTLE: Final = 0.25
# What it may use, of such a stretch, before it gives way.
BURST_SECONDS: Final = 0.1
# How often one that gives way is looked at for whether it mostly waits: then it uses so little between stops.
TRIAL_SECONDS: Final = 1.0
MOMENT_SECONDS: Final = 0.02
# Of how many processors a tenant's workers want all the time, before it has no further bursts; over how many
# seconds that is remembered, and for how many after its last worker a tenant is at work.
HEAVY: Final = 1.0
MEMORY_SECONDS: Final = 5.0
_LATELY_SECONDS: Final = 10.0


class Watched(Protocol):
    """A process whose priority is looked after."""

    @property
    def pid(self) -> int | None:
        """Its id here; None once it has ended."""


class Demand:
    """How much the workers of each tenant want. Pure, and not thread-safe."""

    def __init__(self) -> None:
        """Nobody has wanted any."""
        self._wanted: dict[str, tuple[float, float]] = {}

    def add(self, tenant: str, seconds: float, now: float) -> None:
        """A worker of a tenant is there, and has wanted so many processor seconds more."""
        self._wanted = {
            name: (wanted, at) for name, (wanted, at) in self._wanted.items() if now - at < _LATELY_SECONDS
        }
        self._wanted[tenant] = self._left(tenant, now) + seconds, now

    def is_heavy(self, tenant: str, now: float) -> bool:
        """Whether a tenant wants much while others are at work, too."""
        others = any(name != tenant and now - at < _LATELY_SECONDS for name, (_, at) in self._wanted.items())
        return others and self._left(tenant, now) > HEAVY * MEMORY_SECONDS

    def _left(self, tenant: str, now: float) -> float:
        wanted, at = self._wanted.get(tenant, (0.0, now))
        return wanted * math.exp(min(0.0, at - now) / MEMORY_SECONDS)


class Priorities:
    """Looks after the priority of processes until they end. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[Watched, _Case] = {}
        self._demand = Demand()
        self._running = False

    def watch(self, process: Watched, tenant: str = "") -> None:
        """Look after a process from now on.

        Args:
            process: which; it has just begun.
            tenant: whose it is.
        """
        case = _Case(tenant, PriorityState())
        with self._lock:
            now = time.monotonic()
            self._demand.add(tenant, 0.0, now)
            heavy = self._demand.is_heavy(tenant, now)
        if heavy and (pid := process.pid) is not None:
            case.priority.low = _set_niceness(pid, low=True)
        with self._lock:
            self._watched[process] = case
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="calcmetric-priority", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                watched = list(self._watched.items())
            gone = [one for one, case in watched if not self._look(one, case)]  # while others may be added
            with self._lock:
                for one in gone:
                    del self._watched[one]
                if not self._watched:
                    self._running = False
                    return

    def _look(self, process: Watched, case: _Case) -> bool:
        """Look at a process once, and set its priority; False if it has ended."""
        pid, priority = process.pid, case.priority
        seen = None if pid is None else _see(pid)
        if pid is None or seen is None:
            return False
        with self._lock:
            heavy = self._demand.is_heavy(case.tenant, seen.at)
        before = priority.low
        after = priority.update(seen, heavy=heavy)
        with self._lock:
            self._demand.add(case.tenant, priority.wanted, seen.at)
        if after != before and not _set_niceness(pid, low=after):
            priority.low = before  # the next look tries it again
        return True


@dataclass(frozen=True, slots=True)
class ProcessTimes:
    """What a look at a process finds; all numbers count from its start.

    Attributes:
        at: the time.
        used: processor seconds, of all its threads.
        wanted: of each thread by its number, the seconds that it ran or waited to run.
        stops: how often its first thread waited for something else by itself.
    """

    at: float
    used: float
    wanted: Mapping[int, float]
    stops: int


class PriorityState:
    """Whether a process is to give way, from looks at it. Pure.

    Attributes:
        low: whether it is.
        wanted: the processor seconds that it wanted between the last two looks.
    """

    def __init__(self) -> None:
        self.low = False
        self.wanted = 0.0
        self._last: ProcessTimes | None = None
        self._burst = 0.0
        self._trial: ProcessTimes | None = None

    def update(self, seen: ProcessTimes, *, heavy: bool = False) -> bool:
        """Take the next look into account; return whether the process is to give way from now on.

        Args:
            seen: the look.
            heavy: whether its tenant wants much, so that it has no burst.
        """
        last, self._last = self._last, seen
        if last is None:
            return self.low
        used = seen.used - last.used
        # Threads that have ended are counted in what was used only.
        wanted = sum(max(0.0, one - last.wanted.get(number, 0.0)) for number, one in seen.wanted.items())
        self.wanted = max(used, wanted)
        part = self.wanted / (seen.at - last.at)
        if part < LITTLE:
            self.low, self._burst = False, 0.0
            return False
        self._burst += used
        if not self.low and part > MUCH and (heavy or self._burst > BURST_SECONDS):
            self.low, self._trial = True, seen
        elif self.low and not heavy and self._mostly_waits(seen):
            self.low, self._burst = False, 0.0
        return self.low

    def _mostly_waits(self, seen: ProcessTimes) -> bool:
        """Whether it wants much only because others do not let it run; looked at now and then."""
        trial = self._trial = self._trial or seen
        seconds, used, stops = seen.at - trial.at, seen.used - trial.used, seen.stops - trial.stops
        if seconds < TRIAL_SECONDS:
            return False
        self._trial = seen
        return used < LITTLE * seconds and used < MOMENT_SECONDS * stops


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known of a process that is looked after."""

    tenant: str
    priority: PriorityState


def _see(pid: int) -> ProcessTimes | None:
    """Look at a process; None if there is no such process."""
    if (use := process_use(pid)) is None:
        return None
    wanted = {thread: ran + waited for thread, (ran, waited) in thread_seconds(pid).items()}
    return ProcessTimes(time.monotonic(), use.seconds, wanted, _stops(pid))


def _stops(pid: int) -> int:
    """How often the first thread of a process waited by itself; 0 if that is not told."""
    with contextlib.suppress(OSError, ValueError):
        told = Path(f"/proc/{pid}/status").read_bytes().partition(b"\nvoluntary_ctxt_switches:")[2]
        return int(told.split(None, 1)[0]) if told else 0
    return 0


def _set_niceness(pid: int, *, low: bool) -> bool:
    """Set the niceness of each thread and of the session's group; False if that is to be tried again.

    Both, as only one of them counts, depending on whether the kernel groups by session here. Threads have the
    engine's own otherwise, and groups none, as the kernel makes them. Without privileges a thread's niceness
    cannot be taken back, and groups' are set ten times a second at most.
    """
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        if os.getsid(pid) != pid:  # just forked, it still is in the group of whoever forks all of them
            return False
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), max(LOW, usual) if low else usual)
    try:
        Path(f"/proc/{pid}/autogroup").write_text(str(LOW if low else 0))
    except FileNotFoundError:  # this kernel makes none, or the process has ended
        return True
    except OSError:
        return False
    return True
