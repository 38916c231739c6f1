"""Attempts at privileges, the kernel, the machine, and the confinement itself."""

from __future__ import annotations

import fcntl
import os
from typing import Final

from sandbox.confine.attempts.base import Attempt, Scene, any_of, call, fatal
from sandbox.confine.libc import PR_SET_DUMPABLE, PR_SET_PDEATHSIG

# Options of prctl that change how a process is confined, traced, or dumped; set to what is harmless.
_KEEP_CAPABILITIES, _SECURE_BITS, _SUBREAPER, _TRACER, _SPECULATION = 8, 28, 36, 0x59616D61, 53


def _type_into_terminal(_: Scene) -> None:
    fcntl.ioctl(0, 0x5412, b"x")  # TIOCSTI: type into the terminal that started the engine


PRIVILEGES: Final = (
    Attempt("become traceable", call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)),
    Attempt("outlive the zygote", call("prctl", PR_SET_PDEATHSIG, 0, 0, 0, 0)),
    Attempt("let others trace it", call("prctl", _TRACER, -1, 0, 0, 0)),
    Attempt("change what it is confined with", any_of(
        call("prctl", _KEEP_CAPABILITIES, 0, 0, 0, 0), call("prctl", _SECURE_BITS, 0, 0, 0, 0),
        call("prctl", _SUBREAPER, 0, 0, 0, 0), call("prctl", _SPECULATION, 0, 0, 0, 0))),
    Attempt("filter its own calls", call("seccomp", 2, 0, b"\0\0\xff\x7f")),
    Attempt("make Landlock rules", call("landlock_create_ruleset", None, 0, 1)),
    Attempt("become root", call("setuid", 0)),
    Attempt("become another user", call("setresuid", 1, 1, 1)),
    Attempt("become another user for files", call("setfsuid", 0)),
    Attempt("leave its groups", call("setgroups", 0, None)),
    Attempt("take capabilities", call("capset", None, None)),
    Attempt("leave the session", lambda _: os.setsid()),
    Attempt("leave its group", call("setpgid", 0, 0)),
    Attempt("type into the terminal", _type_into_terminal),
    fatal("mount", "mount", b"none", b"/", b"tmpfs", 0, None),
    fatal("unmount", "umount2", b"/", 2),
    fatal("move a mount", "move_mount", -100, b"/", -100, b"/", 0),
    fatal("copy a mount", "open_tree", -100, b"/", 0),
    fatal("open a file system", "fsopen", b"proc", 0),
    fatal("change the root", "chroot", b"/"),
    fatal("exchange the root", "pivot_root", b"/", b"/"),
    fatal("make a namespace", "unshare", 0x10000000),
    fatal("enter a namespace", "setns", 0, 0),
    fatal("load a BPF program", "bpf", 0, None, 0),
    fatal("read keys", "keyctl", 0, -3, 1),
    fatal("add a key", "add_key", b"user", b"attempt", b"x", 1, -3),
    fatal("request a key", "request_key", b"user", b"attempt", None, 0),
    fatal("use io_uring", "io_uring_setup", 1, bytes(120)),
    fatal("count performance events", "perf_event_open", None, 0, -1, -1, 0),
    fatal("load a kernel module", "init_module", None, 0, b""),
    fatal("load a kernel module from a file", "finit_module", 0, b"", 0),
    fatal("remove a kernel module", "delete_module", b"none", 0),
    fatal("replace the kernel", "kexec_load", 0, 0, None, 0),
    fatal("restart the machine", "reboot", 0, 0, 0, None),
    fatal("swap to a file", "swapon", b"/none", 0),
    fatal("read the kernel's log", "syslog", 10, None, 0),
    fatal("rename the machine", "sethostname", b"x", 1),
    fatal("set the clock", "clock_settime", 0, None),
    fatal("turn the clock", "adjtimex", 0),
)  # fmt: skip
