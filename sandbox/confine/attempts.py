"""The forbidden things, each as something to try with unrestricted Python in a confined process.

Untrusted side, standard library only. `calcmetric doctor` and the tests run the table; what is promised of
the sandbox is a row here. An attempt that returns has reached what it must not; one that raises, or that
the kernel kills with SIGSYS, was blocked.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import resource
import socket
import struct
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.confine.libc import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, architecture, call_number, raw_call

_GROWSDOWN, _HUGETLB, _SIZE = 0x100, 0x40000, 4096
_READ_WRITE, _READ_WRITE_EXECUTE, _READ_EXECUTE = 3, 7, 5
_PRIVATE_ANONYMOUS: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_HOST_FILE: Final = "/etc/passwd"
_LIBRARY: Final = Path(os.__file__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One forbidden thing.

    Attributes:
        name: what is tried, for people.
        run: tries it; returns if it worked, raises if it was refused.
        fatal: the filter kills for it, so it needs a process of its own.
        only_full: blocked only at the level "full"; below it, existence can be seen, content cannot.
    """

    name: str
    run: Callable[[], object]
    fatal: bool = False
    only_full: bool = False


def _call(name: str, *arguments: int | bytes | None) -> Callable[[], object]:
    return lambda: raw_call(name, *arguments)


def _fatal(name: str, call: str, *arguments: int | bytes | None) -> Attempt:
    return Attempt(name, _call(call, *arguments), fatal=True)


def _socket(family: int, kind: int, protocol: int = 0) -> Callable[[], object]:
    return lambda: socket.socket(family, kind, protocol).close()


def _map(protection: int, flags: int) -> Callable[[], object]:
    return _call("mmap", 0, _SIZE, protection, flags, -1, 0)


def _open(path: str | Callable[[], str | Path], flags: int) -> Callable[[], object]:
    return lambda: os.close(os.open(path if isinstance(path, str) else path(), flags, 0o600))


def _in_installation() -> Path:
    return Path(sysconfig.get_path("purelib"), "calcmetric-attempt")


def _of_zygote(name: str) -> Callable[[], str]:
    return lambda: f"/proc/{os.getppid()}/{name}"


def _at_zygote(call: str, *after: int | bytes | None, before: tuple[int, ...] = ()) -> Callable[[], object]:
    return lambda: raw_call(call, *before, os.getppid(), *after)


def _start_program() -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def _start_process() -> None:
    if os.fork() == 0:
        os._exit(0)


def _become_code() -> None:
    page = raw_call("mmap", 0, _SIZE, _READ_WRITE, _PRIVATE_ANONYMOUS, -1, 0)
    raw_call("mprotect", page, _SIZE, _READ_EXECUTE)


def _rewrite_library_code() -> None:
    """Map a library's code, make it writable, and try to make it code again."""
    with _LIBRARY.open("rb") as file:
        page = raw_call("mmap", 0, _SIZE, _READ_EXECUTE, mmap.MAP_PRIVATE, file.fileno(), 0)
    raw_call("mprotect", page, _SIZE, _READ_WRITE)
    raw_call("mprotect", page, _SIZE, _READ_EXECUTE)


def _raise_memory_limit() -> None:
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError as error:
        raise PermissionError(str(error)) from None


def _find_other_descriptors() -> None:
    """Succeed if anything but stdio and the channel is open."""
    found = [number for number in range(3, 1024) if _is_open(number)]
    if len(found) < 2:
        raise PermissionError(f"only {found}")


def _is_open(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_GETFD)
    except OSError:
        return False
    return True


def _type_into_terminal() -> None:
    fcntl.ioctl(0, 0x5412, b"x")  # TIOCSTI: type into the terminal that started the engine


def _use_x32() -> None:
    if not architecture().has_x32:
        raise OSError(errno.ENOSYS, "this architecture has no x32")
    call_number(0x40000000 | 39)


def _overcommit() -> None:
    """Reserve a terabyte of writable memory."""
    raw_call("mmap", 0, 1 << 40, _READ_WRITE, _PRIVATE_ANONYMOUS, -1, 0)


def _receive_descriptors() -> None:
    with socket.socket(fileno=os.dup(_channel())) as channel:
        channel.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_DONTWAIT)


def _send_descriptors() -> None:
    with socket.socket(fileno=os.dup(_channel())) as channel:
        channel.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 0))])


def _channel() -> int:
    return next(number for number in range(3, 1024) if _is_open(number))


def _probe_process_ids() -> None:
    Path(f"/proc/{os.getppid()}/stat").stat()


_RAW_PACKETS: Final = 17

_FILES: Final = (
    Attempt("read a file of the host", _open(_HOST_FILE, os.O_RDONLY)),
    Attempt("read a device", _open("/dev/null", os.O_RDONLY)),
    Attempt("list the root folder", lambda: list(Path("/").iterdir())),
    Attempt("see that a file of the host exists", Path(_HOST_FILE).stat, only_full=True),
    Attempt("open a file as a path only", _open(_HOST_FILE, os.O_PATH)),
    Attempt("read the zygote's environment", _open(_of_zygote("environ"), os.O_RDONLY)),
    Attempt("read the zygote's memory file", _open(_of_zygote("mem"), os.O_RDONLY)),
    Attempt("create a file in /tmp", _open("/tmp/calcmetric-attempt", os.O_CREAT | os.O_WRONLY)),  # noqa: S108
    Attempt("create a file in /dev/shm", _open("/dev/shm/calcmetric-attempt", os.O_CREAT | os.O_RDWR)),  # noqa: S108
    Attempt("create a file beside the libraries", _open(_in_installation, os.O_CREAT | os.O_WRONLY)),
    Attempt("append to a library", _open(str(_LIBRARY), os.O_WRONLY | os.O_APPEND)),
    Attempt("create an unnamed file", _open("/", os.O_TMPFILE | os.O_RDWR)),
    Attempt("create a folder", lambda: _in_installation().mkdir()),
    Attempt("remove a library", _LIBRARY.unlink),
    Attempt("link to a file of the host", lambda: _in_installation().symlink_to(_HOST_FILE)),
    Attempt("rename a library", lambda: _LIBRARY.rename(_in_installation())),
    Attempt("change a library's permissions", lambda: _LIBRARY.chmod(0o700)),
    Attempt("change the working folder", lambda: os.chdir("/usr")),
    Attempt("watch files", _call("inotify_init1", 0)),
    Attempt("use a descriptor left open by the zygote", _find_other_descriptors),
    _fatal("open a file by its handle", "open_by_handle_at", 0, 0, 0),
)

_NETWORK: Final = (
    Attempt("open a TCP socket", _socket(socket.AF_INET, socket.SOCK_STREAM)),
    Attempt("open a TCP socket over IPv6", _socket(socket.AF_INET6, socket.SOCK_STREAM)),
    Attempt("open a UDP socket", _socket(socket.AF_INET, socket.SOCK_DGRAM)),
    Attempt("open a Unix socket", _socket(socket.AF_UNIX, socket.SOCK_STREAM)),
    Attempt("open a Unix datagram socket", _socket(socket.AF_UNIX, socket.SOCK_DGRAM)),
    Attempt("open a netlink socket", _socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    Attempt("open a raw socket", _socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)),
    Attempt("open a packet socket", _socket(_RAW_PACKETS, socket.SOCK_RAW)),
    Attempt("open a virtual machine socket", _socket(socket.AF_VSOCK, socket.SOCK_STREAM)),
    Attempt("make a socket pair", socket.socketpair),
    Attempt("resolve a name", lambda: socket.getaddrinfo("example.org", 80)),
    Attempt("receive a descriptor over the channel", _receive_descriptors),
    Attempt("send a descriptor over the channel", _send_descriptors),
)

_PROCESSES: Final = (
    _fatal("execute a program", "execve", b"/bin/true", None, None),
    _fatal("execute a program by descriptor", "execveat", 0, b"", None, None, 0x1000),
    Attempt("start a program", _start_program),
    Attempt("fork", _start_process),
    Attempt("fork without copying", _call("vfork")),
    Attempt("clone with a structure", _call("clone3", 0, 0)),
    Attempt("signal the zygote", _at_zygote("kill", 0)),
    Attempt("signal every process", _call("kill", -1, 0)),
    Attempt("signal a thread of the zygote", lambda: raw_call("tgkill", os.getppid(), os.getppid(), 0)),
    Attempt("queue a signal for the zygote", _at_zygote("rt_sigqueueinfo", 0, None)),
    Attempt("hold the zygote by descriptor", _at_zygote("pidfd_open", 0)),
    Attempt("change the zygote's limits", _at_zygote("prlimit64", resource.RLIMIT_NOFILE, None, None)),
    Attempt("see which processes exist", _probe_process_ids, only_full=True),
    Attempt("ask for a process's session", _at_zygote("getsid")),
    Attempt("ask for a process's processors", _at_zygote("sched_getaffinity", 128, bytes(128))),
    _fatal("trace the zygote", "ptrace", 16, 1, 0, 0),
    Attempt("read the zygote's memory", _at_zygote("process_vm_readv", 0, 0, 0, 0, 0), fatal=True),
    Attempt("write the zygote's memory", _at_zygote("process_vm_writev", 0, 0, 0, 0, 0), fatal=True),
)

_MEMORY: Final = (
    Attempt("map writable code", _map(_READ_WRITE_EXECUTE, _PRIVATE_ANONYMOUS)),
    Attempt("map code from memory", _map(_READ_EXECUTE, _PRIVATE_ANONYMOUS)),
    Attempt("turn memory into code", _become_code),
    Attempt("rewrite a library's code", _rewrite_library_code),
    Attempt("make a file in memory", lambda: os.close(os.memfd_create("attempt"))),
    Attempt("share memory", _map(_READ_WRITE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)),
    Attempt("share System V memory", _call("shmget", 0, _SIZE, 0o600)),
    Attempt("map uncounted stack", _map(_READ_WRITE, _PRIVATE_ANONYMOUS | _GROWSDOWN)),
    Attempt("map huge pages", _map(_READ_WRITE, _PRIVATE_ANONYMOUS | _HUGETLB)),
    Attempt("reserve a terabyte", _overcommit),
    Attempt("raise the memory limit", _raise_memory_limit),
    Attempt("lock memory", _call("mlockall", 1)),
)

_PRIVILEGES: Final = (
    Attempt("become traceable", _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)),
    Attempt("outlive the zygote", _call("prctl", PR_SET_PDEATHSIG, 0, 0, 0, 0)),
    Attempt("become root", _call("setuid", 0)),
    Attempt("become another user", _call("setresuid", 1, 1, 1)),
    Attempt("take capabilities", _call("capset", None, None)),
    Attempt("leave the session", os.setsid),
    Attempt("type into the terminal", _type_into_terminal),
    _fatal("mount", "mount", b"none", b"/", b"tmpfs", 0, None),
    _fatal("unmount", "umount2", b"/", 2),
    _fatal("change the root", "chroot", b"/"),
    _fatal("make a namespace", "unshare", 0x10000000),
    _fatal("enter a namespace", "setns", 0, 0),
    _fatal("load a BPF program", "bpf", 0, None, 0),
    _fatal("read keys", "keyctl", 0, -3, 1),
    _fatal("add a key", "add_key", b"user", b"attempt", b"x", 1, -3),
    _fatal("use io_uring", "io_uring_setup", 1, bytes(120)),
    _fatal("handle page faults", "userfaultfd", 0),
    _fatal("count performance events", "perf_event_open", None, 0, -1, -1, 0),
    _fatal("load a kernel module", "init_module", None, 0, b""),
    _fatal("replace the kernel", "kexec_load", 0, 0, None, 0),
    _fatal("rename the machine", "sethostname", b"x", 1),
    _fatal("set the clock", "clock_settime", 0, None),
    Attempt("call through the x32 entry", _use_x32, fatal=True),
)

ATTEMPTS: Final = (*_FILES, *_NETWORK, *_PROCESSES, *_MEMORY, *_PRIVILEGES)


def try_attempt(attempt: Attempt) -> tuple[bool, str]:
    """Run one attempt in this confined process; return whether it was blocked, and how."""
    try:
        attempt.run()
    except (OSError, MemoryError) as error:
        return True, f"{type(error).__name__}: {error}"
    return False, "it worked"
