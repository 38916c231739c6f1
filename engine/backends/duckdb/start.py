"""Starting the local DuckDB process. Imports little, so that it can be done before the engine is imported."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.backends.local.memory import there_is
from engine.backends.local.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    python_folders,
    start_process,
)
from engine.effort import processors
from engine.packages import PACKAGES

# Of data, where there is twice as much; what does not fit is spilled.
_MEMORY_BYTES: Final = 8 << 30
# Beside DuckDB's own limit, which texts that a function makes are not counted in: Python, Arrow, stacks.
_MEMORY_BESIDE: Final = 2 << 30
# Of a process's folder, for what does not fit into memory.
_DISK_BYTES: Final = 16 << 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a process is to be.

    Attributes:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable, too.
        memory_bytes: the most that it may use for data.
        files_only: whether it may start where nothing confines its network.
        confined: False only for tests that take the confinement away.
    """

    roots: tuple[Path, ...]
    spool: Path
    memory_bytes: int
    files_only: bool
    confined: bool

    @property
    def read(self) -> tuple[Path, ...]:
        """All that it may read."""
        return (*self.roots, self.spool)


@dataclass(frozen=True, slots=True)
class Started:
    """A process that starts.

    Attributes:
        wanted: what the process was started with.
        process: the process itself, as its supervisor runs it.
        token: the word that it answers to.
    """

    wanted: Wanted
    process: ServerProcess
    token: str


def wanted_process(
    roots: Sequence[Path],
    spool: Path,
    *,
    memory_bytes: int | None = None,
    files_only: bool = False,
    confined: bool = True,
) -> Wanted:
    """What a process is to be; arguments as those of `LocalDuckDb`."""
    memory = memory_bytes or min(_MEMORY_BYTES, there_is() // 2)
    return Wanted(tuple(roots), spool, memory, files_only, confined)


def start_duckdb(wanted: Wanted) -> Started:
    """Start a process; does not wait for it.

    Raises:
        OSError: there is no folder or port for it.
    """
    (port,) = find_free_ports(1)
    folder = make_folder("duckdb")
    token = secrets.token_hex(32)
    options = {
        "port": port,
        "token": token,
        "folders": readable(wanted, folder),
        "settings": _settings(wanted, folder),
    }
    permissions = Permissions(
        read=(*wanted.read, *python_folders(), PACKAGES / "engine", PACKAGES / "sandbox"),
        bind_ports=(port,),
        forward_port=port,
        files_only=wanted.files_only,
        memory_bytes=wanted.memory_bytes + _MEMORY_BESIDE,
        file_bytes=_DISK_BYTES,
    )
    process = start_process(
        folder,
        [sys.executable, "-P", "-m", "engine.backends.duckdb.server"],
        {
            "TZ": "UTC",
            "HOME": str(folder),
            "PYTHONPATH": str(PACKAGES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CALCMETRIC_DUCKDB": json.dumps(options),
        },
        permissions,
        confined=wanted.confined,
        orphans=(wanted.spool,),
    )
    return Started(wanted, process, token)


def readable(wanted: Wanted, folder: Path) -> list[str]:
    """What DuckDB's own settings let it read; the kernel is told the same."""
    return [str(path) for path in (*wanted.read, folder)]


def _settings(wanted: Wanted, folder: Path) -> dict[str, Any]:
    return {
        "memory_limit": f"{wanted.memory_bytes // 2**20}MiB",
        "threads": processors(),
        "temp_directory": str(folder),
        "max_temp_directory_size": f"{_DISK_BYTES // 2**20}MiB",
    }
