"""The keeper: a small program that outlives nobody. It starts one server and ends it with its engine.

Runs as a process of its own between the engine and a local server (`python -I -S keeper.py`), standard
library only, so that it starts in 20 ms. Invariant: when the engine is gone, by close or by kill -9, the
server is killed and its private folder deleted within a second. A pipe tells when the engine is gone; the
parent's id too, because a forked child of the engine holds the pipe open. The server in turn dies with the
keeper (PR_SET_PDEATHSIG). Rejected: the server watching its own parent (neither Java nor Sail can), and a
thread in the engine (it dies with it).

Protocol: one JSON line on standard input (argv, env, cwd, folder, log, input), then the pipe stays open.
On standard output one JSON line when the server runs ({"pid": n}), one when it has ended ({"exit": n}).
Closing standard input ends it all.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_POLL_MILLISECONDS = 500


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _say(**message: int) -> None:
    try:
        os.write(1, json.dumps(message).encode() + b"\n")
    except OSError:
        pass  # the engine is gone; standard input will say so


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server in a process group of its own; `input`, if any, is its standard input."""
    with open(order["log"], "ab") as log:  # noqa: PTH123 - pathlib costs start-up time here
        process = subprocess.Popen(
            order["argv"],
            env=order["env"],
            cwd=order["cwd"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this program has one thread
        )
    assert process.stdin is not None
    try:
        process.stdin.write(order["input"].encode())
        process.stdin.flush()
    except OSError:
        pass  # it died at once; its exit code tells
    return process


def _wait(process: subprocess.Popen[bytes], parent: int) -> None:
    """Return when the engine is gone; tell it when the server is."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    pidfd = os.pidfd_open(process.pid)
    poll.register(pidfd, select.POLLIN)
    while os.getppid() == parent:
        ready = dict(poll.poll(_POLL_MILLISECONDS))
        if pidfd in ready:
            poll.unregister(pidfd)
            _say(exit=process.wait())
        if 0 in ready and not os.read(0, 4096):
            return


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass  # nobody is left in the group
    process.wait()


def main() -> None:
    """Read the order, keep the server, clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the engine decides
    parent = os.getppid()
    order = json.loads(sys.stdin.buffer.raw.readline())  # unbuffered: what follows is watched with poll
    try:
        try:
            process = _start(order)
        except OSError as error:
            with open(order["log"], "a") as log:  # noqa: PTH123
                log.write(f"cannot start {order['argv'][0]}: {error}\n")
            _say(exit=127)
            while os.getppid() == parent and sys.stdin.buffer.raw.read(4096):
                continue
            return
        _say(pid=process.pid)
        try:
            _wait(process, parent)
        finally:
            _kill(process)
    finally:
        shutil.rmtree(order["folder"], ignore_errors=True)


if __name__ == "__main__":
    main()
