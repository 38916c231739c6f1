"""A network namespace for a local server: loopback and nothing else, unreachable from the machine.

Untrusted side, standard library only. Spark opens ports beside the one that has authentication: in a
namespace of its own no other user or program of the machine reaches them, and the server reaches no port, no
DNS and no UDP of the machine. `sandbox.confine.forwarder` is the only way in. Whether the host permits it
shows only in the attempt, so a throw-away child makes it first.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from pathlib import Path
from typing import Final

from sandbox.confine.libc import ConfinementError, must_call

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_INTERFACE: Final = struct.Struct("16sH14x")


def enter_private_network() -> str:
    """Enter a fresh network namespace whose loopback is up, for good; return nothing, or why it cannot be.

    Root needs no user namespace; others, and root in a container without privileges, are tried with one.
    Nothing has changed for this process if a reason is returned.

    Raises:
        ConfinementError: it failed after it had gone well in an attempt.
    """
    flags, reason = permitted_network()
    if flags is not None:
        _enter(flags)
    return reason


def permitted_network() -> tuple[int | None, str]:
    """With which flags this process may enter a network of its own; None if it may not, and then why."""
    reason = ""
    for flags in (_NEWNET, _NEWNET | _NEWUSER) if os.geteuid() == 0 else (_NEWNET | _NEWUSER,):
        reason = _attempt(flags)
        if not reason:
            return flags, ""
    return None, reason


def _attempt(flags: int) -> str:
    """Enter in a child that ends at once; return why it failed, or nothing."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        reason = "unexpected failure"
        try:
            _enter(flags)
            reason = ""
        except (ConfinementError, OSError) as error:
            reason = str(error)
        finally:
            os.write(writer, reason.encode()[:4096])
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        reason = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return reason or ("" if status == 0 else "the attempt was killed")


def _enter(flags: int) -> None:
    user, group = os.geteuid(), os.getegid()
    must_call("network namespace", "unshare", flags)
    if flags & _NEWUSER:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = _INTERFACE.pack(b"lo", 0)
        _, flags = _INTERFACE.unpack(fcntl.ioctl(any_socket, _SIOCGIFFLAGS, name))
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _INTERFACE.pack(b"lo", flags | _IFF_UP))
