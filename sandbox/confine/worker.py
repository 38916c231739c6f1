"""How a forked worker gives up everything but computing and its channel.

Untrusted side, standard library only. `prepare` does once in the zygote what costs time (Landlock rules,
compiled filter, which user id can be dropped to), so that the irreversible part in each child is one short
ordered list. No guest byte is touched before it and `self_check` have passed.
"""

from __future__ import annotations

import math
import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.confine import landlock, libc
from sandbox.confine.bpf import Program, compile_policy
from sandbox.confine.installation import installation_paths
from sandbox.confine.libc import ConfinementError
from sandbox.confine.namespaces import STATUS_FILE
from sandbox.confine.worker_policy import WORKER_POLICY

_NOBODY: Final = 65534
_OPEN_FILES: Final = 64
_STACK_BYTES: Final = 8 << 20
# Threads of this user id, wherever they run: far more than all its honest programs have, and far fewer than
# the host has process ids (32,768 where nobody raised it).
_TASKS: Final = 8_192
# Addresses that allocators and thread stacks reserve without using them, beyond the memory itself.
_RESERVED_BYTES: Final = 8 << 30
_AF_INET, _SOCK_STREAM = 2, 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the zygote made ready for its workers; its descriptors end with the zygote.

    Attributes:
        ruleset: descriptor of the Landlock ruleset.
        program: the compiled seccomp filter.
        status: descriptor of the zygote's own status file, which tells what a worker inherits.
        zygote: process id of the zygote, as its workers see it.
        user: the user and group id to drop to; None if this process cannot, or could not then read Python.
    """

    ruleset: int
    program: Program
    status: int
    zygote: int
    user: int | None


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
        ConfinementError: a step failed. The process is then half confined, and must exit.
    """
    try:
        inherited = _inherited_memory(prepared.status)
        # Descriptors first, so that nothing that follows, and no guest, can reach through one.
        _keep_descriptors(channel_fd, prepared.ruleset)
        os.setsid()
        os.umask(0o777)
        os.chdir("/")
        # Limits while lowering them needs no privilege and raising them is still possible.
        _limit_resources(inherited, memory_bytes, cpu_seconds)
        # The identity while there is a capability to change it, then all capabilities.
        if prepared.user is not None:
            os.setgroups([])
            os.setresgid(prepared.user, prepared.user, prepared.user)
            os.setresuid(prepared.user, prepared.user, prepared.user)
        libc.keep_capabilities()
        # After the user id, because changing that clears both.
        libc.die_with_parent(prepared.zygote, signal.SIGKILL)
        libc.must_call("no core dumps, no tracing", "prctl", libc.PR_SET_DUMPABLE, 0, 0, 0, 0)
        # The wall. The filter is last: it refuses the calls that all steps above were made of.
        libc.set_no_new_privileges()
        landlock.apply_ruleset(prepared.ruleset)
        os.close(prepared.ruleset)
        libc.install_filter(prepared.program.bind(os.getpid()))
    except OSError as error:
        raise ConfinementError(f"confining the worker failed: {error}") from None


def self_check() -> None:
    """Try what must be impossible now, before any guest byte is parsed.

    Raises:
        ConfinementError: something that is forbidden worked.
    """
    # /dev/null exists at every level, so that its refusal is Landlock's, and not only its absence.
    for path in ("/dev/null", "/etc/passwd"):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            continue
        except FileNotFoundError:
            if path != "/dev/null":
                continue
        raise ConfinementError(f"self-check: {path} is within reach, Landlock does not hold")
    try:
        libc.raw_call("socket", _AF_INET, _SOCK_STREAM, 0)
    except PermissionError:
        return
    raise ConfinementError("self-check: a socket is within reach, seccomp does not hold")


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


def _inherited_memory(status: int) -> tuple[int, int]:
    """Bytes of private writable memory and of address space that this process got from the zygote."""
    sizes = {}
    for line in os.pread(status, 1 << 14, 0).splitlines():
        name, _, value = line.partition(b":")
        if name in (b"VmData", b"VmSize"):
            sizes[name] = int(value.split()[0]) << 10
    return sizes[b"VmData"], sizes[b"VmSize"]


def _keep_descriptors(*kept: int) -> None:
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        if standard not in kept:
            os.dup2(null, standard)
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _limit_resources(inherited: tuple[int, int], memory_bytes: int, cpu_seconds: float) -> None:
    """Lower the limits.

    RLIMIT_NPROC counts all processes of the user id, others' included, so it is no limit of one worker: it
    keeps a guest from using up the host's process ids with threads of tiny stacks.
    """
    data, size = inherited
    cpu = math.ceil(cpu_seconds)
    tasks = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    tasks = _TASKS if tasks == resource.RLIM_INFINITY else min(tasks, _TASKS)
    stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = _STACK_BYTES if stack == resource.RLIM_INFINITY else min(stack, _STACK_BYTES)
    for kind, soft, hard in (
        (resource.RLIMIT_DATA, data + memory_bytes, data + memory_bytes),
        # Pages that are filled and then made read-only leave RLIMIT_DATA's account; this bounds them.
        (
            resource.RLIMIT_AS,
            size + 2 * memory_bytes + _RESERVED_BYTES,
            size + 2 * memory_bytes + _RESERVED_BYTES,
        ),
        (resource.RLIMIT_STACK, stack, stack),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_NPROC, tasks, tasks),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))
