"""The zygote: a single-threaded process, preloaded with the libraries, from which workers are forked.

Started by the engine as a fresh program with an empty environment: `python -m sandbox.zygote FD`, where
FD is one end of a SOCK_SEQPACKET socketpair. It never holds a secret, because workers inherit its
memory. It starts no thread: a zygote that had run threaded work before forking once gave a child that hung.

Over FD (`sandbox.contract.control`) the engine asks for a fork and hands over the worker's channel; the
zygote answers with the worker's pidfd, and later reports its end. When the engine goes away, in
whatever manner, FD reads end of file and everything here ends, at once even while libraries load.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import re
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Final, NoReturn

from sandbox.confine import ConfinementError, Level, Prepared, confine_worker, enter_jail, prepare, self_check
from sandbox.confine.namespaces import STATUS_FILE
from sandbox.contract.control import (
    CONFINEMENT_FAILED,
    Exited,
    Forked,
    ForkRequest,
    Ready,
    ZygoteOptions,
    receive_packet,
    send_packet,
)
from sandbox.contract.framing import ENGINE_CAPS, Channel, ChannelClosed


class Zygote:
    """The loop of the zygote: fork on request, report ends."""

    def __init__(self, control: socket.socket, prepared: Prepared | None) -> None:
        self._control = control
        self._prepared = prepared
        self._children: dict[int, tuple[int, int]] = {}  # pidfd -> (worker, pid)
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Serve until the engine goes away, then end every worker."""
        try:
            while True:
                for descriptor, _ in self._poll.poll():
                    if descriptor in self._children:
                        self._report_end(descriptor)
                    else:
                        self._handle_request()
        except ChannelClosed:
            self._kill_all()

    def _handle_request(self) -> None:
        request, descriptors = receive_packet(self._control)
        if not isinstance(request, ForkRequest) or len(descriptors) != 1:
            raise ChannelClosed("the engine sent something that is no fork request")
        channel = descriptors[0]
        try:
            pid = os.fork()
        except OSError as error:
            os.close(channel)
            send_packet(self._control, Forked(request.worker, error.strerror or "fork failed"))
            return
        if pid == 0:
            _become_worker(request, channel, self._control, self._prepared)
        os.close(channel)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = (request.worker, pid)
        self._poll.register(pidfd, select.POLLIN)
        send_packet(self._control, Forked(request.worker, ""), (pidfd,))

    def _report_end(self, pidfd: int) -> None:
        worker, pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        _, status, usage = os.wait4(pid, 0)
        os.close(pidfd)
        cpu = int((usage.ru_utime + usage.ru_stime) * 1000)
        send_packet(self._control, Exited(worker, status, usage.ru_maxrss * 1024, cpu))

    def _kill_all(self) -> None:
        for pidfd, (_, pid) in self._children.items():
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitpid(pid, 0)


def _become_worker(
    request: ForkRequest, descriptor: int, control: socket.socket, prepared: Prepared | None
) -> NoReturn:
    """In the forked child: confine, check, run. Never returns into the zygote's stack."""
    status = 1
    try:
        control.close()
        if prepared is not None:
            confine_worker(
                prepared,
                channel_fd=descriptor,
                memory_bytes=request.memory_bytes,
                cpu_seconds=request.cpu_seconds,
            )
            self_check()
        from sandbox.worker import run_worker

        status = run_worker(Channel(socket.socket(fileno=descriptor), ENGINE_CAPS))
    except ConfinementError:
        status = CONFINEMENT_FAILED
    finally:
        os._exit(status)


# What metrics import, and what those libraries import late: each fork then has it for free, and imports
# that need more than a worker may do (some probe the processor with executable memory) are behind us.
_PRELOADED: Final = (
    "sandbox.worker",
    "numpy.fft",
    "numpy.linalg",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.random",
    "pandas.core.computation.expressions",
    "pyarrow.compute",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.signal",
    "scipy.spatial",
    "scipy.special",
    "scipy.stats",
    "statsmodels.stats.proportion",
    "zoneinfo",
)
_SPARK: Final = ("pyspark.sql.connect.functions", "pyspark.sql.functions")
_SNOWPARK: Final = ("snowflake.snowpark.functions",)

# What those libraries import if the host happens to have it, and why they do not find it here.
_ABSENT: Final = {
    "polars": "statsmodels imports it for a type, and it starts threads",
    "numexpr": "pandas computes with it, which starts threads, and gives other last digits",
    "bottleneck": "pandas sums with it, which gives other last digits from host to host",
    "numba": "pandas and statsmodels look for it; it compiles, which takes executable memory",
}


def _preload(options: ZygoteOptions) -> None:
    """Import what workers use, and use it once. Nothing here may start a thread."""
    hidden = {name: None for name in _ABSENT if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # None: importing it fails
    further = (_SPARK if options.spark else ()) + (_SNOWPARK if options.snowpark else ())
    for name in _PRELOADED + further:
        importlib.import_module(name)
    client = importlib.import_module("sandbox.worker").load_client(snowpark=not options.spark)
    client.prepare()
    importlib.import_module("sandbox.rehearsal").rehearse(client, snowpark=not options.spark)
    for name in hidden:  # a site may allow it to its metrics; a worker that imports it is a fork already
        del sys.modules[name]
    _hide_origins()
    _refuse_threads()


def _refuse_threads() -> None:
    """Only the thread that forks lives on in a worker; what others held when it was forked stays held.

    Raises:
        ConfinementError: there are others.
    """
    found = re.search(r"^Threads:\s*(\d+)$", Path(STATUS_FILE).read_text("ascii"), re.MULTILINE)
    if found is None or found[1] != "1":
        count = "an unknown number of" if found is None else found[1]
        raise ConfinementError(
            f"the sandbox process has {count} threads after loading its libraries, so forks of it may hang; "
            "one of the installed packages starts them when it is imported"
        )


def _hide_origins() -> None:
    """Let modules show themselves by their name alone: where they are tells of the host and its users."""
    vars(sys.modules["_frozen_importlib"])["_module_repr"] = lambda module: f"<module {module.__name__!r}>"


def _end_by_signal(control: socket.socket) -> None:
    """Have the kernel end this process, and what it forks, when anything happens on the socket.

    While libraries load nobody looks at it, for seconds, and all that can happen is that the engine goes
    away. SIGIO is meant for this process even if a jail's first process, which ignores it, takes over: that
    one dies with this.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # whoever started the engine may ignore it
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(control, fcntl.F_SETFL, fcntl.fcntl(control, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([control], [], [], 0)[0]:
        sys.exit("the engine went away")


def _end_by_reading(control: socket.socket) -> None:
    """Take `_end_by_signal` back: from now on every event is read."""
    fcntl.fcntl(control, fcntl.F_SETFL, fcntl.fcntl(control, fcntl.F_GETFL) & ~os.O_ASYNC)


def main() -> None:
    """Start, report readiness, serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    options, _ = receive_packet(control)
    if not isinstance(options, ZygoteOptions):
        sys.exit("the first packet must be the options")
    _end_by_signal(control)
    level, prepared = Level.NONE, None
    try:
        if options.confined:
            level = enter_jail(namespaces=options.jail)
            _preload(options)
            prepared = prepare()
        else:
            _preload(options)
    except ConfinementError as error:
        _end_by_reading(control)
        send_packet(control, Ready(Level.NONE.value, str(error)))
        return
    # Frozen for good: a collection in a worker would touch, and so copy, every page that it shares.
    gc.collect()
    gc.freeze()
    _end_by_reading(control)
    send_packet(control, Ready(level.value, ""))
    Zygote(control, prepared).serve()


if __name__ == "__main__":
    main()
