"""Trying every forbidden thing in real confined workers, each in a process of its own.

Untrusted side, standard library only. A refusal that was only read in a table proves nothing; this is
what `calcmetric doctor` shows, and it judges by what the kernel did.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from typing import Final, NoReturn

from sandbox.confine.attempts import ATTEMPTS, Attempt, Scene, try_attempt
from sandbox.confine.libc import ConfinementError
from sandbox.confine.offers import Level
from sandbox.confine.steps import Prepared
from sandbox.confine.worker import confine_worker, self_check

_MEMORY_BYTES: Final = 256 << 20
_SECONDS: Final = 10
_TRIED: Final = "tried"


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What came of one attempt.

    Attributes:
        name: of the attempt.
        blocked: whether it was refused.
        by: which protection refused it.
        expected: False for what only the level "full" blocks, when the level is lower.
        detail: the error, or the signal that ended it.
    """

    name: str
    blocked: bool
    by: str
    expected: bool
    detail: str


def run_attempts(prepared: Prepared, level: Level) -> tuple[AttemptResult, ...]:
    """Try each attempt in a confined child of this process, which must be single-threaded.

    Raises:
        ConfinementError: a child could not be confined at all.
    """
    return tuple(_run(attempt, prepared, level) for attempt in ATTEMPTS)


def _run(attempt: Attempt, prepared: Prepared, level: Level) -> AttemptResult:
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        _become_attempt(attempt, prepared, theirs)
    theirs.close()
    with ours:
        ours.settimeout(_SECONDS)
        try:
            answer = ours.recv(1 << 12)
        except TimeoutError:
            answer = b""
            os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    expected = level is Level.FULL or not attempt.only_full
    kind, _, rest = answer.decode(errors="replace").partition("\n")
    if kind == _TRIED:
        by, _, detail = rest.partition("\n")
        return AttemptResult(attempt.name, bool(by), by, expected, detail)
    if code == -signal.SIGSYS:
        return AttemptResult(attempt.name, True, "seccomp", expected, "killed with SIGSYS")
    if attempt.crashes and code in (-signal.SIGSEGV, -signal.SIGILL):
        return AttemptResult(
            attempt.name, True, "nothing is there", expected, "this machine does not have it"
        )
    if kind:
        raise ConfinementError(kind)
    return AttemptResult(attempt.name, False, "", expected, f"ended with {code} and without an answer")


def _become_attempt(attempt: Attempt, prepared: Prepared, channel: socket.socket) -> NoReturn:
    try:
        confine_worker(
            prepared, channel_fd=channel.fileno(), memory_bytes=_MEMORY_BYTES, cpu_seconds=_SECONDS
        )
        self_check()
        by, detail = try_attempt(attempt, Scene(channel.fileno(), prepared.zygote))
        channel.send("\n".join((_TRIED, by, detail)).encode()[:4000])
    except ConfinementError as error:
        channel.send(str(error).encode())
    finally:
        os._exit(0)
