"""What this host offers for confinement, and entering the strongest of it.

Untrusted side, standard library only. The level is found by trying, never from a version number:
containers and security modules take away what the kernel's version promises.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Final

from sandbox.confine import landlock, libc
from sandbox.confine.bpf import Action
from sandbox.confine.installation import installation_paths
from sandbox.confine.libc import ConfinementError
from sandbox.confine.namespaces import enter_namespaces, permitted_flags
from sandbox.confine.network import permitted_network
from sandbox.confine.numbers import this_architecture
from sandbox.confine.offers import Facts, Level, worker_level

_SECCOMP_GET_ACTION_AVAIL: Final = 2


@dataclass(frozen=True, slots=True)
class HostReport:
    """What one host offers.

    Attributes:
        kernel: its release.
        machine: its architecture.
        supported_machine: whether there is a table of system calls for it.
        landlock_abi: 0 if Landlock is missing.
        seccomp: whether filters that can kill the process are available.
        namespaces: whether the namespace jail can be entered.
        namespaces_reason: if not, the step that failed and why; else "".
        network: whether a local server may have a network namespace.
        network_reason: if not, the step that failed and why; else "".
        level: the strongest level that results.
        missing: one sentence for each protection below "full", with what would bring it.
    """

    kernel: str
    machine: str
    supported_machine: bool
    landlock_abi: int
    seccomp: bool
    namespaces: bool
    namespaces_reason: str
    network: bool
    network_reason: str
    level: Level
    missing: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        """What decides how workers and servers are confined here."""
        return Facts(self.landlock_abi, self.namespaces, self.network, self.seccomp, self.supported_machine)


def probe_host() -> HostReport:
    """Try what this host offers; leaves this process as it was. Forks, so call it before starting threads."""
    machine = os.uname().machine
    supported = this_architecture() is not None
    abi = landlock.query_abi() if supported else 0
    seccomp = supported and _has_seccomp()
    flags, reason = permitted_flags(installation_paths()) if supported else (None, "unsupported machine")
    network, network_reason = permitted_network() if supported else (None, reason)
    missing = []
    if not supported:
        missing.append(f"system calls of {machine} (x86_64 and aarch64 are supported)")
    if not abi:
        missing.append("Landlock (Linux 5.13 or newer, with `landlock` in the kernel's `lsm=` list)")
    if not seccomp:
        missing.append("seccomp filters (a kernel with CONFIG_SECCOMP_FILTER, Linux 4.14 or newer)")
    if flags is None:
        missing.append(f"namespaces ({reason}); allow unprivileged user namespaces, or start as root")
    return HostReport(
        kernel=os.uname().release,
        machine=machine,
        supported_machine=supported,
        landlock_abi=abi,
        seccomp=seccomp,
        namespaces=flags is not None,
        namespaces_reason=reason,
        network=network is not None,
        network_reason=network_reason,
        level=worker_level(Facts(abi, flags is not None, network is not None, seccomp, supported)),
        missing=tuple(missing),
    )


def enter_jail(*, namespaces: bool = True) -> Level:
    """Enter the strongest jail that this host permits, once, single-threaded, before large imports.

    With namespaces the process forks: this function returns in the inner process, the first of its own
    process namespace, and the outer one stays behind, waits, and exits as the inner does. If the outer is
    killed, so is everything inside.

    Args:
        namespaces: False to do without them, as on a host that refuses them.

    Returns:
        FULL in the jail; LANDLOCK if only the later steps of the workers will confine them.

    Raises:
        ConfinementError: workers could not be confined at all here; the message names what is missing.
    """
    libc.architecture()
    if not landlock.query_abi():
        raise ConfinementError(
            "Landlock is missing (Linux 5.13 or newer, with `landlock` in its `lsm=` list)"
        )
    if not _has_seccomp():
        raise ConfinementError("seccomp filters are missing (CONFIG_SECCOMP_FILTER)")
    if not namespaces:
        return Level.LANDLOCK
    readable = installation_paths()
    flags, _ = permitted_flags(readable)
    if flags is None:
        return Level.LANDLOCK
    enter_namespaces(flags, readable)
    return Level.FULL


def _has_seccomp() -> bool:
    try:
        libc.raw_call("seccomp", _SECCOMP_GET_ACTION_AVAIL, 0, struct.pack("<I", Action.KILL))
    except OSError:
        return False
    return True
