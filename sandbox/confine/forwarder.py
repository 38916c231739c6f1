"""The only way into a server's network namespace: a process that joins a Unix socket to the server's port.

Untrusted side, standard library only. It reads nothing, opens no file and knows no protocol: after it has
confined itself it can accept on its socket, connect to one port, and move bytes. It listens once the server
does, so that a client which is let in is answered. One thread and one buffer for each direction. Rejected:
splice through pipes, which saves a copy that is not what the time goes to; and passing the connected socket
to the engine, since gRPC's Python takes addresses only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from sandbox.confine import landlock, libc
from sandbox.confine.bpf import Action, Check, Policy, Row, compile_policy

_BUFFER_BYTES: Final = 1 << 20
_WAITING: Final = 64  # clients that wait to be let in
_POLL_SECONDS: Final = 0.01
_AF_INET, _STREAM, _TYPE_MASK = 2, 1, 0xF
_MSG_FASTOPEN: Final = 0x20000000
_PROT_EXEC: Final = 4

_ROWS: Final = (
    Row("socket", Action.ALLOW, "to the server", (Check(0, _AF_INET), Check(1, _STREAM, _TYPE_MASK))),
    Row("socket", Action.EPERM, "no other kind"),
    Row("sendto", Action.EPERM, "connects unasked", (Check(3, _MSG_FASTOPEN, _MSG_FASTOPEN),)),
    Row("mmap", Action.ALLOW, "memory", (Check(2, 0, _PROT_EXEC),)),
    *(
        Row(call, Action.ALLOW, "moving bytes")
        for call in (
            "connect", "listen", "accept4", "poll", "ppoll", "recvfrom", "sendto", "shutdown", "close",
            "setsockopt", "getsockopt", "getsockname", "getpeername", "ioctl", "fcntl",
        )
    ),
    *(
        Row(call, Action.ALLOW, "the interpreter")
        for call in (
            "brk", "munmap", "mremap", "madvise", "futex", "read", "write", "clock_gettime",
            "clock_nanosleep", "rt_sigreturn", "rt_sigaction", "rt_sigprocmask", "restart_syscall",
            "getpid", "gettid", "exit", "exit_group",
        )
    ),
)  # fmt: skip
FORWARDER_POLICY: Final = Policy(_ROWS, Action.ENOSYS)


@dataclass(slots=True, eq=False)
class _Way:
    """One direction of a connection, with what was read and could not be written yet."""

    source: socket.socket
    sink: socket.socket
    buffer: bytearray = field(default_factory=lambda: bytearray(_BUFFER_BYTES))
    start: int = 0
    end: int = 0
    ended: bool = False

    @property
    def is_full(self) -> bool:
        """Whether something waits to be written, before more is read."""
        return self.start < self.end

    def move(self) -> None:
        """Read once, and write as much as goes.

        Raises:
            OSError: the connection broke.
        """
        if not self.is_full:
            self.start, self.end = 0, self.source.recv_into(self.buffer)
            if self.end == 0:
                self.ended = True
                self.sink.shutdown(socket.SHUT_WR)
                return
        with contextlib.suppress(BlockingIOError):
            self.start += self.sink.send(memoryview(self.buffer)[self.start : self.end])


class _Link:
    """A connection of a client to the server."""

    def __init__(self, client: socket.socket, server: socket.socket, poll: select.poll) -> None:
        for end in (client, server):
            end.setblocking(False)
        self.ends = (client, server)
        self._numbers = (client.fileno(), server.fileno())
        self._ways = (_Way(client, server), _Way(server, client))
        self._events = [0, 0]
        self._poll = poll
        self._register()

    def move(self) -> bool:
        """Move what can be moved; whether the connection goes on."""
        for way in self._ways:
            try:
                if not way.ended:
                    way.move()
            except BlockingIOError:
                continue  # it was for the other way
            except OSError:
                return False
        self._register()
        return not all(way.ended for way in self._ways)

    def close(self) -> None:
        """Close both ends."""
        for end, events in zip(self.ends, self._events, strict=True):
            if events:
                self._poll.unregister(end)
            end.close()

    def _register(self) -> None:
        """Wait for each end's next event; mostly the same as before."""
        wanted = [0, 0]
        for place, way in enumerate(self._ways):
            if way.is_full:
                wanted[1 - place] |= select.POLLOUT
            elif not way.ended:
                wanted[place] |= select.POLLIN
        for place, events in enumerate(wanted):
            if events != self._events[place]:
                if events:
                    self._poll.register(self._numbers[place], events)
                else:
                    self._poll.unregister(self._numbers[place])
        self._events = wanted


def start_forwarder(path: str, port: int, *, confine: bool) -> int:
    """Fork the forwarder; return its process id. It ends with this process.

    Args:
        path: where its Unix socket is made.
        port: of the server, on 127.0.0.1.
        confine: whether it gives up what it does not need.

    Raises:
        OSError: the socket cannot be made.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    parent, folder = os.getpid(), os.open(Path(path).parent, os.O_PATH | os.O_DIRECTORY)
    listener.bind(f"/proc/self/fd/{folder}/{Path(path).name}")  # the folder's own path may be too long
    os.close(folder)
    child = os.fork()
    if child == 0:
        _become_forwarder(listener, port, parent, confine=confine)
    listener.close()
    return child


def _become_forwarder(listener: socket.socket, port: int, parent: int, *, confine: bool) -> NoReturn:
    try:
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        libc.die_with_parent(parent, signal.SIGKILL)
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.closerange(3, listener.fileno())
        os.closerange(listener.fileno() + 1, 4096)
        if confine:
            program = compile_policy(FORWARDER_POLICY, libc.architecture())
            ruleset = landlock.build_ruleset((), (landlock.PortRule(port, landlock.CONNECT_TCP),))
            libc.limit_capabilities()
            libc.keep_capabilities()
            libc.set_no_new_privileges()
            landlock.apply_ruleset(ruleset)
            os.close(ruleset)
            libc.install_filter(program.bind(os.getpid()))
        _forward(listener, port)
    finally:
        os._exit(1)


def _forward(listener: socket.socket, port: int) -> NoReturn:
    """Wait for the server, then let clients in for ever."""
    while (first := _connect(port)) is None:
        time.sleep(_POLL_SECONDS)
    first.close()
    listener.listen(_WAITING)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    links: dict[int, _Link] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                _let_in(listener, port, poll, links)
            elif number in links and not links[number].move():
                link = links[number]
                for end in link.ends:
                    del links[end.fileno()]
                link.close()


def _let_in(listener: socket.socket, port: int, poll: select.poll, links: dict[int, _Link]) -> None:
    """Link the next client, unless the server takes no more: then the client is turned away."""
    client, _ = listener.accept()
    server = _connect(port)
    if server is None:
        client.close()
        return
    link = _Link(client, server, poll)
    links.update((end.fileno(), link) for end in link.ends)


def _connect(port: int) -> socket.socket | None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect(("127.0.0.1", port))
    except OSError:
        sock.close()
        return None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
