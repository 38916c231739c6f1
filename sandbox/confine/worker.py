"""How a forked worker gives up everything but computing and its channel.

Untrusted side, standard library only. `prepare` does once in the zygote what costs time (Landlock rules,
compiled filter, which user id can be dropped to), so that the irreversible part in each child is one short
ordered list. No guest byte is touched before it and `self_check` have passed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandbox.confine import landlock, libc, steps
from sandbox.confine.bpf import compile_policy
from sandbox.confine.installation import installation_paths
from sandbox.confine.libc import ConfinementError
from sandbox.confine.namespaces import STATUS_FILE
from sandbox.confine.steps import Confinement, Prepared
from sandbox.confine.worker_policy import WORKER_POLICY

_NOBODY: Final = 65534


def prepare(readable: Sequence[str] | None = None) -> Prepared:
    """Make everything ready in the zygote, after `enter_jail` and before the first fork.

    Args:
        readable: absolute paths that workers may read; the Python installation if not given.

    Raises:
        ConfinementError: Landlock or a table for this architecture is missing, or a path cannot be opened.
    """
    paths = installation_paths() if readable is None else tuple(readable)
    # What could be gained by executing a program; 41 calls that each worker inherits instead of repeating.
    libc.limit_capabilities()
    return Prepared(
        ruleset=landlock.build_ruleset(landlock.PathRule(path, landlock.READ) for path in paths),
        program=compile_policy(WORKER_POLICY, libc.architecture()),
        status=os.open(STATUS_FILE, os.O_RDONLY | os.O_CLOEXEC),
        zygote=os.getpid(),
        user=_NOBODY if os.geteuid() == 0 and _can_read_as(_NOBODY, paths) else None,
    )


def confine_worker(prepared: Prepared, *, channel_fd: int, memory_bytes: int, cpu_seconds: float) -> None:
    """Confine this process, which the zygote has just forked, for good.

    Args:
        prepared: from `prepare` in the zygote.
        channel_fd: the one descriptor that stays open beside stdio.
        memory_bytes: writable memory beyond what is inherited.
        cpu_seconds: processor time, rounded up to a second.

    Raises:
        ConfinementError: a step failed, or did not take hold. The process is then half confined, and must
            exit.
    """
    try:
        confinement = Confinement(
            prepared, channel_fd, steps.read_limits(prepared, memory_bytes, cpu_seconds)
        )
        *before, wall = steps.STEPS
        for step in before:
            step.take(confinement)
        _check(before, confinement)
        wall.take(confinement)
        _check([wall], confinement)
    except (OSError, ValueError) as error:
        raise ConfinementError(f"confining the worker failed: {error}") from None


def self_check() -> None:
    """Try what must be impossible now, before any guest byte is parsed.

    Raises:
        ConfinementError: something that is forbidden worked.
    """
    if not steps.files_are_out_of_reach():
        raise ConfinementError("self-check: a file is within reach, Landlock does not hold")
    if not steps.sockets_are_out_of_reach():
        raise ConfinementError("self-check: a socket is within reach, seccomp does not hold")


def _check(taken: Sequence[steps.Step], confinement: Confinement) -> None:
    for step in taken:
        if not step.holds(confinement):
            raise ConfinementError(f"the step {step.name!r} of the confinement did not take hold")


def _can_read_as(user: int, paths: Sequence[str]) -> bool:
    """Whether `user` could read all of `paths`: not so where Python lives under a private home."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            readable = all(
                os.access(path, os.R_OK | (os.X_OK if Path(path).is_dir() else 0)) for path in paths
            )
            status = 0 if readable else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0
