"""Workers that compute all the time give way: to the engine, to its servers, and to workers that mostly ask.

Each worker is a session of its own, between which Linux shares the processors evenly where it groups by
session (autogroups), and not at all where it does not: a guest with thirty threads then has thirty parts. The
kernel sees neither tenants nor whose query a server computes. So a thread looks at the processor time that
workers use, and lowers the priority of those that use much for as long as they do. What they do not leave to
others they still use: nothing is ever held back on a machine that has nothing else to do.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Final, Protocol

LOW: Final = 15  # a twenty-eighth of the usual share, where somebody else wants it
_LOOK_SECONDS: Final = 0.1
# Parts of a processor: above the first a worker gives way, below the second no longer.
_MUCH: Final = 0.5
_LITTLE: Final = 0.25
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Watched(Protocol):
    """A process whose priority is looked after."""

    @property
    def pid(self) -> int | None:
        """Its id here; None once it has ended."""


class Priorities:
    """Looks after the priority of processes until they end. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[Watched, _State] = {}
        self._running = False

    def watch(self, process: Watched) -> None:
        """Look after a process from now on."""
        with self._lock:
            self._watched[process] = _State()
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="calcmetric-priority", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                watched = list(self._watched.items())
            gone = [one for one, state in watched if not _look(one, state)]  # while others may be added
            with self._lock:
                for one in gone:
                    del self._watched[one]
                if not self._watched:
                    self._running = False
                    return


class _State:
    """What was seen of a process last."""

    def __init__(self) -> None:
        self.low = False
        self.used = 0.0
        self.at: float | None = None


def _look(process: Watched, state: _State) -> bool:
    """Look at a process once, and set its priority; False if it has ended."""
    pid = process.pid
    used = None if pid is None else _processor_seconds(pid)
    if pid is None or used is None:
        return False
    now = time.monotonic()
    if state.at is not None:
        part = (used - state.used) / (now - state.at)
        if part > _MUCH and not state.low:
            state.low = _set_niceness(pid, LOW)
        elif part < _LITTLE and state.low:
            state.low = not _set_niceness(pid, 0)
    state.used, state.at = used, now
    return True


def _processor_seconds(pid: int) -> float | None:
    """What a process has used, of all its threads; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _set_niceness(pid: int, niceness: int) -> bool:
    """Set the niceness of each thread and of the session's group; False if the group's is to be tried again.

    Both, as only one of them counts, depending on whether the kernel groups by session here. Without
    privileges a thread's niceness cannot be taken back, and groups' are set ten times a second at most.
    """
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)
    try:
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))
    except FileNotFoundError:  # this kernel makes none, or the process has ended
        return True
    except OSError:
        return False
    return True
