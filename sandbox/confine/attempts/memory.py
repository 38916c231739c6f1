"""Attempts at code that is made, memory that is shared, and memory beyond the limit."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import struct
import sysconfig
from pathlib import Path
from typing import Final

from sandbox.confine.attempts.base import Action, Attempt, Scene, any_of, call, fatal
from sandbox.confine.libc import architecture, call_number, raw_call

_GROWSDOWN, _HUGETLB, _SIZE = 0x100, 0x40000, 4096
_READ_WRITE, _READ_WRITE_EXECUTE, _READ_EXECUTE = 3, 7, 5
_MERGEABLE, _SET_MEMORY_MERGE = 12, 67
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1
_PRIVATE_ANONYMOUS: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_LIBRARY: Final = Path(os.__file__)
_CREATE_PRIVATE: Final = 0o1600
_INT_80: Final = b"\xcd\x80"
_LIMITS: Final = (
    resource.RLIMIT_DATA, resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE,
    resource.RLIMIT_FSIZE,
)  # fmt: skip


def _map(protection: int, flags: int) -> Action:
    return call("mmap", 0, _SIZE, protection, flags, -1, 0)


def _page() -> int:
    return raw_call("mmap", 0, _SIZE, _READ_WRITE, _PRIVATE_ANONYMOUS, -1, 0)


def _become_code(_: Scene) -> None:
    raw_call("mprotect", _page(), _SIZE, _READ_EXECUTE)


def _become_code_with_key(_: Scene) -> None:
    raw_call("pkey_mprotect", _page(), _SIZE, _READ_EXECUTE, -1)


def _rewrite_library_code(_: Scene) -> None:
    """Map a library's code, make it writable, and try to make it code again."""
    with _LIBRARY.open("rb") as file:
        page = raw_call("mmap", 0, _SIZE, _READ_EXECUTE, mmap.MAP_PRIVATE, file.fileno(), 0)
    raw_call("mprotect", page, _SIZE, _READ_WRITE)
    raw_call("mprotect", page, _SIZE, _READ_EXECUTE)


def _merge(_: Scene) -> None:
    """Let the kernel merge equal pages: how long a write takes tells what others have in memory."""
    raw_call("madvise", _page(), _SIZE, _MERGEABLE)


def _see_cached_pages(_: Scene) -> None:
    raw_call("mincore", _page(), _SIZE, bytes(1))


def _raise(kind: int) -> Action:
    def run(_: Scene) -> None:
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except ValueError as error:  # how Python says EPERM here
            raise PermissionError(errno.EPERM, str(error)) from None

    return run


def _overcommit(_: Scene) -> None:
    """Reserve a terabyte of writable memory."""
    raw_call("mmap", 0, 1 << 40, _READ_WRITE, _PRIVATE_ANONYMOUS, -1, 0)


def _use_x32(_: Scene) -> None:
    if not architecture().has_x32:
        raise OSError(errno.ENOSYS, "this architecture has no x32")
    call_number(0x40000000 | 39)


def _use_i386(_: Scene) -> None:
    """Run the two bytes of the 32-bit entry, wherever a library happens to hold them."""
    if not architecture().has_x32:
        raise OSError(errno.ENOSYS, "this architecture has no 32-bit entry")
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.so*")):
        at = path.read_bytes().find(_INT_80)
        if at >= 0:
            with path.open("rb") as file:
                code = raw_call(
                    "mmap", 0, 2 * _SIZE, _READ_EXECUTE, mmap.MAP_PRIVATE, file.fileno(), at & -_SIZE
                )
            ctypes.CFUNCTYPE(ctypes.c_int)(code + at % _SIZE)()
    raise LookupError("no library holds the bytes")


def _library_page() -> int:
    """A page that every worker can map, and that is one to all of them."""
    with _LIBRARY.open("rb") as file:
        return raw_call("mmap", 0, _SIZE, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)


def _wake_others(_: Scene) -> None:
    raw_call("futex", _library_page(), _FUTEX_WAKE, 1, None, None, 0)


def _wait_for_others(_: Scene) -> None:
    page = _library_page()
    known, soon = ctypes.c_uint32.from_address(page).value, struct.pack("<2q", 0, 1_000_000)
    try:
        raw_call("futex", page, _FUTEX_WAIT, known, soon, None, 0)
    except OSError as error:
        if error.errno == errno.EAGAIN:  # the page has not changed: it was not the kernel that said so
            raise PermissionError(errno.EPERM, "nobody waits there") from None
        if error.errno != errno.ETIMEDOUT:
            raise


MEMORY: Final = (
    Attempt("map writable code", _map(_READ_WRITE_EXECUTE, _PRIVATE_ANONYMOUS)),
    Attempt("map code from memory", _map(_READ_EXECUTE, _PRIVATE_ANONYMOUS)),
    Attempt("turn memory into code", _become_code),
    Attempt("turn memory into code with a key", _become_code_with_key),
    Attempt("rewrite a library's code", _rewrite_library_code),
    Attempt("make all memory code", call("personality", 0x0400000)),
    Attempt("make a file in memory", lambda _: os.close(os.memfd_create("attempt"))),
    Attempt("share memory", _map(_READ_WRITE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)),
    Attempt("share System V memory", call("shmget", 0, _SIZE, _CREATE_PRIVATE)),
    Attempt("share System V semaphores", call("semget", 0, 1, _CREATE_PRIVATE)),
    Attempt("share System V messages", call("msgget", 0, _CREATE_PRIVATE)),
    Attempt("share POSIX messages", call("mq_open", b"attempt", os.O_CREAT | os.O_RDWR, 0o600, None)),
    Attempt("wake who waits on a page of all processes", _wake_others),
    Attempt("wait on a page of all processes", _wait_for_others),
    Attempt("make a pipe", lambda _: os.pipe()),
    Attempt("merge equal pages", _merge),
    Attempt("merge all equal pages", call("prctl", _SET_MEMORY_MERGE, 1, 0, 0, 0)),
    Attempt("see which pages are in memory", _see_cached_pages),
    Attempt("map uncounted stack", _map(_READ_WRITE, _PRIVATE_ANONYMOUS | _GROWSDOWN)),
    Attempt("map huge pages", _map(_READ_WRITE, _PRIVATE_ANONYMOUS | _HUGETLB)),
    Attempt("reserve a terabyte", _overcommit),
    Attempt("raise a limit", any_of(*map(_raise, _LIMITS))),
    Attempt("lock memory", call("mlockall", 1)),
    fatal("make secret memory", "memfd_secret", 0),
    fatal("handle page faults", "userfaultfd", 0),
    Attempt("call through the x32 entry", _use_x32, fatal=True),
    Attempt("call through the i386 entry", _use_i386, fatal=True, crashes=True),
)
