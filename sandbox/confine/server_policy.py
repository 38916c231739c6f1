"""The seccomp policy of local data servers: what a JVM or DuckDB never needs to answer queries.

Untrusted side, data only. Files and TCP ports are Landlock's part; this table closes what Landlock does
not see. Everything else is allowed, because a JVM's calls change with every release. Refusals are
errors rather than kills, so that one refused query does not take the other runs' server down.
"""

from __future__ import annotations

from typing import Final

from sandbox.confine.bpf import OWN_PID, Action, Check, Policy, Row

_CLONE_THREAD: Final = 0x00010000
_MSG_FASTOPEN: Final = 0x20000000
_ACCESS_MODE, _READ_ONLY, _TRUNCATE = 0o3, 0o0, 0o1000  # of the flags of `open`
_TYPE_MASK: Final = 0xF  # the rest of a socket type is SOCK_NONBLOCK and SOCK_CLOEXEC
_STREAM, _INET, _INET6, _TCP = 1, 2, 10, 6
_ALLOW, _EPERM, _ENOSYS = Action.ALLOW, Action.EPERM, Action.ENOSYS


def _refused(reason: str, *calls: str) -> tuple[Row, ...]:
    return tuple(Row(call, _EPERM, reason) for call in calls)


def _tcp(family: int, protocol: int) -> Row:
    checks = (Check(0, family), Check(1, _STREAM, _TYPE_MASK), Check(2, protocol))
    return Row("socket", _ALLOW, "TCP; the ports are Landlock's part", checks)


def _reading_and_emptying(call: str, flags: int) -> Row:
    checks = (Check(flags, _READ_ONLY | _TRUNCATE, _ACCESS_MODE | _TRUNCATE),)
    return Row(call, _EPERM, "empties a file that may only be read, past Landlock's older rules", checks)


_ROWS: Final = (
    _tcp(_INET, 0),
    _tcp(_INET, _TCP),
    _tcp(_INET6, 0),
    _tcp(_INET6, _TCP),
    # UDP (so DNS too), raw, netlink, Unix paths (a container daemon's socket is one), and MPTCP and
    # SCTP, which Landlock's TCP rules do not cover.
    Row("socket", Action.EAFNOSUPPORT, "only TCP is governed by Landlock's port rules"),
    Row("sendto", _EPERM, "connects without asking Landlock", (Check(3, _MSG_FASTOPEN, _MSG_FASTOPEN),)),
    Row("sendto", _ALLOW, "answers"),
    Row("sendmsg", _EPERM, "connects without asking Landlock", (Check(2, _MSG_FASTOPEN, _MSG_FASTOPEN),)),
    Row("sendmsg", _ALLOW, "answers"),
    Row("sendmmsg", _EPERM, "connects without asking Landlock", (Check(3, _MSG_FASTOPEN, _MSG_FASTOPEN),)),
    Row("sendmmsg", _ALLOW, "answers"),
    Row("clone", _ALLOW, "threads", (Check(0, _CLONE_THREAD, _CLONE_THREAD),)),
    Row("clone", _EPERM, "a server has no child processes; one could outlive its jail"),
    Row("clone3", _ENOSYS, "its flags lie in memory, out of sight; libraries fall back to clone"),
    *_refused("a server has no child processes", "fork", "vfork"),
    Row("kill", _ALLOW, "a signal to itself", (Check(0, OWN_PID),)),
    Row("kill", _EPERM, "signals to others"),
    Row("tgkill", _ALLOW, "a signal to its own threads", (Check(0, OWN_PID),)),
    Row("tgkill", _EPERM, "signals to others"),
    Row("prlimit64", _ALLOW, "its own limits", (Check(0, 0),)),
    Row("prlimit64", _ALLOW, "its own limits", (Check(0, OWN_PID),)),
    Row("prlimit64", _EPERM, "limits of others"),
    *_refused("signals to others", "tkill", "rt_sigqueueinfo", "pidfd_send_signal"),
    *_refused(
        "other processes' memory and descriptors",
        "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open",
        "pidfd_getfd", "kcmp",
    ),
    *_refused("reads and connects past seccomp", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *_refused("kernel attack surface", "bpf", "userfaultfd", "perf_event_open", "fanotify_init"),
    *_refused("keys of the user's session", "keyctl", "add_key", "request_key"),
    *_refused("opens files past Landlock's rules", "open_by_handle_at"),
    # Landlock governs truncating since Linux 6.2. What is open for writing can be truncated by `ftruncate`.
    *_refused("empties files past Landlock's rules", "truncate"),
    _reading_and_emptying("open", 1),
    _reading_and_emptying("openat", 2),
    Row("openat2", _ENOSYS, "its flags lie in memory, out of sight; libraries fall back to openat"),
    *_refused(
        "the file system's shape",
        "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
        "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "acct",
    ),
    *_refused("other namespaces", "unshare", "setns"),
    *_refused("the kernel's code", "init_module", "finit_module", "delete_module"),
    *_refused("another kernel", "kexec_load", "kexec_file_load"),
    *_refused("the machine", "reboot", "sethostname", "setdomainname", "syslog", "vhangup", "iopl", "ioperm"),
    *_refused("the machine's clock", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime"),
    *_refused("another execution domain", "personality", "modify_ldt"),
)  # fmt: skip

SERVER_POLICY: Final = Policy(_ROWS, _ALLOW)
