"""A DuckDB process that starts before the engine is imported, which takes as long as it does."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.backends.duckdb.start import Started, start_duckdb, wanted_process
from engine.errors import BackendStartError
from engine.sources.spool import Spool


@dataclass(frozen=True, slots=True)
class PrestartedDuckDb:
    """A process, and the spool that it may read. Whoever takes it over ends both.

    Attributes:
        spool: of the engine to come.
        duckdb: the process.
    """

    spool: Spool
    duckdb: Started

    def end(self) -> None:
        """End the process, and remove the spool. Never raises."""
        self.duckdb.process.end()
        self.spool.close()


def prestart_duckdb(roots: Sequence[Path], *, files_only: bool) -> PrestartedDuckDb | None:
    """Start a process for an engine with these roots; None if that fails, which the engine will tell.

    Args:
        roots: folders that it may read, as the engine will have them.
        files_only: whether it may start where nothing confines its network.
    """
    try:
        spool = Spool()
    except BackendStartError:
        return None
    with contextlib.suppress(OSError):
        return PrestartedDuckDb(
            spool, start_duckdb(wanted_process(roots, spool.folder, files_only=files_only))
        )
    spool.close()
    return None
