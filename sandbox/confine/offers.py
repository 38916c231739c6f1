"""What a host gives to workers and to local servers, from what it has: pure decisions.

Untrusted side, standard library only. The facts are found by trying (`probe`, `network`, `landlock`); here is
only what follows from them, so that tests can ask it about kernels that they do not run on. The table in
`docs/operations.md` says it in words, and is checked against these functions.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.contract.control import IsolationLevel

FILES_ABI: Final = 1  # Linux 5.13: which files a process may open
PORTS_ABI: Final = 4  # Linux 6.7: which TCP ports it may use


class Level(enum.Enum):
    """How workers are confined, the strongest first."""

    _value_: IsolationLevel
    FULL = "full"  # namespaces, Landlock and seccomp
    LANDLOCK = "landlock"  # Landlock and seccomp: host paths and process ids can be probed, not reached
    NONE = "none"  # nothing; only ever chosen explicitly, for one's own code


class ServerLevel(enum.Enum):
    """How the network of a local server is confined, the strongest first; its files always are."""

    NETWORK = "own network"  # nobody reaches it but the engine, and it reaches nobody
    PORTS = "port rules"  # it uses its own ports only; other users of the machine can reach them
    FILES = "files only"  # it may connect to any address over TCP; only ever chosen explicitly


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host has.

    Attributes:
        landlock_abi: 0 if Landlock is missing.
        namespaces: whether a worker's jail can be entered.
        network: whether a server may have a network namespace.
        seccomp: whether filters that can kill the process are available.
        supported_machine: whether there is a table of system calls for it.
    """

    landlock_abi: int
    namespaces: bool
    network: bool
    seccomp: bool = True
    supported_machine: bool = True


def worker_level(facts: Facts) -> Level:
    """How workers are confined there."""
    if not (facts.supported_machine and facts.seccomp and facts.landlock_abi >= FILES_ABI):
        return Level.NONE
    return Level.FULL if facts.namespaces else Level.LANDLOCK


def server_level(facts: Facts, *, files_only: bool = False) -> ServerLevel | None:
    """How local servers are confined there; None if they are not started.

    Args:
        facts: of the host.
        files_only: whether the operator accepts servers whose network is not confined.
    """
    if not (facts.supported_machine and facts.seccomp and facts.landlock_abi >= FILES_ABI):
        return None
    if facts.network:
        return ServerLevel.NETWORK
    if facts.landlock_abi >= PORTS_ABI:
        return ServerLevel.PORTS
    return ServerLevel.FILES if files_only else None
