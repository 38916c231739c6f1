"""System calls by name, through ctypes. Untrusted side, standard library only.

Every failure raises `ConfinementError` that names the step, because a protection that silently did not
take hold is worse than a process that does not start. Rejected: third-party bindings; none of those tried
covers a forked child, and each is one more thing inside the wall.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from typing import Final

from sandbox.confine.numbers import NUMBERS, Architecture, this_architecture

PR_SET_PDEATHSIG: Final = 1
PR_GET_PDEATHSIG: Final = 2
PR_GET_DUMPABLE: Final = 3
PR_SET_DUMPABLE: Final = 4
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_GET_NO_NEW_PRIVS: Final = 39
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
CAP_DAC_READ_SEARCH: Final = 2
CAP_LAST_POSSIBLE: Final = 63
_CAPABILITY_VERSION_3: Final = 0x20080522
_SECCOMP_SET_MODE_FILTER: Final = 1

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class ConfinementError(Exception):
    """A protection is missing or did not take hold; the message names it and the step that failed."""


Argument = int | bytes | ctypes.c_int | ctypes.Structure | ctypes.Array[ctypes.c_char] | None


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def architecture() -> Architecture:
    """The architecture of this process.

    Raises:
        ConfinementError: there is no table of system calls for it.
    """
    found = this_architecture()
    if found is None:
        machine = os.uname().machine
        raise ConfinementError(f"no system-call table for {machine} in {struct.calcsize('P') * 8} bits")
    return found


def raw_call(name: str, *arguments: Argument) -> int:
    """Make one system call; structures and buffers are passed by address.

    Raises:
        OSError: with the kernel's errno.
    """
    number = NUMBERS[name][architecture().column]
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), name)
    try:
        return call_number(number, *arguments)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None


def call_number(number: int, *arguments: Argument) -> int:
    """Make one system call by its number, as `raw_call` does by its name."""
    converted = [_convert(argument) for argument in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *converted)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def must_call(step: str, name: str, *arguments: Argument) -> int:
    """Make one system call of a confinement step.

    Raises:
        ConfinementError: it failed; the message holds `step` and the reason.
    """
    try:
        return raw_call(name, *arguments)
    except OSError as error:
        raise ConfinementError(f"{step} failed: {name}: {error.strerror}") from None


def set_no_new_privileges() -> None:
    """Give up what set-uid programs and file capabilities could grant; the other steps require it."""
    must_call("no_new_privs", "prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent(parent: int, signal: int) -> None:
    """Ask the kernel to send `signal` to this process when process `parent`, which made it, ends.

    Raises:
        ConfinementError: the parent has already ended (it could no longer be noticed).
    """
    must_call("parent-death signal", "prctl", PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        raise ConfinementError("the parent ended before its death could be noticed")


def read_parent_death_signal() -> int:
    """The signal that the kernel will send when the parent ends, 0 for none."""
    found = ctypes.c_int()
    raw_call("prctl", PR_GET_PDEATHSIG, found, 0, 0, 0)
    return found.value


def install_filter(code: bytes) -> None:
    """Install a seccomp program on all threads to come. `no_new_privs` must be set."""
    program = _FilterProgram(len(code) // 8, code)
    must_call("seccomp filter", "seccomp", _SECCOMP_SET_MODE_FILTER, 0, program)


def limit_capabilities(kept: Iterable[int] = ()) -> None:
    """Drop all but `kept` from the sets that programs to come could gain from: bounding and ambient."""
    _drop_ambient()
    spared = set(kept)
    for number in range(CAP_LAST_POSSIBLE + 1):
        if number not in spared and not _drop_from_bounding_set(number):
            break


def keep_capabilities(kept: Iterable[int] = ()) -> None:
    """Drop all but `kept` from this process's own sets, for good."""
    bits = sum(1 << number for number in kept)
    header = _capability_header()
    held = _read_capabilities(header)[1] & bits
    low, high = held & 0xFFFFFFFF, held >> 32
    data = ctypes.create_string_buffer(struct.pack("<6I", low, low, 0, high, high, 0))
    must_call("dropping capabilities", "capset", header, data)


def has_no_capabilities() -> bool:
    """Whether this process's own sets (effective, permitted, inheritable) are all empty."""
    return not any(_read_capabilities(_capability_header()))


def _capability_header() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION_3, 0))


def _read_capabilities(header: ctypes.Array[ctypes.c_char]) -> tuple[int, int, int]:
    """The effective, permitted and inheritable set."""
    data = ctypes.create_string_buffer(24)
    must_call("reading capabilities", "capget", header, data)
    low, high = (struct.unpack_from("<3I", data.raw, at) for at in (0, 12))
    effective, permitted, inheritable = (one | other << 32 for one, other in zip(low, high, strict=True))
    return effective, permitted, inheritable


def _drop_ambient() -> None:
    must_call("clearing ambient capabilities", "prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


def _drop_from_bounding_set(number: int) -> bool:
    """Drop one; False past the kernel's last. Without CAP_SETPCAP there is nothing that it could give."""
    try:
        raw_call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
    except OSError as error:
        return error.errno == errno.EPERM
    return True


def _convert(argument: object) -> object:
    if argument is None or isinstance(argument, bytes):
        return ctypes.c_char_p(argument)
    if isinstance(argument, int):
        return ctypes.c_long(argument)
    return ctypes.byref(argument)  # type: ignore[arg-type]
