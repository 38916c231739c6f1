"""The engine's handle on one worker: its channel, and a pidfd that can only ever mean this process."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.effort import Effort, Grace, look_at, process_use
from engine.endings import tell_ending
from sandbox.contract.framing import WORKER_CAPS, Channel

_END_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class WorkerEnd:
    """How a worker ended.

    Attributes:
        status: the wait status of waitpid(2).
        peak_bytes: largest resident size.
        cpu_seconds: processor time.
    """

    status: int
    peak_bytes: int
    cpu_seconds: float

    @property
    def signal(self) -> int:
        """The signal that ended it, or 0."""
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0

    @property
    def exit_code(self) -> int:
        """Its exit code, or -1 if a signal ended it."""
        return os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else -1


class Worker:
    """One worker process. `kill` may be called from any thread.

    Attributes:
        science: whether it was forked with scipy and statsmodels.
    """

    def __init__(self, sock: socket.socket, parent: int | None = None) -> None:
        """Take over a worker's channel.

        Args:
            sock: our end.
            parent: the process that tells of its end, if it is known.
        """
        self.channel = Channel(sock, WORKER_CAPS)
        self.science = False
        self._parent = parent
        self._pidfd: int | None = None
        self._pid: int | None = None
        self._ended = threading.Event()
        self._end: WorkerEnd | None = None
        self._lock = threading.Lock()

    @property
    def has_ended(self) -> bool:
        """Whether the zygote reported its end."""
        return self._ended.is_set()

    def adopt(self, pidfd: int) -> None:
        """Take ownership of the pidfd that the zygote sent."""
        self._pidfd, self._pid = pidfd, _pid_of(pidfd)

    def mark_ended(self, end: WorkerEnd) -> None:
        """The zygote reported its end."""
        self._end = end
        self._ended.set()
        self._release()

    def kill(self, reason: str, *, level: int = logging.INFO) -> None:
        """End it at once. Harmless if it has ended.

        Args:
            reason: for the log.
            level: of the log.
        """
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._pidfd is not None:
                tell_ending(f"worker {_pid_of(self._pidfd)}", reason, level=level)
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def grace(self, seconds: float) -> Grace:
        """Seconds for it and for whoever tells of its end; see `Grace`."""
        return Grace(seconds, self._look)

    def _look(self) -> Effort:
        return look_at(pid for pid in (self.pid, self._parent, os.getpid()) if pid is not None)

    def wait_end(self) -> WorkerEnd:
        """Wait for its end, which must be near: it was killed, or closed its channel."""
        if not self._waited_for_end():
            self.kill("it closed its channel, and goes on", level=logging.WARNING)
            self._waited_for_end()
        return self._end or WorkerEnd(int(signal.SIGKILL), 0, 0.0)

    def _waited_for_end(self) -> bool:
        grace = self.grace(_END_SECONDS)
        while (left := grace.left()) > 0:
            if self._ended.wait(left):
                return True
        return False

    @property
    def pid(self) -> int | None:
        """Its process id here, or None once it has ended."""
        with self._lock:
            return None if self._pidfd is None or _has_exited(self._pidfd) else self._pid

    def read_peak(self) -> int:
        """Its largest resident size so far, in bytes; 0 if it is gone before anything is known.

        From the kernel while it runs, so that nobody has to wait for its end to know.
        """
        with self._lock:
            if self._end is not None:
                return self._end.peak_bytes
            return 0 if self._pidfd is None else _resident_peak(self._pidfd)

    def read_seconds(self) -> float:
        """Its processor time so far, or in all if it has ended; 0 if it is gone before anything is known."""
        with self._lock:
            if self._end is not None:
                return self._end.cpu_seconds
            return 0.0 if self._pidfd is None else _processor_seconds(self._pidfd)

    def close(self, reason: str = "") -> None:
        """Kill it if it runs, and close the channel. Never raises.

        Args:
            reason: for the log; empty if its work is done.
        """
        if reason:
            self.kill(reason)
        else:
            self.kill("its work is done", level=logging.DEBUG)
        self.channel.close()

    def _release(self) -> None:
        with self._lock:
            if self._pidfd is not None:
                os.close(self._pidfd)
                self._pidfd = None


def _has_exited(pidfd: int) -> bool:
    """Whether the process behind a pidfd has exited: from then on its id may name another."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def _resident_peak(pidfd: int) -> int:
    """The kernel's high-water mark of the process behind a pidfd, whose id names it in this namespace."""
    try:
        return int(_status_fields(f"/proc/{_pid_of(pidfd)}/status")["VmHWM"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return 0


def _processor_seconds(pidfd: int) -> float:
    """The processor time of the process behind a pidfd; 0 if there is none any more."""
    pid = _pid_of(pidfd)
    use = None if pid is None else process_use(pid)
    return 0.0 if use is None else use.seconds


def _pid_of(pidfd: int) -> int | None:
    try:
        pid = int(_status_fields(f"/proc/self/fdinfo/{pidfd}")["Pid"])
    except (OSError, KeyError, ValueError):
        return None
    return pid if pid > 0 else None


def _status_fields(path: str) -> dict[str, str]:
    lines = Path(path).read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
