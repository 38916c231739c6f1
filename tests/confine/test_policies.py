"""The seccomp tables: complete, reasoned, and decided as they read, on both architectures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.confine.bpf import OWN_PID, Action, Check, Policy, Row, compile_policy
from sandbox.confine.numbers import AARCH64, ARCHITECTURES, NUMBERS, X86_64
from sandbox.confine.server_policy import SERVER_POLICY
from sandbox.confine.worker_policy import WORKER_POLICY
from tests.confine.kernel import PID, decide

POLICIES = {"worker": WORKER_POLICY, "server": SERVER_POLICY}
# Calls that came after Linux 5.13, the oldest supported kernel: older headers lack them.
NEWER = {"memfd_secret", "process_mrelease"}
EVERY_ROW = [pytest.param(row, id=f"{name}-{row.call}-{index}") for name, policy in POLICIES.items()
             for index, row in enumerate(policy.rows)]  # fmt: skip


@pytest.mark.parametrize("row", EVERY_ROW)
def test_every_row_names_a_known_call_and_a_reason(row: Row):
    assert any(number is not None for number in NUMBERS[row.call])
    assert len(row.reason) >= 5


@pytest.mark.parametrize("name", POLICIES)
def test_no_row_is_out_of_reach(name):
    decided = set()
    for row in POLICIES[name].rows:
        assert row.call not in decided, f"an earlier row of {row.call} already decides everything"
        if not row.when:
            decided.add(row.call)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.machine)
def test_numbers_are_unique(architecture):
    numbers = [
        pair[architecture.column] for pair in NUMBERS.values() if pair[architecture.column] is not None
    ]
    assert len(numbers) == len(set(numbers))


HEADERS = {
    X86_64: (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")),
    AARCH64: (Path("/usr/include/asm-generic/unistd.h"),),
}


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.machine)
def test_numbers_are_those_of_the_kernels_headers(architecture):
    header = next((path for path in HEADERS[architecture] if path.exists()), None)
    if header is None:
        pytest.skip("the kernel's headers are not installed")
    text = header.read_text()
    numbers = {
        name: int(number) for name, number in re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)\s", text)
    }
    numbers |= {
        name: numbers[generic]
        for name, generic in re.findall(r"#define\s+__NR_(\w+)\s+__NR3264_(\w+)", text)
        if generic in numbers
    }
    ours = {name: pair[architecture.column] for name, pair in NUMBERS.items()}
    since = {name for name, number in ours.items() if number is not None and name not in numbers}
    assert since <= NEWER, "misspelt, or newer than these headers"
    assert {name: number for name, number in ours.items() if number is not None and name not in since} == {
        name: numbers[name] for name in ours if name in numbers
    }


def test_calls_of_one_architecture_have_a_generic_successor_on_the_other():
    only_x86 = {call for call, (x86, arm) in NUMBERS.items() if arm is None}
    assert only_x86 == {
        "access", "chmod", "chown", "creat", "dup2", "epoll_wait", "fork", "ioperm", "iopl", "lchown", "link",
        "lstat", "mkdir", "mknod", "modify_ldt", "open", "pipe", "poll", "readlink", "rename", "rmdir",
        "select", "stat", "symlink", "time", "unlink", "vfork",
    }  # fmt: skip
    assert not [call for call, (x86, arm) in NUMBERS.items() if x86 is None]


@pytest.mark.parametrize(
    ("call", "x86", "arm"),
    [("read", 0, 63), ("openat", 257, 56), ("mmap", 9, 222), ("mprotect", 10, 226), ("clone", 56, 220),
     ("execve", 59, 221), ("ptrace", 101, 117), ("bpf", 321, 280), ("seccomp", 317, 277), ("kill", 62, 129)],
)  # fmt: skip
def test_numbers_spot_checked_against_the_kernel_sources(call, x86, arm):
    assert NUMBERS[call] == (x86, arm)


DECISIONS = [
    ("read", (3,), Action.ALLOW),
    ("execve", (), Action.KILL),
    ("ptrace", (), Action.KILL),
    ("socket", (2, 1, 0), Action.EPERM),
    ("kill", (PID, 9), Action.EPERM),
    ("kill", (-1, 9), Action.EPERM),
    ("futex", (0, 0x80), Action.ALLOW),
    ("futex", (0, 0x81), Action.ALLOW),
    ("futex", (0, 0), Action.EAGAIN),
    ("futex", (0, 0x109), Action.EAGAIN),
    *(("futex", (0, shared), Action.EPERM) for shared in (1, 3, 4, 5, 10)),
    *((call, (3, 0, 0, flags), Action.ALLOW) for call in ("sendto", "recvfrom") for flags in (0, 0x4040)),
    *(
        (call, (3, 0, 0, flags), Action.EPERM)
        for call in ("sendto", "recvfrom")
        for flags in (1, 0x41, 2, 0x2000, 0x8000, 0x40000, 0x4000000, 0x8000000, 0x20000000, 0x40000000)
    ),
    ("futex", (0, 0x189), Action.ALLOW),
    ("futex", (0, 6), Action.EPERM),
    ("futex", (0, 0x80 | 8), Action.EPERM),
    ("futex", (0, 12), Action.EPERM),
    ("futex", (0, 13), Action.EPERM),
    ("clock_gettime", (2,), Action.ALLOW),
    ("clock_gettime", (~1 << 3 | 2,), Action.EPERM),
    ("clock_nanosleep", (1, 0), Action.ALLOW),
    ("clock_nanosleep", (~1 << 3 | 6, 0), Action.EPERM),
    ("getsockopt", (6, 1, 3), Action.ALLOW),
    ("getsockopt", (6, 1, 17), Action.EPERM),
    ("getsockopt", (6, 1, 77), Action.EPERM),
    ("madvise", (0, 4096, 4), Action.ALLOW),
    ("madvise", (0, 4096, 12), Action.EPERM),
    ("tgkill", (PID, 1, 6), Action.ALLOW),
    ("tgkill", (1, 1, 6), Action.EPERM),
    ("clone", (0x3D0F00,), Action.ALLOW),
    ("clone", (0x7D0F00,), Action.ALLOW),
    ("clone", (0x50F00,), Action.ALLOW),
    ("clone", (0x1200011,), Action.EPERM),
    *(("clone", (0x3D0F00 & ~needed,), Action.EPERM) for needed in (0x100, 0x200, 0x400, 0x800, 0x10000)),
    *(("clone", (0x3D0F00 | more,), Action.EPERM) for more in (0x11, 0x80, 0x1000, 0x4000, 0x80000000)),
    ("clone", (0x3D0F00 | 0x10000000,), Action.EPERM),
    ("clone3", (), Action.ENOSYS),
    ("mmap", (0, 4096, 3, 0x22), Action.ALLOW),
    ("mmap", (0, 4096, 5, 0x2), Action.ALLOW),
    ("mmap", (0, 4096, 5, 0x22), Action.EPERM),
    ("mmap", (0, 4096, 7, 0x2), Action.EPERM),
    ("mmap", (0, 4096, 3, 0x21), Action.EPERM),
    ("mmap", (0, 4096, 3, 0x23), Action.EPERM),
    ("mmap", (0, 4096, 3, 0x122), Action.EPERM),
    ("mprotect", (0, 4096, 1), Action.ALLOW),
    ("mprotect", (0, 4096, 4), Action.EPERM),
    ("openat", (-100, 0, 0o2000000), Action.ALLOW),
    ("openat", (-100, 0, 1), Action.EPERM),
    ("openat", (-100, 0, 0o100), Action.EPERM),
    ("openat", (-100, 0, 0o10000000), Action.EPERM),
    ("ioctl", (3, 0x5421), Action.ALLOW),
    ("ioctl", (0, 0x5412), Action.EPERM),
    ("prctl", (15,), Action.ALLOW),
    ("prctl", (4, 1), Action.EPERM),
    ("prlimit64", (0,), Action.EPERM),
    ("fcntl", (6, 0), Action.ENOSYS),
    ("getsid", (1,), Action.ENOSYS),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.machine)
@pytest.mark.parametrize(("call", "arguments", "action"), DECISIONS)
def test_worker_decisions(architecture, call, arguments, action):
    assert decide(WORKER_POLICY, architecture, call, *arguments) is action


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.machine)
@pytest.mark.parametrize(
    ("call", "arguments", "action"),
    [
        ("read", (3,), Action.ALLOW),
        ("socket", (2, 1 | 0o2000000, 0), Action.ALLOW),
        ("socket", (10, 1, 6), Action.ALLOW),
        ("socket", (2, 1, 262), Action.EAFNOSUPPORT),  # MPTCP
        ("socket", (2, 1, 132), Action.EAFNOSUPPORT),  # SCTP
        ("socket", (2, 2, 0), Action.EAFNOSUPPORT),  # UDP
        ("socket", (1, 1, 0), Action.EAFNOSUPPORT),  # Unix
        ("socket", (16, 3, 0), Action.EAFNOSUPPORT),  # netlink
        ("sendto", (3, 0, 0, 0x4000), Action.ALLOW),
        ("sendto", (3, 0, 0, 0x20000000), Action.EPERM),
        ("sendmsg", (3, 0, 0x20004000), Action.EPERM),
        ("clone", (0x3D0F00,), Action.ALLOW),
        ("clone", (0x4111,), Action.EPERM),
        ("kill", (PID, 3), Action.ALLOW),
        ("kill", (1, 9), Action.EPERM),
        ("mount", (), Action.EPERM),
    ],
)
def test_server_decisions(architecture, call, arguments, action):
    assert decide(SERVER_POLICY, architecture, call, *arguments) is action


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_calls_through_another_entry_kill(policy):
    i386 = 0x40000003
    assert decide(policy, X86_64, "read", audit=i386) is Action.KILL
    assert decide(policy, AARCH64, "read", audit=i386) is Action.KILL
    assert decide(policy, X86_64, 0x40000000 | 0) is Action.KILL


def test_an_unknown_call_gets_the_default():
    assert decide(WORKER_POLICY, X86_64, 1999) is Action.ENOSYS
    assert decide(SERVER_POLICY, X86_64, 1999) is Action.ALLOW


def test_rows_are_tried_in_order_and_all_checks_must_hold():
    policy = Policy(
        (
            Row("kill", Action.ALLOW, "signal zero to itself", (Check(0, OWN_PID), Check(1, 0))),
            Row("kill", Action.EPERM, "other signals to itself", (Check(0, OWN_PID),)),
        ),
        Action.KILL,
    )
    assert decide(policy, X86_64, "kill", PID, 0) is Action.ALLOW
    assert decide(policy, X86_64, "kill", PID, 9) is Action.EPERM
    assert decide(policy, X86_64, "kill", 1, 0) is Action.KILL


def test_a_misspelt_call_does_not_compile():
    with pytest.raises(KeyError, match="raed"):
        compile_policy(Policy((Row("raed", Action.ALLOW, "reading"),), Action.KILL), X86_64)
