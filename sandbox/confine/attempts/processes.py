"""Attempts at other processes: starting, seeing, signalling and changing them."""

from __future__ import annotations

import os
import resource
import struct
from pathlib import Path
from typing import Final

from sandbox.confine.attempts.base import Attempt, Scene, any_of, at_zygote, call, fatal, of_zygote
from sandbox.confine.libc import raw_call

_SIGNAL_OF_CHILD, _NEW_USER, _THREAD_FLAGS, _NEW_MOUNTS = 17, 0x10000000, 0x3D0F00, 0x20000
_FUTEX_LOCK_PI, _SET_OWNER, _ASYNCHRONOUS = 6, 8, 0o20000
_INTERVAL: Final = struct.pack("<4q", 0, 0, 3600, 0)
_CLOCK_OF_PROCESSOR_TIME: Final = 2


def _start_program(_: Scene) -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def _start_process(_: Scene) -> None:
    if os.fork() == 0:
        os._exit(0)


def _clock_of(pid: int) -> int:
    """The clock of a process's time on the processor, which exists if the process does."""
    return ~pid << 3 | _CLOCK_OF_PROCESSOR_TIME


def _read_clock(scene: Scene) -> None:
    raw_call("clock_gettime", _clock_of(scene.zygote), bytes(16))


def _sleep_by_clock(scene: Scene) -> None:
    raw_call("clock_nanosleep", _clock_of(scene.zygote), 0, struct.pack("<2q", 0, 0), None)


def _lend_priority(scene: Scene) -> None:
    """Wait for a lock that says that the zygote holds it: the kernel looks for that process."""
    lock, at_once = struct.pack("<I", scene.zygote), struct.pack("<2q", 0, 0)
    raw_call("futex", lock, _FUTEX_LOCK_PI, 0, at_once, None, 0)


def _signal_by_channel(scene: Scene) -> None:
    """Let the kernel signal another process when something arrives."""
    raw_call("fcntl", scene.channel, _SET_OWNER, scene.zygote)


PROCESSES: Final = (
    fatal("execute a program", "execve", b"/bin/true", None, None),
    fatal("execute a program by descriptor", "execveat", 0, b"", None, None, 0x1000),
    Attempt("start a program", _start_program),
    Attempt("fork", _start_process),
    Attempt("fork without copying", call("vfork")),
    Attempt("clone into a namespace", call("clone", _NEW_USER | _SIGNAL_OF_CHILD, 0, 0, 0, 0)),
    Attempt("start a thread in a namespace", call("clone", _THREAD_FLAGS | _NEW_MOUNTS, 0, 0, 0, 0)),
    Attempt("clone with a structure", call("clone3", 0, 0)),
    Attempt("signal the zygote", at_zygote("kill", 0)),
    Attempt("signal every process", call("kill", -1, 0)),
    Attempt("signal its group", call("kill", 0, 0)),
    Attempt("signal a thread of the zygote", lambda scene: raw_call("tgkill", scene.zygote, scene.zygote, 0)),
    Attempt("signal a thread by its id alone", at_zygote("tkill", 0)),
    Attempt("queue a signal for the zygote", at_zygote("rt_sigqueueinfo", 0, None)),
    Attempt("have the kernel signal the zygote", _signal_by_channel),
    Attempt("hold the zygote by descriptor", at_zygote("pidfd_open", 0)),
    Attempt("signal by descriptor", call("pidfd_send_signal", 0, 0, None, 0)),
    Attempt("set a timer", call("setitimer", 0, _INTERVAL, None)),
    Attempt("make a timer", call("timer_create", 1, None, bytes(8))),
    Attempt("make a timer that is a descriptor", call("timerfd_create", 1, 0)),
    Attempt("wait for other processes", call("waitid", 0, 0, bytes(128), 5, None)),
    Attempt("change the zygote's limits", at_zygote("prlimit64", resource.RLIMIT_NOFILE, None, None)),
    Attempt("see which processes exist", lambda scene: Path(of_zygote("stat")(scene)).stat(), only_full=True),
    Attempt("find a process by its clock", _read_clock),
    Attempt("find a process by sleeping on its clock", _sleep_by_clock),
    Attempt("find a process by a lock of its", _lend_priority),
    Attempt("find a process by its locks", at_zygote("get_robust_list", bytes(8), bytes(8))),
    Attempt("ask for a process's session", at_zygote("getsid")),
    Attempt("ask for a process's group", at_zygote("getpgid")),
    Attempt("ask for a process's processors", at_zygote("sched_getaffinity", 128, bytes(128))),
    Attempt("ask for a process's priority", any_of(
        at_zygote("getpriority", before=(0,)), at_zygote("ioprio_get", before=(1,)),
        at_zygote("sched_getscheduler"))),
    Attempt("lower the zygote's priority", at_zygote("setpriority", 19, before=(0,))),
    Attempt("lower the zygote's disk priority", at_zygote("ioprio_set", 3 << 13, before=(1,))),
    Attempt("change its own priority", call("setpriority", 0, 0, 1)),
    Attempt("become a real-time process", call("sched_setscheduler", 0, 1, struct.pack("<i", 1))),
    Attempt("choose its processors", call("sched_setaffinity", 0, 8, struct.pack("<Q", 1))),
    Attempt("move a process's memory", at_zygote("migrate_pages", 64, bytes(8), bytes(8))),
    Attempt("take a dying process's memory", call("process_mrelease", 0, 0)),
    fatal("trace the zygote", "ptrace", 16, 1, 0, 0),
    fatal("be traced", "ptrace", 0, 0, 0, 0),
    fatal("take a descriptor of a process", "pidfd_getfd", 0, 0, 0),
    fatal("compare processes", "kcmp", 1, 1, 0, 0, 0),
    fatal("advise on a process's memory", "process_madvise", 0, 0, 0, 4, 0),
    Attempt("read the zygote's memory", at_zygote("process_vm_readv", 0, 0, 0, 0, 0), fatal=True),
    Attempt("write the zygote's memory", at_zygote("process_vm_writev", 0, 0, 0, 0, 0), fatal=True),
)  # fmt: skip
