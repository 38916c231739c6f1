"""The engine's handle on one zygote process: start it, ask it for workers, learn of their ends.

Adapter. A thread reads the zygote's packets; callers wait on events. The zygote is started with exec,
an empty environment and its own session, so that it shares neither memory nor Ctrl-C with the host.
When it dies all its workers die with it, and the next `fork_worker` on the pool starts another.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from engine.effort import Effort, Grace, look_at, tree
from engine.endings import tell_ending
from engine.errors import CalcmetricError, IsolationError
from engine.failures import describe
from engine.packages import PACKAGES
from engine.pool.worker import Worker, WorkerEnd
from sandbox.contract.control import (
    Exited,
    Forked,
    ForkRequest,
    IsolationLevel,
    LoadScience,
    Ready,
    ScienceLoaded,
    ZygoteOptions,
    receive_packet,
    send_packet,
)
from sandbox.contract.framing import ChannelClosed, ChannelGarbage

logger = logging.getLogger(__name__)

_START_SECONDS: Final = 120.0
_START_TIMES: Final = 5.0
_FORK_SECONDS: Final = 30.0
_END_SECONDS: Final = 2.0

# One thread for every math library: a worker is one share of the machine, and forks must be cheap.
_ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/nonexistent",
    "PYTHONHASHSEED": "0",  # sums over sets must not depend on the process
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    # Arrow's own allocator takes 1 GiB at a time, and tries again for ever where memory_bytes is just that.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # Not used then, and still it would start a thread when it is loaded.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "SPARK_CONNECT_MODE_ENABLED": "1",
    "SNOWFLAKE_DISABLE_MINICORE": "true",
}


class ZygoteDied(CalcmetricError):
    """The zygote ended while it was needed; the pool starts another."""


class Zygote:
    """One zygote process. Thread-safe."""

    def __init__(self, options: ZygoteOptions) -> None:
        """Start the process; `wait_ready` waits for it."""
        self._lock = threading.Lock()
        self._workers: dict[int, Worker] = {}
        self._forked: dict[int, tuple[threading.Event, list[str]]] = {}
        self._next_worker = 0
        self._ready = threading.Event()
        self._answer: Ready | None = None
        self._science_asked = options.science
        self._science_answered = threading.Event()
        self._science_failure = ""
        if options.science:
            self._science_answered.set()
        self.alive = True
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "sandbox.zygote", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=program_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                start_new_session=True,
            )
        with contextlib.suppress(ChannelClosed):
            send_packet(ours, options)
        self._reader = threading.Thread(target=self._read, name="calcmetric-zygote", daemon=True)
        self._reader.start()

    def wait_ready(self) -> IsolationLevel:
        """Wait until it is preloaded; return the isolation level that it reached.

        Raises:
            IsolationError: it could not confine itself, or did not start.
        """
        self._wait_for(self._ready, "start")
        answer = self._answer
        if answer is None:
            raise IsolationError(f"the sandbox process ended while it started: {self._last_words()}")
        if answer.failure:
            raise IsolationError(answer.failure)
        return answer.level

    def load_science(self) -> None:
        """Have it load scipy and statsmodels, once it is ready and unless it has; wait for that.

        Raises:
            ZygoteDied: there is no zygote any more.
            IsolationError: they cannot be loaded; it ends.
        """
        with self._lock:
            asked, self._science_asked = self._science_asked, True
        if not asked:
            with contextlib.suppress(ChannelClosed):  # its death is told as below
                send_packet(self._control, LoadScience())
        self._wait_for(self._science_answered, "load its libraries")
        if self._science_failure:
            raise IsolationError(self._science_failure)
        if not self.alive:
            raise ZygoteDied("the sandbox process ended")

    def _wait_for(self, event: threading.Event, what: str) -> None:
        """Wait for something that takes seconds, or a minute on a machine that is busy."""
        grace, began = Grace(_START_SECONDS, self._look, times=_START_TIMES), time.monotonic()
        while (left := grace.left()) > 0:
            if event.wait(left):
                return
        seconds = time.monotonic() - began
        self.close(f"it does not {what}", level=logging.WARNING)
        raise IsolationError(f"the sandbox process did not {what} within {seconds:.0f} seconds")

    def fork_worker(self, memory_bytes: int, cpu_seconds: int) -> Worker:
        """Fork a worker; it confines itself before it reads its channel.

        Raises:
            ZygoteDied: there is no zygote any more, or it could not fork.
        """
        ours, theirs = socket.socketpair()
        event, failure = threading.Event(), list[str]()
        with theirs, self._lock:
            number = self._next_worker
            self._next_worker += 1
            worker = self._workers[number] = Worker(ours, self._process.pid)
            self._forked[number] = event, failure
            try:
                if not self.alive:
                    raise ChannelClosed("the zygote has ended")
                send_packet(self._control, ForkRequest(number, memory_bytes, cpu_seconds), (theirs.fileno(),))
            except ChannelClosed as error:
                del self._workers[number], self._forked[number]
                worker.close()
                raise ZygoteDied(str(error)) from None
        grace = Grace(_FORK_SECONDS, self._look)
        while (left := grace.left()) > 0:
            if event.wait(left):
                break
        with self._lock:
            del self._forked[number]
        if failure or not event.is_set():
            worker.close("it could not be forked")
            if not failure:  # whoever asks next gets another
                self.close("it does not answer when asked for a worker", level=logging.WARNING)
            raise ZygoteDied(failure[0] if failure else "the sandbox process does not answer")
        return worker

    def _look(self) -> Effort:
        """What it has done so far, and this process, which has to hear it."""
        return look_at((*tree(self._process.pid), os.getpid()))

    def close(self, reason: str, *, level: int) -> None:
        """End the zygote and all its workers. Never raises.

        Args:
            reason: for the log.
            level: of the log.
        """
        tell_ending(f"the sandbox process {self._process.pid}", reason, level=level)
        self.alive = False
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if threading.current_thread() is not self._reader:
            self._reader.join(_END_SECONDS)
        self._stderr.close()

    def _read(self) -> None:
        try:
            while True:
                packet, descriptors = receive_packet(self._control)
                self._handle(packet, descriptors)
        except (ChannelClosed, ChannelGarbage):
            pass
        except Exception as error:
            logger.error("the sandbox process sent what was not expected; it is ended: %s", describe(error))
        finally:
            self._handle_death()

    def _handle(self, packet: object, descriptors: list[int]) -> None:
        match packet:
            case Ready():
                self._answer = packet
                self._ready.set()
            case ScienceLoaded(failure=failure):
                self._science_failure = failure
                self._science_answered.set()
            case Forked(worker=number, failure=failure, science=science):
                with self._lock:
                    waiting = self._forked.get(number)
                    worker = self._workers[number] if not failure else self._workers.pop(number)
                worker.science = science
                if descriptors:
                    worker.adopt(descriptors.pop())
                if waiting is not None:
                    event, failures = waiting
                    failures.extend([failure] if failure else [])
                    event.set()
            case Exited(worker=number, status=status, peak_bytes=peak, cpu_milliseconds=cpu):
                with self._lock:
                    worker = self._workers.pop(number)
                worker.mark_ended(WorkerEnd(status, peak, cpu / 1000))
        for descriptor in descriptors:
            os.close(descriptor)

    def _handle_death(self) -> None:
        self.alive = False
        with self._lock:
            self._control.close()
            workers, self._workers = list(self._workers.values()), {}
            waiting = list(self._forked.values())
        for worker in workers:
            worker.mark_ended(WorkerEnd(int(signal.SIGKILL), 0, 0.0))
        for event, failures in waiting:
            failures.append("the sandbox process ended")
            event.set()
        self._ready.set()
        self._science_answered.set()

    def _last_words(self) -> str:
        try:
            self._process.wait(_END_SECONDS)
            self._stderr.seek(0)
            lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        except (subprocess.TimeoutExpired, ValueError):  # it hangs, or was closed meanwhile
            lines = []
        return lines[-1] if lines else f"exit status {self._process.returncode}"


def program_environment() -> dict[str, str]:
    """The whole environment of a program of `sandbox`: nothing of the host's but where packages are."""
    environment = {**_ENVIRONMENT, "PYTHONPATH": os.pathsep.join((str(PACKAGES), *_folders_of_packages()))}
    if site.ENABLE_USER_SITE:
        environment["PYTHONUSERBASE"] = site.getuserbase()
    return environment


def _folders_of_packages() -> list[str]:
    """Folders that packages were installed into, and that a program finds only if it is told of them."""
    found = {
        *site.getsitepackages(),
        site.getusersitepackages(),
        *map(sysconfig.get_path, ("purelib", "platlib")),
    }
    return [
        entry
        for entry in sys.path
        if Path(entry).is_absolute()
        and entry not in found
        and next(Path(entry).glob("*.dist-info"), None) is not None
    ]
