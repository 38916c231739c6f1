"""What a local data server may do: the one line that the engine gives to `sandbox.jail`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JailPolicy:
    """What one server may do, and nothing else.

    All fields travel, whatever they are: a policy that lacks one is refused, as is one that has another.

    Attributes:
        argv: the program, by its absolute path, and its arguments. No other program may be executed.
        env: the server's whole environment.
        cwd: the folder it starts in; must be readable to be listed, not to be entered.
        read: what the server may read; each must exist. System libraries, time zones, its own entry in /proc
            and the machine's processor and memory data are always readable.
        write: folders that the server may also write (no links, sockets or devices).
        bind_ports: TCP ports on which it may listen; 0 for a port that the kernel picks.
        connect_ports: TCP ports to which it may connect, on any host.
        forward_port: TCP port of the server on 127.0.0.1, to which a forwarder joins `forward_socket`.
        forward_socket: Unix socket that is made, and listens once the server does.
        private_network: whether server and forwarder are moved to a network namespace of their own, with
            loopback only. Where the host does not permit it they stay, and the jail says so.
        memory_bytes: the most private writable memory (RLIMIT_DATA); None for no limit.
        file_bytes: the largest file that it may write (RLIMIT_FSIZE); None for no limit.
        open_files: RLIMIT_NOFILE; None for the inherited one.
        grace_seconds: between SIGTERM and SIGKILL when the jail gets SIGTERM.
        files_only: whether the server may start where nothing confines its network: no namespace, and a
            Landlock without port rules (before Linux 6.7). The jail says that it is so.
        confine: False: no Landlock and no seccomp, only the jail.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    bind_ports: tuple[int, ...] = ()
    connect_ports: tuple[int, ...] = ()
    forward_port: int | None = None
    forward_socket: str | None = None
    private_network: bool = False
    memory_bytes: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None
    grace_seconds: float = 2.0
    files_only: bool = False
    confine: bool = True
