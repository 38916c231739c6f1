"""Landlock rulesets: which files a process may still open, and which TCP ports it may use.

Untrusted side, standard library only. A right that the running kernel knows and that no rule grants is
refused. Rights that it does not know yet cannot be refused by it; `handled_rights` says which they are,
and callers require a minimum ABI where that matters. Rejected: granting by path text; rules hold the
opened folders themselves, so that renames and links do not move them.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Final

from sandbox.confine.libc import ConfinementError, must_call, raw_call
from sandbox.confine.offers import FILES_ABI, PORTS_ABI

# File rights, with the ABI that brought each.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_FILE = 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14
_FILE_RIGHTS_BY_ABI: Final = {1: (1 << 13) - 1, 2: REFER, 3: TRUNCATE, 5: 1 << 15}
_ONLY_FOR_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | 1 << 15

READ: Final = READ_FILE | READ_DIR
# No symbolic links, sockets, pipes or devices: nothing that leads elsewhere.
WRITE: Final = READ | WRITE_FILE | TRUNCATE | MAKE_FILE | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER

BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABI: Final = 6  # Linux 6.12: abstract Unix sockets and signals stay within the domain
_ALL_SCOPES: Final = 3

_RULE_PATH, _RULE_PORT = 1, 2
_VERSION_QUERY: Final = 1


@dataclass(frozen=True, slots=True)
class PathRule:
    """Grants `rights` below `path`, or on it if it is a file."""

    path: str
    rights: int


@dataclass(frozen=True, slots=True)
class PortRule:
    """Grants `rights` (BIND_TCP, CONNECT_TCP) on one TCP port, at any address."""

    port: int
    rights: int


def query_abi() -> int:
    """The kernel's Landlock ABI, 0 if Landlock is missing or switched off."""
    try:
        return raw_call("landlock_create_ruleset", None, 0, _VERSION_QUERY)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def handled_rights(abi: int) -> int:
    """The file rights that a kernel with this ABI can refuse."""
    return sum(rights for since, rights in _FILE_RIGHTS_BY_ABI.items() if since <= abi)


def build_ruleset(paths: Iterable[PathRule], ports: Iterable[PortRule] = ()) -> int:
    """Build a ruleset that refuses all but the given rules; return its descriptor.

    Raises:
        ConfinementError: no Landlock, or a path cannot be opened.
    """
    abi = query_abi()
    if abi < FILES_ABI:
        raise ConfinementError("Landlock is missing (Linux 5.13 or newer, with `landlock` among its LSMs)")
    network = BIND_TCP | CONNECT_TCP if abi >= PORTS_ABI else 0
    scopes = _ALL_SCOPES if abi >= SCOPE_ABI else 0
    attributes = struct.pack("<QQQ", handled_rights(abi), network, scopes)
    size = 24 if abi >= SCOPE_ABI else 16 if abi >= PORTS_ABI else 8
    ruleset = must_call("Landlock ruleset", "landlock_create_ruleset", attributes, size, 0)
    try:
        for rule in paths:
            _add_path(ruleset, rule, handled_rights(abi))
        for port in ports if network else ():
            must_call(
                f"Landlock rule for port {port.port}", "landlock_add_rule", ruleset, _RULE_PORT,
                struct.pack("<QQ", port.rights, port.port), 0,
            )  # fmt: skip
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


def apply_ruleset(ruleset: int) -> None:
    """Confine this thread, and what it starts, for good. `no_new_privs` must be set."""
    must_call("Landlock", "landlock_restrict_self", ruleset, 0)


def existing(paths: Iterable[str], rights: int) -> list[PathRule]:
    """Rules for those of `paths` that exist; for system paths that differ between distributions."""
    return [PathRule(path, rights) for path in paths if Path(path).exists()]


def _add_path(ruleset: int, rule: PathRule, handled: int) -> None:
    try:
        descriptor = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise ConfinementError(f"cannot grant {rule.path}: {error.strerror}") from None
    try:
        rights = rule.rights & handled
        if not S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ONLY_FOR_FILES
        if rights:
            attributes = struct.pack("<Qi", rights, descriptor)
            must_call(
                f"Landlock rule for {rule.path}", "landlock_add_rule", ruleset, _RULE_PATH, attributes, 0
            )
    finally:
        os.close(descriptor)
