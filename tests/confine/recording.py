"""Records which rows of the worker's policy honest work uses, by the kernel's own account.

A library for tests, and a stand-in for the program `sandbox.zygote`. Every call that the policy allows is
reported by seccomp to a process beside the worker, which notes the row that allowed it and lets it go on.
Nothing else about the worker changes: it is confined as ever, and what is refused stays refused.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox.confine import libc
from sandbox.confine.bpf import OWN_PID, Action, Row
from sandbox.confine.numbers import NUMBERS
from sandbox.confine.worker_policy import WORKER_POLICY

_NOTIFY, _RETURN, _NEW_LISTENER, _FILES_SHARED, _CHILD_SIGNAL = 0x7FC00000, 0x06, 8, 0x400, 17
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_NOTICE, _ANSWER = struct.Struct("<QIIiIQ6Q"), struct.Struct("<QqiI")


def make_table(path: Path) -> None:
    """Make the empty table: one byte for each row of the policy."""
    path.write_bytes(bytes(len(WORKER_POLICY.rows)))


def read_table(path: Path) -> set[Row]:
    """The rows that were used."""
    return {row for row, used in zip(WORKER_POLICY.rows, path.read_bytes(), strict=True) if used}


def record_into(path: str) -> None:
    """Let the workers of this process record into the table. Call it before the jail hides the file."""
    with Path(path).open("r+b") as file:
        table = mmap.mmap(file.fileno(), 0)

    def install(code: bytes) -> None:
        worker = os.getpid()
        listener = os.dup(0)  # the number that the kernel gives next
        os.close(listener)
        # A process beside the worker that shares its descriptors, because nobody else may take the listener.
        if libc.raw_call("clone", _FILES_SHARED | _CHILD_SIGNAL, 0, 0, 0, 0) == 0:
            _watch(listener, worker, table)
        program = libc._FilterProgram(len(code) // 8, _notifying(code))
        assert libc.raw_call("seccomp", 1, _NEW_LISTENER, program) == listener

    libc.install_filter = install


def matching_row(number: int, arguments: Sequence[int], own_pid: int) -> int:
    """The index of the row that decides a call."""
    column = libc.architecture().column
    for index, row in enumerate(WORKER_POLICY.rows):
        if NUMBERS[row.call][column] == number and all(
            arguments[check.argument] & check.mask == (own_pid if check.value == OWN_PID else check.value)
            for check in row.when
        ):
            return index
    raise LookupError(number)


def _notifying(code: bytes) -> bytes:
    """The filter, with a notice in place of each permission."""
    words = [list(words) for words in struct.iter_unpack("<HBBI", code)]
    for words_ in words:
        if words_[0] == _RETURN and words_[3] == Action.ALLOW:
            words_[3] = _NOTIFY
    return b"".join(struct.pack("<HBBI", *words_) for words_ in words)


def _watch(listener: int, worker: int, table: mmap.mmap) -> None:
    """Answer notices until the worker has ended."""
    try:
        while True:
            notice = bytearray(_NOTICE.size)
            try:
                fcntl.ioctl(listener, _RECEIVE, notice)
            except OSError:
                if not _is_alive(worker):
                    break
                time.sleep(0.001)  # the filter is not there yet
                continue
            identity, _, _, number, _, _, *arguments = _NOTICE.unpack(notice)
            table[matching_row(number, arguments, worker)] = 1
            try:
                fcntl.ioctl(listener, _SEND, _ANSWER.pack(identity, 0, 0, _CONTINUE))
            except OSError:
                continue  # the caller was killed meanwhile
    finally:
        os._exit(0)


def _is_alive(pid: int) -> bool:
    return os.getppid() == pid


def main() -> None:
    """Be the zygote, with workers that record."""
    from sandbox import zygote

    record_into(sys.argv.pop(1))
    zygote.main()


if __name__ == "__main__":
    main()
