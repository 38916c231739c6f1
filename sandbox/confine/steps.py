"""The ordered list of what a worker gives up, each step with a check that it took hold.

Untrusted side, standard library only. Each step is irreversible. The checks ask the kernel, not the step:
one that did nothing, for whatever reason, is noticed before the filter closes the questions that the
checks are made of. A new step belongs here, and is then tested like the others: failing, and left out.
"""

from __future__ import annotations

import math
import os
import resource
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.confine import landlock, libc
from sandbox.confine.bpf import CompiledFilter

_OPEN_FILES: Final = 64
_STACK_BYTES: Final = 8 << 20
# Threads of this user id, wherever they run: far more than all its honest programs have, and far fewer than
# the host has process ids (32,768 where nobody raised it).
_TASKS: Final = 8_192
_PENDING_SIGNALS: Final = 64
# Addresses that allocators and thread stacks reserve without using them, beyond the memory itself.
_RESERVED_BYTES: Final = 4 << 30
_FILE_MODE_MASK: Final = 0o777
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
    program: CompiledFilter
    status: int
    zygote: int
    user: int | None


@dataclass(frozen=True, slots=True)
class Confinement:
    """What one worker is confined to.

    Attributes:
        prepared: by the zygote.
        channel_fd: the one descriptor that stays open beside stdio.
        limits: kind of resource limit, with soft and hard value.
    """

    prepared: Prepared
    channel_fd: int
    limits: dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is given up.

    Attributes:
        name: for messages and tests.
        take: does it; raises OSError or ConfinementError if it fails.
        holds: asks the kernel whether it took hold.
    """

    name: str
    take: Callable[[Confinement], object]
    holds: Callable[[Confinement], bool]


def read_limits(prepared: Prepared, memory_bytes: int, cpu_seconds: float) -> dict[int, tuple[int, int]]:
    """The resource limits of a worker, beyond what it inherits from the zygote.

    RLIMIT_NPROC and RLIMIT_SIGPENDING count all processes of the user id, others' included, so they are no
    limits of one worker: they keep a guest from using up the host's process ids with threads of tiny
    stacks, and its user's share of signals.
    """
    data, size = _inherited_memory(prepared.status)
    cpu = math.ceil(cpu_seconds)
    tasks = _lowered(resource.RLIMIT_NPROC, _TASKS)
    stack = _lowered(resource.RLIMIT_STACK, _STACK_BYTES)
    pending = _lowered(resource.RLIMIT_SIGPENDING, _PENDING_SIGNALS)
    # Pages that are filled and then made read-only leave RLIMIT_DATA's account; RLIMIT_AS bounds them.
    addresses = size + memory_bytes + _RESERVED_BYTES
    same = {
        resource.RLIMIT_DATA: data + memory_bytes,
        resource.RLIMIT_AS: addresses,
        resource.RLIMIT_STACK: stack,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_NPROC: tasks,
        resource.RLIMIT_SIGPENDING: pending,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    return {**{kind: (value, value) for kind, value in same.items()}, resource.RLIMIT_CPU: (cpu, cpu + 1)}


def _lowered(kind: int, wanted: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)


def _inherited_memory(status: int) -> tuple[int, int]:
    """Bytes of private writable memory and of address space that this process got from the zygote."""
    sizes = {}
    for line in os.pread(status, 1 << 14, 0).splitlines():
        name, _, value = line.partition(b":")
        if name in (b"VmData", b"VmSize"):
            sizes[name] = int(value.split()[0]) << 10
    return sizes[b"VmData"], sizes[b"VmSize"]


def _keep_descriptors(confinement: Confinement) -> None:
    kept = (confinement.channel_fd, confinement.prepared.ruleset)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        if standard not in kept:
            os.dup2(null, standard)
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _only_kept_are_open(confinement: Confinement) -> bool:
    """Whether the status file, which was open, and whatever took the first free number, are closed."""
    kept = {0, 1, 2, confinement.channel_fd, confinement.prepared.ruleset}
    looked_at = {confinement.prepared.status, *range(_OPEN_FILES)} - kept
    poll = select.poll()  # one call for all of them
    for number in looked_at:
        poll.register(number, 0)
    return {number for number, events in poll.poll(0) if events & select.POLLNVAL} == looked_at


def _limit_resources(confinement: Confinement) -> None:
    for kind, values in confinement.limits.items():
        resource.setrlimit(kind, values)


def _limits_hold(confinement: Confinement) -> bool:
    return all(resource.getrlimit(kind) == values for kind, values in confinement.limits.items())


def _change_user(confinement: Confinement) -> None:
    user = confinement.prepared.user
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _is_that_user(confinement: Confinement) -> bool:
    user = confinement.prepared.user
    return user is None or (os.getresuid() == os.getresgid() == (user, user, user) and not os.getgroups())


def _apply_ruleset(confinement: Confinement) -> None:
    landlock.apply_ruleset(confinement.prepared.ruleset)
    os.close(confinement.prepared.ruleset)


def files_are_out_of_reach(_: Confinement | None = None) -> bool:
    """Whether Landlock refuses what no worker may read."""
    # /dev/null exists at every level, so that its refusal is Landlock's, and not only its absence.
    for path in ("/dev/null", "/etc/passwd"):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            continue
        except FileNotFoundError:
            if path != "/dev/null":
                continue
        return False
    return True


def sockets_are_out_of_reach(_: Confinement | None = None) -> bool:
    """Whether seccomp refuses a socket."""
    try:
        libc.raw_call("socket", _AF_INET, _SOCK_STREAM, 0)
    except PermissionError:
        return True
    return False


STEPS: Final = (
    # Descriptors first, so that nothing that follows, and no guest, can reach through one.
    Step("descriptors", _keep_descriptors, _only_kept_are_open),
    Step("session", lambda _: os.setsid(), lambda _: os.getsid(0) == os.getpid()),
    Step(
        "file mode",
        lambda _: os.umask(_FILE_MODE_MASK),
        lambda _: os.umask(_FILE_MODE_MASK) == _FILE_MODE_MASK,
    ),
    Step("working folder", lambda _: os.chdir("/"), lambda _: os.getcwd() == "/"),  # noqa: PTH109
    # Limits while lowering them needs no privilege and raising them is still possible.
    Step("limits", _limit_resources, _limits_hold),
    # The identity while there is a capability to change it, then all capabilities.
    Step("user", _change_user, _is_that_user),
    Step("capabilities", lambda _: libc.keep_capabilities(), lambda _: libc.has_no_capabilities()),
    # After the user id, because changing that clears both.
    Step(
        "death with the zygote",
        lambda confinement: libc.die_with_parent(confinement.prepared.zygote, signal.SIGKILL),
        lambda _: libc.read_parent_death_signal() == signal.SIGKILL,
    ),
    Step(
        "no core dumps, no tracing",
        lambda _: libc.must_call("no core dumps, no tracing", "prctl", libc.PR_SET_DUMPABLE, 0, 0, 0, 0),
        lambda _: libc.raw_call("prctl", libc.PR_GET_DUMPABLE, 0, 0, 0, 0) == 0,
    ),
    # The wall.
    Step(
        "no new privileges",
        lambda _: libc.set_no_new_privileges(),
        lambda _: libc.raw_call("prctl", libc.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
    ),
    Step("files", _apply_ruleset, files_are_out_of_reach),
    # The filter is last: it refuses the calls that all steps above, and their checks, are made of.
    Step(
        "system calls",
        lambda confinement: libc.install_filter(confinement.prepared.program.bind(os.getpid())),
        sockets_are_out_of_reach,
    ),
)
