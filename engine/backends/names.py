"""Backends by name: what `Engine(backend)` and `--backend` accept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from engine.backends.base import Backend
from engine.backends.connect.remote import Remote
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.duckdb.start import Started
from engine.backends.native.backend import NativeSpark
from engine.backends.native.trust import Differences
from engine.backends.snowflake.backend import Snowflake
from engine.backends.spark.backend import LocalSpark
from engine.models.backends import CONNECT, DUCKDB, SNOWFLAKE, capabilities_of


class BackendOptions(TypedDict, total=False):
    """How a backend is made; each has a default.

    Attributes:
        cache_dir: where Spark's class archives are kept; by default the user's cache folder.
        files_only: whether a local server may start where nothing confines its network.
        confined: False only for tests that take the confinement of a local server away.
        native: whether DuckDB answers, in front of "spark", what it is proven to answer as Spark does;
            of no meaning to others.
        verify: the share of native answers that Spark is asked for, too.
        differences: of native answers and Spark's; shared by backends of one program.
        native_memory_bytes: `memory_bytes` of the DuckDB process.
        ahead: a DuckDB process that was started beforehand.
    """

    cache_dir: Path | None
    files_only: bool
    confined: bool
    native: bool
    verify: float
    differences: Differences | None
    native_memory_bytes: int | None
    ahead: Started | None


def make_backend(
    name: str, *, roots: Sequence[Path], spool: Path, **options: Unpack[BackendOptions]
) -> Backend:
    """Make a backend; nothing is started yet.

    Args:
        name: "spark", "duckdb", the address of a Spark Connect endpoint ("sc://host:port"), or a
            connection of connections.toml ("snowflake://NAME").
        roots: the folders that a local server may read. A remote one reads what its cluster lets it.
        spool: where the engine puts data for a local server.
        options: see `BackendOptions`; those of no meaning to the backend are ignored.

    Raises:
        UsageError: there is no such backend.
    """
    files_only, confined = options.get("files_only", False), options.get("confined", True)

    def local_duckdb() -> LocalDuckDb:
        memory = options.get("native_memory_bytes")
        return LocalDuckDb(
            roots,
            spool,
            memory_bytes=memory,
            files_only=files_only,
            confined=confined,
            ahead=options.get("ahead"),
        )

    what = capabilities_of(name)
    if what is SNOWFLAKE:
        return Snowflake(name)
    if what is CONNECT:
        return Remote(name)
    if what is DUCKDB:
        return local_duckdb()
    spark = LocalSpark(roots, spool, options.get("cache_dir"), files_only=files_only, confined=confined)
    if not options.get("native", True):
        return spark
    differences, verify = options.get("differences"), options.get("verify", 0.0)
    return NativeSpark(spark, local_duckdb(), differences=differences, verify=verify)
