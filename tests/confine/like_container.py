"""Runs a command about as a container of Docker's default profile would, on a machine without one.

    python3 tests/confine/like_container.py [--uid N] COMMAND...

Needs root, and nothing but the standard library. No namespaces, mounts, keys, BPF, performance counters or
io_uring, and Docker's fourteen capabilities for root. With --uid the command runs as that user id, which no
passwd need name, as Kubernetes runs it. Cgroups and the file system stay those of the machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, before anything is installed

from sandbox.confine import libc
from sandbox.confine.bpf import Action, Check, Policy, Row, compile_policy

# What the default profile lets root call with CAP_SYS_ADMIN only, or nobody; those of this project's table.
_REFUSED: Final = (
    "unshare", "setns", "mount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "keyctl", "add_key", "request_key", "bpf", "perf_event_open",
    "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "open_by_handle_at", "quotactl",
    "swapon", "swapoff", "reboot", "acct", "init_module", "finit_module", "delete_module", "kexec_load",
    "kexec_file_load",
)  # fmt: skip
_NEW_NAMESPACES: Final = (0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000)
PROFILE: Final = Policy(
    (
        *(Row(call, Action.EPERM, "Docker's default profile") for call in _REFUSED),
        *(Row("clone", Action.EPERM, "a namespace", (Check(0, bit, bit),)) for bit in _NEW_NAMESPACES),
        Row("clone3", Action.ENOSYS, "its flags lie in memory"),
    ),
    Action.ALLOW,
)
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot,
# mknod, audit_write, setfcap
CAPABILITIES: Final = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)


def enter(uid: int | None) -> None:
    """Make this process and what it starts like a container, as root or as a user id of nobody's."""
    libc.install_filter(compile_policy(PROFILE, libc.architecture()).bind(os.getpid()))
    libc.limit_capabilities(CAPABILITIES)
    libc.keep_capabilities(CAPABILITIES)
    if uid is not None:
        become(uid)


def become(uid: int) -> None:
    """Become a user id, named or not, with the umask of careful people."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    os.umask(0o077)


def can_use(uid: int, *paths: Path) -> bool:
    """Whether a user id of no group can read these paths, through all their folders."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            code = 0 if all(os.access(path, os.R_OK) for path in paths) else 1
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def main() -> None:
    """Become the command."""
    arguments, uid = sys.argv[1:], None
    if arguments[:1] == ["--uid"]:
        uid, arguments = int(arguments[1]), arguments[2:]
    enter(uid)
    os.execvp(arguments[0], arguments)


if __name__ == "__main__":
    main()
