"""The seccomp policy of a worker: what computing needs, each call with its reason. Unknown means refused.

Untrusted side, data only. The default is ENOSYS rather than a kill, since a C library tries newer calls
and falls back by itself. What nothing honest does kills the process: its SIGSYS in the wait status is a sign
of an attempt that a guest cannot forge. Files are Landlock's part as well; both must hold alone where
they can.
"""

from __future__ import annotations

from typing import Final

from sandbox.confine.bpf import OWN_PID, Action, Check, Policy, Row

_ALLOW, _EPERM, _ENOSYS, _KILL = Action.ALLOW, Action.EPERM, Action.ENOSYS, Action.KILL

_PROT_WRITE, _PROT_EXEC = 2, 4
_MAP_SHARED, _MAP_ANONYMOUS, _MAP_GROWSDOWN, _MAP_HUGETLB = 0x1, 0x20, 0x100, 0x40000
_CLONE_THREAD, _CLONE_NEW_NAMESPACES = 0x00010000, 0x7E020080
# O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND, O_PATH (which Landlock lets through) and O_TMPFILE.
_NOT_PLAIN_READING: Final = 0x3 | 0x40 | 0x200 | 0x400 | 0x200000 | 0x400000

_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_DUPFD_CLOEXEC = 0, 1, 2, 3, 4, 1030
_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIOCLEX = 0x5401, 0x5413, 0x541B, 0x5421, 0x5451
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x53564D41


def _rows(action: Action, reason: str, *calls: str) -> tuple[Row, ...]:
    return tuple(Row(call, action, reason) for call in calls)


def _only(call: str, argument: int, reason: str, *values: int | str) -> tuple[Row, ...]:
    """Allow `call` for these values of one argument, and refuse the others."""
    allowed = (Row(call, _ALLOW, reason, (Check(argument, value),)) for value in values)
    return (*allowed, Row(call, _EPERM, f"anything but: {reason}"))


def _reading(call: str, argument: int) -> tuple[Row, ...]:
    return (
        Row(call, _ALLOW, "late imports and library data", (Check(argument, 0, _NOT_PLAIN_READING),)),
        Row(call, _EPERM, "writing, creating, or handles without rights"),
    )


_COMPUTING: Final = (
    *_rows(
        _ALLOW, "the channel and opened files",
        "read", "write", "readv", "writev", "pread64", "preadv",
    ),
    *_rows(
        _ALLOW, "the channel",
        "sendto", "recvfrom", "shutdown", "getsockname", "getpeername", "getsockopt",
    ),
    *_rows(_ALLOW, "waiting for the channel", "poll", "ppoll", "select", "pselect6"),
    *_rows(
        _ALLOW, "event loops inside libraries",
        "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2",
    ),
    *_rows(_ALLOW, "locks between threads", "futex", "set_robust_list", "rseq", "membarrier"),
    *_rows(_ALLOW, "memory, within RLIMIT_DATA", "brk", "munmap", "mremap", "madvise"),
    Row("mmap", _EPERM, "code that is written",
        (Check(2, _PROT_EXEC | _PROT_WRITE, _PROT_EXEC | _PROT_WRITE),)),
    Row("mmap", _EPERM, "memory that could be shared, outside RLIMIT_DATA",
        (Check(3, _MAP_SHARED | _MAP_ANONYMOUS, _MAP_SHARED | _MAP_ANONYMOUS),)),
    Row("mmap", _EPERM, "counted as stack, outside RLIMIT_DATA", (Check(3, _MAP_GROWSDOWN, _MAP_GROWSDOWN),)),
    Row("mmap", _EPERM, "huge pages, outside RLIMIT_DATA", (Check(3, _MAP_HUGETLB, _MAP_HUGETLB),)),
    Row("mmap", _ALLOW, "memory and late libraries, never code", (Check(2, 0, _PROT_EXEC),)),
    Row("mmap", _ALLOW, "code of late libraries, from files", (Check(3, 0, _MAP_ANONYMOUS),)),
    Row("mmap", _EPERM, "code from anything but a file"),
    Row("mprotect", _ALLOW, "allocators; read-only relocations of libraries", (Check(2, 0, _PROT_EXEC),)),
    Row("mprotect", _EPERM, "memory that becomes code"),
    Row("clone", _ALLOW, "threads",
        (Check(0, _CLONE_THREAD, _CLONE_THREAD | _CLONE_NEW_NAMESPACES),)),
    Row("clone", _EPERM, "processes and namespaces"),
    Row("clone3", _ENOSYS, "its flags lie in memory, out of sight; libraries fall back to clone"),
    *_rows(
        _ALLOW, "threads",
        "set_tid_address", "gettid", "sched_yield", "getcpu", "exit",
    ),
    *_only("sched_getaffinity", 0, "how many threads to start", 0, OWN_PID),
    *_rows(_ALLOW, "the end", "exit_group"),
    *_rows(
        _ALLOW, "signal handling of its own",
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    ),
    *_only("kill", 0, "a signal to itself", OWN_PID),
    *_only("tgkill", 0, "a signal to its own threads, as abort() sends", OWN_PID),
    *_rows(_ALLOW, "clocks", "clock_gettime", "clock_getres", "gettimeofday", "time", "times"),
    *_rows(_ALLOW, "sleeping", "nanosleep", "clock_nanosleep"),
    *_rows(_ALLOW, "random seeds", "getrandom"),
    *_rows(
        _ALLOW, "who and where it is",
        "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "uname", "getcwd",
    ),
    *_rows(_ALLOW, "how much it has", "getrusage", "sysinfo", "getrlimit"),
    *_only("prlimit64", 0, "its own limits, which it cannot raise", 0, OWN_PID),
)  # fmt: skip

_READING: Final = (
    *_reading("openat", 2),
    *_reading("open", 1),
    Row("openat2", _ENOSYS, "its flags lie in memory, out of sight; libraries fall back to openat"),
    *_rows(
        _ALLOW, "opened files",
        "close", "lseek", "fstat", "fstatfs", "getdents64", "fadvise64", "dup", "dup2", "dup3",
    ),
    *_rows(
        _ALLOW, "late imports look for files",
        "stat", "lstat", "newfstatat", "statx", "statfs", "access", "faccessat", "readlink",
        "readlinkat",
    ),
    *_only("fcntl", 1, "copies and flags of descriptors", _F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL,
           _F_DUPFD_CLOEXEC),
    *_only("ioctl", 1, "opening a file asks whether it is a terminal; the channel does not block", _TCGETS,
           _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIOCLEX),
    *_only("prctl", 0, "names of threads and memory", _PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA),
)  # fmt: skip

# Honest code may try these, as a library's second choice or by mistake, and reads a plain refusal.
_REFUSED: Final = (
    *_rows(_EPERM, "no processes", "fork", "vfork"),
    *_rows(
        _EPERM, "no network",
        "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "setsockopt",
    ),
    *_rows(_EPERM, "can carry descriptors", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg"),
    *_rows(
        _EPERM, "memory outside RLIMIT_DATA",
        "memfd_create", "shmget", "shmat", "mlock", "mlockall", "pipe", "pipe2",
    ),
    *_rows(
        _EPERM, "no writing",
        "creat", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2",
        "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "truncate", "ftruncate",
        "fallocate", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown",
        "utimensat", "setxattr", "fsetxattr", "lsetxattr", "flock", "chdir", "fchdir",
    ),
    *_rows(
        _EPERM, "signals to others",
        "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "pidfd_open",
    ),
    *_rows(
        _EPERM, "another identity",
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
        "setfsgid", "capset", "setsid", "setpgid",
    ),
    *_rows(
        _EPERM, "limits and priorities",
        "setrlimit", "setpriority", "sched_setaffinity", "sched_setscheduler", "sched_setattr",
        "personality",
    ),
)  # fmt: skip

_NEVER_HONEST: Final = (
    *_rows(_KILL, "another program", "execve", "execveat"),
    *_rows(
        _KILL, "another process's memory and descriptors",
        "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    ),
    *_rows(
        _KILL, "reads, writes and connects past seccomp",
        "io_uring_setup", "io_uring_enter", "io_uring_register",
    ),
    *_rows(
        _KILL, "kernel attack surface",
        "bpf", "userfaultfd", "perf_event_open", "fanotify_init", "memfd_secret", "modify_ldt",
    ),
    *_rows(_KILL, "keys of the user's session", "keyctl", "add_key", "request_key"),
    *_rows(_KILL, "files past Landlock's rules", "open_by_handle_at", "name_to_handle_at"),
    *_rows(
        _KILL, "the file system's shape",
        "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
        "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "acct",
    ),
    *_rows(_KILL, "other namespaces", "unshare", "setns"),
    *_rows(
        _KILL, "the kernel itself",
        "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
        "syslog", "iopl", "ioperm",
    ),
    *_rows(
        _KILL, "the machine's name and clock",
        "sethostname", "setdomainname", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime",
    ),
)  # fmt: skip

WORKER_POLICY: Final = Policy((*_COMPUTING, *_READING, *_REFUSED, *_NEVER_HONEST), _ENOSYS)
