"""The zygote: a single-threaded process, preloaded with the libraries, from which workers are forked.

Started by the engine as a fresh program with an empty environment: `python -m sandbox.zygote FD`, where
FD is one end of a SOCK_SEQPACKET socketpair. It never holds a secret, because workers inherit its
memory. It starts no thread: a zygote that had run threaded work before forking once gave a child that hung.

Over FD (`sandbox.contract.control`) the engine asks for a fork and hands over the worker's channel; the
zygote answers with the worker's pidfd, and later reports its end. When the engine goes away, in
whatever manner, FD reads end of file and everything here ends, at once even while libraries load.

scipy and statsmodels take longer to load than all the rest, and most metrics use neither. They are loaded
when the engine asks for them, and workers forked before that have a tripwire instead (`sandbox.tripwire`).
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import os
import re
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NoReturn

from sandbox.confine import ConfinementError, Level, Prepared, confine_worker, enter_jail, prepare, self_check
from sandbox.confine.namespaces import STATUS_FILE
from sandbox.contract.control import (
    CONFINEMENT_FAILED,
    Client,
    Exited,
    Forked,
    ForkRequest,
    LoadScience,
    Ready,
    ScienceLoaded,
    ZygoteOptions,
    receive_packet,
    send_packet,
)
from sandbox.contract.framing import ENGINE_CAPS, Channel, ChannelClosed
from sandbox.contract.messages import Frames


class Zygote:
    """The loop of the zygote: fork and load on request, report ends."""

    def __init__(self, control: socket.socket, prepared: Prepared | None, options: ZygoteOptions) -> None:
        self._control = control
        self._prepared = prepared
        self._only_compiles = _only_compiles(options)
        self._science = options.science
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
        match request, descriptors:
            case ForkRequest(), [channel]:
                self._fork(request, channel)
            case LoadScience(), []:
                self._load_science()
            case _:
                raise ChannelClosed("the engine sent something that is not a request")

    def _fork(self, request: ForkRequest, channel: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            os.close(channel)
            failure = error.strerror or "fork failed"
            send_packet(self._control, Forked(request.worker, failure, self._science))
            return
        if pid == 0:
            _become_worker(request, channel, self._control, self._prepared, self._find_program())
        os.close(channel)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = (request.worker, pid)
        self._poll.register(pidfd, select.POLLIN)
        send_packet(self._control, Forked(request.worker, "", self._science), (pidfd,))

    def _find_program(self) -> Callable[[Channel], int]:
        """What workers are to run, once they are confined; loaded long ago."""
        if self._only_compiles:
            return importlib.import_module("sandbox.compiling").run_compiler  # type: ignore[no-any-return]
        run_worker, science = importlib.import_module("sandbox.worker").run_worker, self._science
        return lambda channel: run_worker(channel, science=science)

    def _load_science(self) -> None:
        """Load it, once, and answer. If that fails, there may be threads now: nothing more is forked."""
        failure = ""
        if not self._science:
            try:
                with _ending_at(self._control, self._end):
                    _import(_SCIENCE)
                    _refuse_threads()
                gc.freeze()
            except ConfinementError as error:
                failure = str(error)
        self._science = not failure
        send_packet(self._control, ScienceLoaded(failure))
        if failure:
            raise ChannelClosed(failure)

    def _end(self) -> NoReturn:
        self._kill_all()
        os._exit(0)

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
    request: ForkRequest,
    descriptor: int,
    control: socket.socket,
    prepared: Prepared | None,
    run: Callable[[Channel], int],
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
        status = run(Channel(socket.socket(fileno=descriptor), ENGINE_CAPS))
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
    "zoneinfo",
)
_SPARK: Final = ("pyspark.sql.connect.functions", "pyspark.sql.functions")
_SNOWPARK: Final = ("snowflake.snowpark.functions",)
_OF_FRAMES: Final[Mapping[Frames, tuple[str, ...]]] = {"pyspark": _SPARK, "snowpark": _SNOWPARK}
# Whose libraries are loaded; those of the first are warmed up with.
_FRAMES: Final[Mapping[Client, tuple[Frames, ...]]] = {
    "pyspark": ("pyspark",),
    "snowpark": ("snowpark",),
    "both": ("pyspark", "snowpark"),
    "none": (),
}
_COMPILING: Final = ("sandbox.compiling",)
_SCIENCE: Final = (
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.signal",
    "scipy.spatial",
    "scipy.special",
    "scipy.stats",
    "statsmodels.stats.proportion",
)

# What those libraries import if the host happens to have it, and why they do not find it here.
_ABSENT: Final = {
    "polars": "statsmodels imports it for a type, and it starts threads",
    "numexpr": "pandas computes with it, which starts threads, and gives other last digits",
    "bottleneck": "pandas sums with it, which gives other last digits from host to host",
    "numba": "pandas and statsmodels look for it; it compiles, which takes executable memory",
    "boto3": "Snowflake's connector looks for it, to move files, and it takes as long as the rest of that",
    "botocore": "likewise",
}


def _only_compiles(options: ZygoteOptions) -> bool:
    """Whether no worker is asked for a frame."""
    return not _FRAMES[options.client]


def _preload(options: ZygoteOptions) -> None:
    """Import what workers use, and use it once. Nothing here may start a thread."""
    if _only_compiles(options):
        _import(_COMPILING)
    else:
        _import((*_PRELOADED, *(name for one in _FRAMES[options.client] for name in _OF_FRAMES[one])))
    if options.science:
        _import(_SCIENCE)
    with _absent():
        _preload_opened(options.imports)
        for frames in _FRAMES[options.client][:1]:
            client = importlib.import_module("sandbox.worker").load_client(frames)
            client.prepare()
            importlib.import_module("sandbox.warm_up").warm_up(client, frames)
    _hide_origins()
    _refuse_threads()


def _import(names: Iterable[str]) -> None:
    """Import modules of what is installed with this.

    Raises:
        ConfinementError: one cannot be imported.
    """
    with _absent():
        for name in names:
            try:
                importlib.import_module(name)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise ConfinementError(f"{name} cannot be imported: {reason}") from error


@contextlib.contextmanager
def _absent() -> Iterator[None]:
    """Let nobody find what is to be absent. What of it a site allows, a worker imports, which is a fork."""
    hidden = {name: None for name in _ABSENT if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # None: importing it fails
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _preload_opened(imports: tuple[str, ...]) -> None:
    """Import what the site opens, but for what its workers find by themselves only, see `_ABSENT`.

    Raises:
        ConfinementError: it cannot be imported.
    """
    from sandbox.language.standard import expand

    for name in expand(imports):
        if name.partition(".")[0] in _ABSENT:
            continue
        try:
            importlib.import_module(name)
        except Exception as error:
            raise ConfinementError(
                f"module {name}, which is to be open to metrics, cannot be imported: {error}"
            ) from error


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


@contextlib.contextmanager
def _ending_at(control: socket.socket, end: Callable[[], NoReturn]) -> Iterator[None]:
    """Meanwhile, call `end` as soon as the engine has gone away; what it sends stays unread until later."""
    poll = select.poll()
    poll.register(control, 0)  # a hang-up is always told

    def look(*_: object) -> None:
        if poll.poll(0):
            end()

    signal.signal(signal.SIGIO, look)
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())  # not the one outside of the jail any more
    fcntl.fcntl(control, fcntl.F_SETFL, fcntl.fcntl(control, fcntl.F_GETFL) | os.O_ASYNC)
    try:
        look()
        yield
    finally:
        _end_by_reading(control)
        signal.signal(signal.SIGIO, signal.SIG_DFL)


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
    gc.disable()  # hardly anything of what libraries make when they are loaded is garbage
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
    gc.freeze()
    gc.enable()
    _end_by_reading(control)
    send_packet(control, Ready(level.value, ""))
    Zygote(control, prepared, options).serve()


if __name__ == "__main__":
    main()
