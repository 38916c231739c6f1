"""The local Sail server (pysail), as a process of its own.

Sail 0.7 stops a query for nothing, so a query that must stop ends the server. It has no authentication
either: its port is in a network namespace of its own where the host permits that; elsewhere any user of this
machine can reach it, within the roots that it may read, and `LocalServer.is_private` says so.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import grpc

from engine.backends.local import LocalServer
from engine.backends.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    start_process,
)
from engine.backends.rpc import LOCAL_OPTIONS, Connection
from engine.backends.watch import Vigilance
from engine.errors import BackendStartError

_MEMORY_BYTES: Final = 8 << 30


class LocalSail(LocalServer):
    """A local Sail server; needs the extra `calcmetric[sail]`.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        memory_bytes: the most that it may allocate.
        vigilance: how it is watched, and how much disk it may use.
        private_network: False leaves its ports within reach of every program of this machine.
        confined: False only for tests that take the confinement away.
    """

    name = "sail"
    interrupts = False

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        *,
        memory_bytes: int = _MEMORY_BYTES,
        vigilance: Vigilance | None = None,
        private_network: bool = True,
        confined: bool = True,
    ) -> None:
        super().__init__()
        self._private = private_network and confined  # both are the wall around the server
        self.vigilance = vigilance or self.vigilance
        self._read = (*roots, spool)
        self._spool = spool
        self._memory = memory_bytes
        self._confined = confined

    def launch(self) -> tuple[ServerProcess, Connection]:
        """Start a Sail process; see `LocalServer.launch`."""
        if importlib.util.find_spec("pysail") is None:
            raise BackendStartError("the backend 'sail' needs pysail: pip install 'calcmetric[sail]'")
        (port,) = find_free_ports(1)
        folder = make_folder("sail")
        temporary = folder / "tmp"
        temporary.mkdir()
        environment = {
            "TZ": "UTC",
            "TMPDIR": str(temporary),
            "RUST_LOG": "error",
            "SAIL_RUNTIME__TEMPORARY_FILES__PATHS": f'["{temporary}"]',
            "SAIL_RUNTIME__TEMPORARY_FILES__MAX_SIZE": str(self.vigilance.disk_bytes),
            "SAIL_EXECUTION__DEFAULT_PARALLELISM": str(os.cpu_count() or 1),
        }
        argv = [
            sys.executable,
            "-I",
            "-m",
            "pysail",
            "spark",
            "server",
            "--ip",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        permissions = Permissions(
            read=(*self._read, *python_folders()),
            bind_ports=(port,),
            forward_port=port,
            private_network=self._private,
            memory_bytes=self._memory,
        )
        process = start_process(
            folder, argv, environment, permissions, confined=self._confined, orphans=(self._spool,)
        )
        channel = grpc.insecure_channel(f"unix:{process.address}", options=LOCAL_OPTIONS)
        return process, Connection(channel, user_id=f"calcmetric-{secrets.token_hex(8)}")


def python_folders() -> tuple[Path, ...]:
    """Where this Python lives: interpreter, standard library, installed packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {Path(sysconfig.get_path(name)) for name in names}
    found |= {Path(sys.prefix), Path(sys.base_prefix) / "lib", Path(sys.executable).resolve()}
    return tuple(sorted(found))
