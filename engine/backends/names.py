"""Backends by name: what `Engine(backend)` and `--backend` accept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.backends.base import Backend
from engine.backends.duckdb import LocalDuckDb
from engine.backends.remote import Remote
from engine.backends.sail import LocalSail
from engine.backends.snowflake import SCHEME, Snowflake
from engine.backends.spark import LocalSpark
from engine.errors import UsageError


def make_backend(
    name: str,
    *,
    roots: Sequence[Path],
    spool: Path,
    cache_dir: Path | None = None,
    confined: bool = True,
) -> Backend:
    """Make a backend; nothing is started yet.

    Args:
        name: "spark", "sail", "duckdb", the address of a Spark Connect endpoint ("sc://host:port"), or a
            connection of connections.toml ("snowflake://NAME").
        roots: the folders that a local server may read. A remote one reads what its cluster lets it.
        spool: where the engine puts data for a local server.
        cache_dir: where Spark's class archives are kept; by default the user's cache folder.
        confined: False only for tests that take the confinement of a local server away.

    Raises:
        UsageError: there is no such backend.
    """
    if name == "spark":
        return LocalSpark(roots, spool, cache_dir, confined=confined)
    if name == "sail":
        return LocalSail(roots, spool, confined=confined)
    if name == "duckdb":
        return LocalDuckDb(roots, spool, confined=confined)
    if name.startswith("sc://"):
        return Remote(name)
    if name.startswith(SCHEME):
        return Snowflake(name)
    raise UsageError(
        f"there is no backend {name!r}; there are 'spark', 'sail', 'sc://host:port', 'duckdb' and "
        "'snowflake://CONNECTION'"
    )
