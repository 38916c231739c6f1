"""The supervisor: a small program that starts one server, and ends it with the engine.

Runs as a process of its own between the engine and a local server (`python -I -S supervisor.py`), standard
library only, so that it starts in 20 ms. Invariant: when the engine is gone, by close or by kill -9, the
server is killed and its private folder deleted within a second. A pipe tells when the engine is gone; so
does the process itself, because a forked child of the engine holds the pipe open. The server in turn dies
with the supervisor (PR_SET_PDEATHSIG). Rejected: the server watching its own parent (Java cannot), and a
thread in the engine (it dies with it).

Protocol: one JSON line on standard input (argv, env, folder, orphans, log, input, idle), then the pipe stays
open. `orphans` are folders of the engine itself, deleted if it did not live to do so. On
standard output the exit status, as one line, when the server has ended. A further byte asks the server to
end in its own time; closing standard input ends it all.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_IOPRIO_WHO_PROCESS = 1
_IOPRIO_IDLE = 3 << 13  # the class of those that read and write when nobody else does
_END_SECONDS = 2.0
_NEWS_MILLISECONDS = 20


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def give_way() -> None:
    """Let everything else on the machine go first, with the processors and the disk; what cannot be is not.

    For this process and what it starts. A session is a group of its own where Linux groups by sessions, with
    a priority of its own that nothing inherits; `sandbox.jail` sees to its server's.
    """
    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")
    if (number := _IOPRIO_SET.get(os.uname().machine)) is not None:
        ctypes.CDLL(None, use_errno=True).syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)


def _report(status: int) -> None:
    with contextlib.suppress(OSError):  # the engine is gone; standard input will say so
        os.write(1, b"%d\n" % status)


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server; `input` is the first of its standard input, which stays open."""
    with Path(order["log"]).open("ab") as log:
        process = subprocess.Popen(
            order["argv"],
            env=order["env"],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            bufsize=0,
            preexec_fn=_die_with_parent,  # this program has one thread
        )
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it died at once; its exit status tells
        process.stdin.write(order["input"].encode())
    return process


def _wait(process: subprocess.Popen[bytes], engine: int) -> None:
    """Return when the engine is gone; tell it when the server is."""
    server = os.pidfd_open(process.pid)
    poll = select.poll()
    for descriptor in (0, engine, server):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if engine in ready:
            return
        if server in ready:
            poll.unregister(server)
            _report(process.wait())
        if 0 in ready:
            if not os.read(0, 4096):
                return
            process.terminate()  # a byte means: end in your own time


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the jail kill its server, which takes a moment; if it does not, kill both."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # the server dies with its parent
        process.wait()


def main() -> None:
    """Read the order, keep the server, clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches every process; the engine decides
    parent = os.getppid()
    engine = os.pidfd_open(parent)
    if os.getppid() != parent:
        return  # it died before it could be watched
    line = bytearray()
    while not line.endswith(b"\n"):  # unbuffered: what follows is watched with poll
        part = os.read(0, 1 << 16)
        if not part:
            return
        line += part
    order = json.loads(line)
    if order["idle"]:
        give_way()
    try:
        process = _start(order)
        try:
            _wait(process, engine)
        finally:
            _end(process)
    finally:
        shutil.rmtree(order["folder"], ignore_errors=True)
        if _is_gone(engine):
            for orphan in order["orphans"]:
                shutil.rmtree(orphan, ignore_errors=True)


def _is_gone(engine: int) -> bool:
    """Whether the engine's process ended, and not only its use of this server.

    Its end is known a moment after the end of its pipes.
    """
    poll = select.poll()
    poll.register(engine, select.POLLIN)
    return bool(poll.poll(_NEWS_MILLISECONDS))


if __name__ == "__main__":
    main()
