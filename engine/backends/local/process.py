"""One process of a local server: started under the supervisor, confined, with a private folder.

The folder (mode 0700) holds its temporary files, its log and its secrets; the supervisor deletes it. What
the server may do is the `Permissions` that the backend states, and nothing else of the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.context import Deadline
from engine.effort import LOW, MOST_TIMES, Effort, Grace, look_at, tree
from engine.packages import PACKAGES
from sandbox.contract.jail import JailPolicy
from sandbox.contract.messages import encode

_SUPERVISOR: Final = Path(__file__).with_name("supervisor.py")
_END_SECONDS: Final = 5.0
# For a server that is asked to finish: writing a class archive takes seconds, and one that lets all others
# go first may have none for long. Whoever asked it ends it earlier if need be.
_GRACE_SECONDS: Final = 60
_IDLE_GRACE_SECONDS: Final = 3_600
_LOG_TAIL_BYTES: Final = 4_000
_SOCKET: Final = "server.sock"
_NETWORK_COMPLAINT: Final = b'"jail": "network"'
_OPEN_COMPLAINT: Final = b'"jail": "files-only"'


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a server may touch beside its private folder.

    Attributes:
        read: files and folders.
        bind_ports: TCP ports that it may listen on.
        connect_ports: TCP ports that it may connect to.
        forward_port: the TCP port at which it answers; 0 for none. The engine reaches it by a Unix socket.
        private_network: whether its ports are to be out of everybody else's reach, where the host permits.
        files_only: whether it may start where nothing confines its network.
        memory_bytes: its data segment; 0 for no limit, where the server limits itself.
        file_bytes: the largest file that it may write; 0 for no limit.
    """

    read: tuple[Path, ...]
    bind_ports: tuple[int, ...]
    connect_ports: tuple[int, ...] = ()
    forward_port: int = 0
    private_network: bool = True
    files_only: bool = False
    memory_bytes: int = 0
    file_bytes: int = 0


class ServerProcess:
    """A running server. Thread-safe; `end` may be called any number of times."""

    def __init__(self, folder: Path, supervisor: subprocess.Popen[bytes], *, private: bool) -> None:
        self.folder = folder
        self._private = private
        self._supervisor = supervisor
        self._lock = threading.Lock()
        self._exit: int | None = None
        self._said = b""
        # Sockets are found below it: the folder's own path may be longer than a socket's can be.
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    @property
    def log(self) -> Path:
        """Where the server's output goes."""
        return self.folder / "server.log"

    def is_alive(self, wait: float = 0.0) -> bool:
        """Whether the server runs; waits up to `wait` seconds for the news of its end."""
        until = Deadline.after(wait)
        with self._lock:
            while self._exit is None:
                if self._supervisor.stdout is None or self._supervisor.stdout.closed:
                    return False
                if not select.select([self._supervisor.stdout], [], [], until.remaining())[0]:
                    return True
                self._hear(os.read(self._supervisor.stdout.fileno(), 4096))
        return False

    @property
    def address(self) -> str:
        """The path of the socket behind which the server answers, until `end`."""
        return f"/proc/self/fd/{self._folder}/{_SOCKET}"

    @property
    def is_private(self) -> bool:
        """Whether the server's ports are out of everybody else's reach; known once it listens."""
        return self._private and self._complained(_NETWORK_COMPLAINT) is False

    @property
    def is_open(self) -> bool:
        """Whether nothing confines the server's network, as its operator accepted; known once it listens."""
        return self._complained(_OPEN_COMPLAINT) is True

    @property
    def exit_status(self) -> int | None:
        """How it ended: a status, above 128 for a signal, -9 for the supervisor's end; None: it runs."""
        return self._exit

    def is_listening(self) -> bool:
        """Whether the server accepts connections."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.address)
            return True
        return False

    def _complained(self, words: bytes) -> bool | None:
        """Whether the jail said this before the server began; None if its log cannot be read."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            return words in log.read(_LOG_TAIL_BYTES)
        return None

    def effort(self) -> Effort:
        """What the server and what keeps it have done so far."""
        return look_at(tree(self._supervisor.pid))

    def grace(self, seconds: float, *, times: float = MOST_TIMES) -> Grace:
        """Seconds for the server, and for this process, which has to hear it; see `Grace`."""
        return Grace(seconds, lambda: look_at((*tree(self._supervisor.pid), os.getpid())), times=times)

    def log_tail(self) -> str:
        """The end of the server's output; for logs and for `BackendStartError.detail`."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - _LOG_TAIL_BYTES))
                return log.read().decode(errors="replace")
        except OSError:
            return ""

    def log_size(self) -> int:
        """Bytes of output so far."""
        try:
            return self.log.stat().st_size
        except OSError:
            return 0

    def log_since(self, size: int) -> bytes:
        """The output after the first `size` bytes."""
        try:
            with self.log.open("rb") as log:
                log.seek(size)
                return log.read()
        except OSError:
            return b""

    def give_way(self, *, low: bool) -> bool:
        """Let everything else on the machine go first, or no longer, where Linux groups by session.

        What else lowers a priority cannot be taken back without privileges.

        Returns:
            Whether that is so for all of its processes; without privileges Linux changes ten groups a second.
        """
        niceness = LOW if low else 0
        return all(_weigh(Path(f"/proc/{pid}/autogroup"), niceness) for pid in tree(self._supervisor.pid))

    def ask_to_finish(self) -> None:
        """Ask the server to end in its own time; `is_alive` tells when. Its folder stays until `end`."""
        with contextlib.suppress(OSError, ValueError):
            if self._supervisor.stdin is not None:
                self._supervisor.stdin.write(b"\n")

    def end(self) -> None:
        """Kill the server, and delete its folder. Never raises."""
        with self._lock:
            supervisor = self._supervisor
            with contextlib.suppress(OSError):
                if supervisor.stdin is not None:
                    supervisor.stdin.close()  # tells the supervisor to end it all
            try:
                supervisor.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                supervisor.kill()  # the server dies with it
                supervisor.wait()
            if supervisor.stdout is not None:
                supervisor.stdout.close()
            self._exit = self._exit if self._exit is not None else -9
            if self._folder >= 0:
                os.close(self._folder)
                self._folder = -1
        shutil.rmtree(self.folder, ignore_errors=True)

    def _hear(self, data: bytes) -> None:
        """Take in what the supervisor says; when its output ends, it is gone, and so is the server."""
        if not data:
            self._exit = -9
            return
        self._said += data
        if self._said.endswith(b"\n"):
            self._exit = int(self._said)


def _weigh(group: Path, niceness: int) -> bool:
    """Set the niceness of a group of processes; False if that is to be tried again."""
    try:
        if int(group.read_text().split()[-1]) != niceness:
            group.write_text(str(niceness))
    except BlockingIOError:
        return False
    except (OSError, ValueError, IndexError):  # there are no groups, or the process has ended
        return True
    return True


def make_folder(name: str, parent: Path | None = None) -> Path:
    """A private temporary folder of mode 0700."""
    return Path(tempfile.mkdtemp(prefix=f"calcmetric-{name}-", dir=parent))


def start_process(
    folder: Path,
    argv: Sequence[str],
    environment: Mapping[str, str],
    permissions: Permissions,
    *,
    confined: bool,
    orphans: Sequence[Path] = (),
    low_priority: bool = False,
) -> ServerProcess:
    """Start a server in `folder`, under the supervisor.

    Args:
        folder: from `make_folder`; deleted with the server.
        argv: the program and its arguments. Anyone on the machine can read them: no secrets.
        environment: all of its environment.
        permissions: enforced by the kernel when `confined`.
        confined: False only for tests that take this layer away.
        orphans: folders of the engine's own, to be deleted if the engine dies before it could.
        low_priority: whether everything else on the machine goes first.
    """
    private = permissions.private_network and permissions.forward_port > 0
    policy = JailPolicy(
        argv=tuple(argv),
        env=environment,
        cwd=str(folder),
        read=tuple(str(path) for path in permissions.read if path.exists()),
        write=(str(folder),),
        bind_ports=permissions.bind_ports,
        connect_ports=permissions.connect_ports,
        forward_port=permissions.forward_port or None,
        forward_socket=str(folder / _SOCKET) if permissions.forward_port else None,
        private_network=private,
        memory_bytes=permissions.memory_bytes or None,
        file_bytes=permissions.file_bytes or None,
        grace_seconds=_IDLE_GRACE_SECONDS if low_priority else _GRACE_SECONDS,
        files_only=permissions.files_only,
        confine=confined,
    )
    order = {
        "argv": [sys.executable, "-S", "-P", "-m", "sandbox.jail"],
        "env": {"PYTHONPATH": str(PACKAGES)},
        "folder": str(folder),
        "orphans": [str(orphan) for orphan in orphans],
        "log": str(folder / "server.log"),
        "input": encode(policy).decode() + "\n",
        "idle": low_priority,
    }
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SUPERVISOR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        bufsize=0,
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    with contextlib.suppress(OSError):
        supervisor.stdin.write(json.dumps(order).encode() + b"\n")
    return ServerProcess(folder, supervisor, private=private)


def python_folders() -> tuple[Path, ...]:
    """Where this Python lives: interpreter, standard library, installed packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {Path(sysconfig.get_path(name)) for name in names}
    found |= {Path(sys.prefix), Path(sys.base_prefix) / "lib", Path(sys.executable).resolve()}
    return tuple(sorted(found))


def find_free_ports(count: int) -> tuple[int, ...]:
    """TCP ports of 127.0.0.1 that nobody listens on just now; another process may still take one."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return tuple(int(sock.getsockname()[1]) for sock in sockets)
