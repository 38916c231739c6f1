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
_EAGAIN = Action.EAGAIN

_PROT_WRITE, _PROT_EXEC = 2, 4
_MAP_SHARED, _MAP_ANONYMOUS, _MAP_GROWSDOWN, _MAP_HUGETLB = 0x1, 0x20, 0x100, 0x40000
# A thread as every C library makes one, sharing memory, files, folder, signals and semaphores. Its flags may
# also hold where its identity is written (SETTLS, PARENT_SETTID, CHILD_CLEARTID, CHILD_SETTID, DETACHED).
_THREAD, _FLAGS_OF_THREADS = 0x00050F00, 0xFE87FFFF
# O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND, O_PATH (which Landlock lets through) and O_TMPFILE.
_NOT_PLAIN_READING: Final = 0x3 | 0x40 | 0x200 | 0x400 | 0x200000 | 0x400000

_SO_TYPE, _SO_PROTOCOL = 3, 38
# All but FUTEX_CLOCK_REALTIME; and all but that and FUTEX_PRIVATE_FLAG.
_FUTEX_SCOPED: Final = 0xFFFFFEFF
_FUTEX_COMMAND: Final = 0xFFFFFE7F
_PRIVATE: Final = 0x80
# All but MSG_DONTWAIT and MSG_NOSIGNAL.
_ODD_FLAGS: Final = 0xFFFFBFBF
_WAIT, _WAKE, _REQUEUE, _CMP_REQUEUE, _WAKE_OP, _WAIT_BITSET, _WAKE_BITSET = 0, 1, 3, 4, 5, 9, 10
_CLOCKS_OF_ALL: Final = 0xFFFFFFF0  # clock ids beyond the first 16 are those of one process or device
_DONTNEED, _FREE, _HUGEPAGE = 4, 8, 14
_TCGETS, _TIOCGWINSZ, _FIONBIO = 0x5401, 0x5413, 0x5421
_PR_SET_NAME: Final = 15

# Why a call is allowed that honest work on one machine need not show.
_MUSL: Final = "musl's way, where glibc has another"
_OLD_GLIBC: Final = "glibc before 2.33, and musl"
_ARM: Final = "aarch64, which lacks the older call"
_NO_VDSO: Final = "clocks that cannot be read without a call, as on some virtual machines"
_STOPPED: Final = "after a stop, or another signal from outside"


def _rows(action: Action, reason: str, *calls: str, elsewhere: str = "") -> tuple[Row, ...]:
    return tuple(Row(call, action, reason, elsewhere=elsewhere) for call in calls)


def _only(
    call: str, argument: int, reason: str, *values: int | str, mask: int = 0xFFFFFFFF, elsewhere: str = ""
) -> tuple[Row, ...]:
    """Allow `call` for these values of one argument; `_otherwise` must refuse the others."""
    checks = (Check(argument, value, mask) for value in values)
    return tuple(Row(call, _ALLOW, reason, (check,), elsewhere) for check in checks)


def _otherwise(call: str, reason: str) -> Row:
    return Row(call, _EPERM, reason)


def _reading(call: str, argument: int, elsewhere: str = "") -> tuple[Row, ...]:
    check = Check(argument, 0, _NOT_PLAIN_READING)
    return (
        Row(call, _ALLOW, "late imports and library data", (check,), elsewhere),
        _otherwise(call, "writing, creating, or handles without rights"),
    )


_COMPUTING: Final = (
    *_only("sendto", 3, "the channel", 0, mask=_ODD_FLAGS),
    _otherwise("sendto", "urgent bytes, pages that are lent, and other rarely walked paths of the kernel"),
    *_only("recvfrom", 3, "the channel", 0, mask=_ODD_FLAGS),
    _otherwise("recvfrom", "urgent bytes, queues of errors, and other rarely walked paths of the kernel"),
    *_rows(_ALLOW, "the channel", "getsockname"),
    *_only("getsockopt", 2, "which kind of socket the channel is", _SO_TYPE, _SO_PROTOCOL),
    _otherwise("getsockopt", "who made the channel, and a handle on that process"),
    *_rows(_ALLOW, "waiting for the channel", "poll"),
    *_rows(_ALLOW, "waiting for the channel", "ppoll", elsewhere=_ARM),
    *_only("futex", 1, "locks between threads", *(_PRIVATE | one for one in (_WAIT, _WAKE, _WAIT_BITSET)),
           mask=_FUTEX_SCOPED),
    *_only("futex", 1, "locks between threads",
           *(_PRIVATE | one for one in (_WAKE_BITSET, _REQUEUE, _CMP_REQUEUE, _WAKE_OP)),
           mask=_FUTEX_SCOPED, elsewhere=_OLD_GLIBC),
    *(Row("futex", _EAGAIN, "waiting where other processes wake: a library's page is one to all workers, and "
          "the kernel wakes who waits there when a thread ends. Whoever joins a thread looks again instead",
          (Check(1, one, _FUTEX_COMMAND),)) for one in (_WAIT, _WAIT_BITSET)),
    _otherwise("futex", "waking waiters of other processes; priority inheritance, which looks up and boosts "
               "any process by its id"),
    *_rows(_ALLOW, "threads", "set_robust_list", "rseq", "gettid", "exit"),
    *_rows(_ALLOW, "waiting for contended locks", "sched_yield", elsewhere="locks that happen to be held"),
    *_only("clone", 0, "threads", _THREAD, mask=_FLAGS_OF_THREADS),
    _otherwise("clone", "processes, namespaces, and threads with descriptors of their own, beyond the limit"),
    Row("clone3", _ENOSYS, "its flags lie in memory, out of sight; libraries fall back to clone"),
    *_only("sched_getaffinity", 0, "how many threads to start", 0),
    _otherwise("sched_getaffinity", "processors of other processes"),
    *_rows(_ALLOW, "memory, within RLIMIT_DATA", "brk", "munmap", "mremap"),
    *_only("madvise", 2, "giving memory back, and large pages", _DONTNEED, _HUGEPAGE),
    *_only("madvise", 2, "giving memory back", _FREE, elsewhere="other allocators"),
    _otherwise("madvise", "merging equal pages would tell what others have in memory"),
    *_rows(_ALLOW, "memory near the processor", "getcpu", elsewhere="machines with several memory nodes"),
    Row("mmap", _EPERM, "code that is written",
        (Check(2, _PROT_EXEC | _PROT_WRITE, _PROT_EXEC | _PROT_WRITE),)),
    Row("mmap", _EPERM, "memory that could be shared, outside RLIMIT_DATA",
        (Check(3, _MAP_SHARED | _MAP_ANONYMOUS, _MAP_SHARED | _MAP_ANONYMOUS),)),
    Row("mmap", _EPERM, "counted as stack, outside RLIMIT_DATA", (Check(3, _MAP_GROWSDOWN, _MAP_GROWSDOWN),)),
    Row("mmap", _EPERM, "huge pages, outside RLIMIT_DATA", (Check(3, _MAP_HUGETLB, _MAP_HUGETLB),)),
    Row("mmap", _ALLOW, "memory and late libraries, never code", (Check(2, 0, _PROT_EXEC),)),
    Row("mmap", _ALLOW, "code of late libraries, from files", (Check(3, 0, _MAP_ANONYMOUS),)),
    _otherwise("mmap", "code from anything but a file"),
    Row("mprotect", _ALLOW, "allocators; read-only relocations of libraries", (Check(2, 0, _PROT_EXEC),)),
    _otherwise("mprotect", "memory that becomes code"),
    *_rows(_ALLOW, "the end", "exit_group"),
    *_rows(_ALLOW, "abort() of a library, and starting threads", "rt_sigprocmask", "rt_sigaction", "getpid"),
    *_rows(_ALLOW, "signal handlers", "rt_sigreturn", elsewhere=_STOPPED),
    *_rows(_ALLOW, "going on with a sleep", "restart_syscall", elsewhere=_STOPPED),
    *_only("tgkill", 0, "a signal to its own threads, as abort() sends", OWN_PID),
    _otherwise("tgkill", "signals to others"),
    *_only("clock_gettime", 0, "processor time of its own", 0, mask=_CLOCKS_OF_ALL),
    _otherwise("clock_gettime", "processor time of other processes, and whether they exist"),
    *_only("clock_nanosleep", 0, "sleeping", 0, mask=_CLOCKS_OF_ALL),
    _otherwise("clock_nanosleep", "sleeping by the processor time of other processes"),
    *_rows(_ALLOW, "sleeping", "nanosleep", elsewhere="glibc before 2.31, and musl"),
    *_rows(_ALLOW, "clocks", "gettimeofday", "time", elsewhere=_NO_VDSO),
    *_rows(_ALLOW, "random seeds", "getrandom"),
    *_rows(_ALLOW, "which machine it is", "uname"),
    *_rows(_ALLOW, "sorting asks for the size of memory", "sysinfo", elsewhere="glibc before 2.37, once"),
)  # fmt: skip

_READING: Final = (
    *_reading("openat", 2),
    *_reading("open", 1, elsewhere=_MUSL),
    Row("openat2", _ENOSYS, "its flags lie in memory, out of sight; libraries fall back to openat"),
    *_rows(_ALLOW, "opened files", "read", "close", "lseek", "getdents64"),
    *_rows(_ALLOW, "loading libraries whose headers lie far in", "pread64", elsewhere="other libraries"),
    *_rows(_ALLOW, "opened files", "readv", elsewhere=_MUSL),
    *_rows(_ALLOW, "warnings, to a null device", "write"),
    *_rows(_ALLOW, "warnings, to a null device", "writev", elsewhere=_MUSL),
    *_rows(_ALLOW, "late imports look for files", "newfstatat", "access"),
    *_rows(_ALLOW, "late imports look for files", "stat", "lstat", "fstat", elsewhere=_OLD_GLIBC),
    *_rows(_ALLOW, "late imports look for files", "faccessat", "readlinkat", elsewhere=_ARM),
    *_rows(_ALLOW, "following links", "readlink", elsewhere="an installation that is reached by links"),
    *_rows(_ALLOW, "where source text is", "getcwd"),
    *_only("ioctl", 1, "opening a file asks whether it is a terminal; the channel does not block", _TCGETS,
           _FIONBIO),
    *_only("ioctl", 1, "how wide tables are printed", _TIOCGWINSZ),
    _otherwise("ioctl", "devices"),
    *_only("prctl", 0, "names of threads", _PR_SET_NAME, elsewhere="Python 3.14, and libraries that do"),
    _otherwise("prctl", "what this process was confined with"),
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
        _EPERM, "signals; what raises one for itself uses tgkill",
        "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "pidfd_open",
    ),
    *_rows(
        _EPERM, "another identity",
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
        "setfsgid", "capset", "setsid", "setpgid",
    ),
    *_rows(
        _EPERM, "limits and priorities",
        "setrlimit", "prlimit64", "setpriority", "sched_setaffinity", "sched_setscheduler", "sched_setattr",
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
