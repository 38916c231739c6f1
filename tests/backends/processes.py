"""The processes of local servers, as the system sees them."""

from __future__ import annotations

import contextlib
import socket

import psutil

from engine.backends.local.server import LocalServer


def runs(process: psutil.Process) -> bool:
    """Whether it is a process still, and not just an entry that nobody has collected."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_listening(port: int) -> bool:
    """Whether someone accepts connections on this port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def ports_of(backend: LocalServer) -> tuple[int, ...]:
    assert backend.generation is not None
    folder = str(backend.generation.process.folder)
    found = set()
    for process in psutil.Process().children(recursive=True):
        # Another test's may have just ended, or begun to confine itself.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.cwd() == folder:
                found |= {c.laddr.port for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    return tuple(found)


def server_processes(backend: LocalServer) -> list[psutil.Process]:
    """The supervisor of a backend's server and all below it."""
    assert backend.generation is not None
    folder = str(backend.generation.process.folder)
    below = psutil.Process().children(recursive=True)
    return [process for process in below if process.is_running() and uses(process, folder)]


def uses(process: psutil.Process, folder: str) -> bool:
    try:
        return process.cwd() == folder
    except psutil.Error:
        return False
