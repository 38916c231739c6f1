"""Seccomp policies as rows of data, and their compilation to a kernel filter program.

Untrusted side, standard library only. A policy is an ordered table as of a firewall: the first row that
names the system call and whose checks hold decides; a call that no row decides gets the policy's
default. A call made through another architecture's entry (i386, x32) kills the process, because its
numbers would mean other calls.

Checks compare the low 32 bits of an argument. That is exact for the arguments used here: the kernel
itself takes them as `int`, or every bit that is looked at lies in the low half. Pointers are never looked
at: what they point to can change after the check. Rejected: libseccomp (absent on small images, and five
times slower to load than a program that the zygote compiled once).
"""

from __future__ import annotations

import enum
import errno
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.confine.numbers import NUMBERS, Architecture

_LOAD, _AND, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENTS = 0, 4, 16
_X32_BIT: Final = 0x40000000
_ALL_BITS: Final = 0xFFFFFFFF
_INSTRUCTION: Final = struct.Struct("<HBBI")

_RET_ERRNO: Final = 0x00050000


class Action(enum.IntEnum):
    """What the kernel does with a call; the values are seccomp's own return values."""

    ALLOW = 0x7FFF0000
    EPERM = _RET_ERRNO | errno.EPERM
    ENOSYS = _RET_ERRNO | errno.ENOSYS  # "this kernel is older": libraries then fall back by themselves
    EAGAIN = _RET_ERRNO | errno.EAGAIN  # "look again": who waits for a thread of its own then does
    EAFNOSUPPORT = _RET_ERRNO | errno.EAFNOSUPPORT
    KILL = 0x80000000  # the whole process, with SIGSYS in its wait status: nothing honest does this


OWN_PID: Final = "own pid"  # a check's value that is filled in when the filter is applied


@dataclass(frozen=True, slots=True)
class Check:
    """Holds if `argument & mask == value`."""

    argument: int
    value: int | str
    mask: int = _ALL_BITS


@dataclass(frozen=True, slots=True)
class Row:
    """One permission or refusal.

    Attributes:
        call: by its name in the number table.
        action: what the kernel does with the call.
        reason: why the row is there, for whoever audits the table.
        when: checks that must all hold; none: always.
        elsewhere: of a permission that the tests need not see used here: which other kernel, processor, C
            library or moment needs it. Permissions without it are proven to be needed.
    """

    call: str
    action: Action
    reason: str
    when: tuple[Check, ...] = ()
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered table of rows, and what happens to a call that no row decides."""

    rows: tuple[Row, ...]
    default: Action


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """A compiled filter: `code` is an array of `struct sock_filter`."""

    code: bytes
    own_pid_at: tuple[int, ...]  # indexes of instructions whose operand is the process's own id

    def bind(self, own_pid: int) -> bytes:
        """Return the code with the process's own id filled in."""
        code = bytearray(self.code)
        for index in self.own_pid_at:
            struct.pack_into("<I", code, index * _INSTRUCTION.size + 4, own_pid)
        return bytes(code)


def compile_policy(policy: Policy, architecture: Architecture) -> CompiledFilter:
    """Compile a policy for one architecture; rows for calls that it does not have are left out.

    Raises:
        KeyError: a row names a call that the number table does not know.
    """
    writer = _Writer()
    writer.add(_LOAD, _OFFSET_ARCHITECTURE)
    writer.add(_JUMP_EQUAL, architecture.audit, if_true=1)
    writer.add(_RETURN, Action.KILL)
    writer.add(_LOAD, _OFFSET_NUMBER)
    if architecture.has_x32:
        writer.add(_JUMP_AT_LEAST, _X32_BIT, if_false=1)
        writer.add(_RETURN, Action.KILL)
    for call in dict.fromkeys(row.call for row in policy.rows):
        number = NUMBERS[call][architecture.column]
        if number is not None:
            _write_call(writer, number, [row for row in policy.rows if row.call == call], policy.default)
    writer.add(_RETURN, policy.default)
    return CompiledFilter(b"".join(writer.instructions), tuple(writer.own_pid_at))


class _Writer:
    """Collects instructions, and remembers which of them hold the own process id."""

    def __init__(self) -> None:
        self.instructions: list[bytes] = []
        self.own_pid_at: list[int] = []

    def add(self, code: int, operand: int | str, *, if_true: int = 0, if_false: int = 0) -> None:
        if isinstance(operand, str):
            if operand != OWN_PID:
                raise ValueError(f"unknown check value {operand!r}")
            self.own_pid_at.append(len(self.instructions))
            operand = 0
        self.instructions.append(_INSTRUCTION.pack(code, if_true, if_false, operand))


def _write_call(writer: _Writer, number: int, rows: Sequence[Row], default: Action) -> None:
    """Write the block of one call. It always ends in a return, so the next block still sees the number."""
    closed = not rows[-1].when
    size = sum(_row_size(row) for row in rows) + (0 if closed else 1)
    writer.add(_JUMP_EQUAL, number, if_false=size)
    for row in rows:
        left = _row_size(row)
        for check in row.when:
            writer.add(_LOAD, _OFFSET_ARGUMENTS + 8 * check.argument)
            left -= 1
            if check.mask != _ALL_BITS:
                writer.add(_AND, check.mask)
                left -= 1
            left -= 1
            writer.add(_JUMP_EQUAL, check.value, if_false=left)
        writer.add(_RETURN, row.action)
    if not closed:
        writer.add(_RETURN, default)


def _row_size(row: Row) -> int:
    return 1 + sum(2 if check.mask == _ALL_BITS else 3 for check in row.when)
