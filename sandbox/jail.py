"""The jail of one local data server: `python -m sandbox.jail`, `JailPolicy` its first line of input.

Untrusted side, standard library only. The jail forks a child that confines itself (Landlock, seccomp,
limits) and then executes `argv`. When the jail's own standard input ends, because the engine closed it
or died (kill -9 included), the server is killed at once. If the jail itself is killed, the kernel kills
the server. The server cannot start processes, so nothing else is left.

Standard output and error of the server are the jail's; its standard input is /dev/null. Exit status:
the server's own (128 + signal if it was killed) · 64 bad policy · 78 a protection is missing or a step
failed · 127 argv[0] cannot be executed. The last three put one line of JSON on standard error:
{"jail": "policy" | "isolation" | "open-network" | "exec", "message": "..."}, where "open-network" is what
`files_only` would accept. Of a server that starts, such a line says "network" where it has no network of its
own although one was asked for, and "files-only" where nothing confines its network. The forwarder ends with
the server, and the server with the forwarder.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Final, NoReturn

from sandbox.confine.forwarder import start_forwarder
from sandbox.confine.libc import ConfinementError, die_with_parent
from sandbox.confine.network import enter_private_network
from sandbox.confine.offers import ServerLevel
from sandbox.confine.server import (
    NetworkOpenError,
    check_server,
    confine_server,
    hold_kernel_entries,
    limit_server,
    parse_policy,
)
from sandbox.contract.jail import JailPolicy

EXIT_POLICY: Final = 64
EXIT_ISOLATION: Final = 78
EXIT_EXEC: Final = 127
_POLICY_BYTES: Final = 1 << 20
_TRIES: Final = 10
_RETRY_SECONDS: Final = 0.15


def main() -> int:
    """Keep one server; return the exit status."""
    os.set_inheritable(0, False)
    line = _read_first_line()
    try:
        policy = parse_policy(line)
    except ValueError as error:
        _complain("policy", str(error))
        return EXIT_POLICY
    # The engine decides what an interrupt from the terminal means for its servers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wakeup = _open_wakeup()
    jail = os.getpid()
    try:
        forwarder = _open_network(policy)
    except NetworkOpenError as error:
        _complain("open-network", str(error))
        return EXIT_ISOLATION
    except (ConfinementError, OSError) as error:
        _complain("isolation", str(error))
        return EXIT_ISOLATION
    held, hold = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hold)
        os.read(held, 1)  # nothing comes but its end
        _become_server(policy, jail)
    os.close(held)
    hold_kernel_entries(child)
    os.close(hold)
    code = _keep(child, forwarder, wakeup, policy.grace_seconds)
    if forwarder is not None:
        _end(forwarder)
    return code


def _open_network(policy: JailPolicy) -> int | None:
    """Enter the server's network, and start its forwarder if it has one."""
    refusal = enter_private_network() if policy.private_network else "none is asked for"
    if policy.private_network and refusal:
        _complain("network", refusal)
    if policy.confine and check_server(policy, refusal) is ServerLevel.FILES:
        _complain("files-only", "nothing confines the network of this server")
    if policy.forward_socket is None or policy.forward_port is None:
        return None
    return start_forwarder(policy.forward_socket, policy.forward_port, confine=policy.confine)


def _end(forwarder: int) -> None:
    with contextlib.suppress(ChildProcessError):  # it has ended, and was collected
        os.kill(forwarder, signal.SIGKILL)
        os.waitpid(forwarder, 0)


def _read_first_line() -> bytes:
    """Read unbuffered: what follows the line stays unread, only its end matters."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < _POLICY_BYTES:
        part = os.read(0, 1 << 16)
        if not part:
            break
        line += part
    return bytes(line)


def _open_wakeup() -> int:
    """A descriptor that becomes readable when SIGTERM or SIGCHLD arrives."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _keep(child: int, forwarder: int | None, wakeup: int, grace_seconds: float) -> int:
    """Wait for whichever comes first: the server's end, the forwarder's, the engine's, or SIGTERM."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    kill_at: float | None = None
    while True:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            _signal_group(
                child, signal.SIGKILL
            )  # before its id is free: an unconfined server may have children
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            return code if code >= 0 else 128 - code
        if forwarder is not None and os.waitid(os.P_PID, forwarder, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            _signal_group(child, signal.SIGKILL)  # nobody reaches the server any more
        left = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready = dict(poll.poll(None if left is None else left * 1000))
        if 0 in ready and not os.read(0, 4096):
            poll.unregister(0)
            _signal_group(child, signal.SIGKILL)
        elif not ready:
            _signal_group(child, signal.SIGKILL)
            kill_at = None
        elif wakeup in ready and signal.SIGTERM in os.read(wakeup, 4096):
            _signal_group(child, signal.SIGTERM)
            kill_at = time.monotonic() + grace_seconds


def _signal_group(child: int, number: int) -> None:
    """Signal the server's group once; a second SIGTERM would interrupt its orderly end."""
    try:
        os.killpg(child, number)
    except ProcessLookupError:
        os.kill(child, number)  # it has not made its group yet; not reaped, so its id is still its own


def _become_server(policy: JailPolicy, jail: int) -> NoReturn:
    """In the child: confine, then execute. Every step is irreversible, and none may fail unnoticed."""
    code, kind = EXIT_ISOLATION, "isolation"
    try:
        # A group of its own to be ended as, and the signals as a program expects them.
        os.setsid()
        _stay_low()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(jail, signal.SIGKILL)
        _replace_descriptors()
        limit_server(policy)
        os.umask(0o077)
        os.chdir(policy.cwd)
        if policy.confine:
            confine_server(policy)
        code, kind = EXIT_EXEC, "exec"
        os.execve(policy.argv[0], list(policy.argv), dict(policy.env))
    except (ConfinementError, OSError, ValueError) as error:
        _complain(kind, str(error))
    finally:
        os._exit(code)


def _stay_low() -> None:
    """A new session is a new group for many a scheduler, at the usual priority whatever its members have."""
    if os.sched_getscheduler(0) != os.SCHED_IDLE:
        return
    for _ in range(_TRIES):
        try:
            Path("/proc/self/autogroup").write_text("19")
        except BlockingIOError:  # without privileges, ten times a second at most on all the machine
            time.sleep(_RETRY_SECONDS)
        except OSError:
            return
        else:
            return


def _replace_descriptors() -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.closerange(3, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _complain(kind: str, message: str) -> None:
    sys.stderr.write(json.dumps({"jail": kind, "message": message}) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
