"""What the tests of reading share: the rows of a source, as each local backend reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

from engine.backends.sql import RowBatch as SqlRows
from engine.backends.sql_session import DirectSqlSession
from engine.context import UNBOUNDED
from engine.models.backends import Reader
from engine.sources.resolve import resolve_source
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from tests.backends.plans import run

RowBatch: TypeAlias = list[dict[str, Any]]


@pytest.fixture
def spool(spool_dir: Path) -> Iterator[Spool]:
    """A spool that the shared servers may read."""
    made = Spool()
    private, made.folder = made.folder, spool_dir / made.folder.name
    made.folder.mkdir()
    yield made
    assert not list(made.folder.iterdir()), "a source was not released"
    made.folder.rmdir()
    made.folder = private
    made.close()


@pytest.fixture
def folder(data_dir: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own that the shared servers may read."""
    made = data_dir / "reading" / "".join(c if c.isalnum() else "-" for c in request.node.name)
    made.mkdir(parents=True)
    return made


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow])])
def read(request: pytest.FixtureRequest, data_dir: Path, spool: Spool) -> Callable[[Any], RowBatch]:
    """Reads a source on a backend: its rows, sorted by their text, under names in lower case."""
    reader: Reader = request.param
    backend = request.getfixturevalue(f"{reader}_backend")

    def rows(given: Any) -> RowBatch:
        source = resolve_source(given, roots=(data_dir,), spool=spool, reader=reader)
        session = backend.open_session()
        try:
            found = _guests_rows(session, source) if reader == "duckdb" else run(session, source.relation)
        finally:
            session.close()
            source.release()
        return sorted(({name.lower(): value for name, value in row.items()} for row in found), key=str)

    return rows


def _guests_rows(session: DirectSqlSession, source: ResolvedSource) -> RowBatch:
    """As a metric gets them; the engine's own queries have whole numbers of 64 bits only."""
    parts = session.run(session.writer.text(source.relation, UNBOUNDED), UNBOUNDED)
    streams = [part.data for part in parts if isinstance(part, SqlRows)]
    return [row for stream in streams for row in pa.ipc.open_stream(stream).read_all().to_pylist()]


@pytest.fixture
def resolve(data_dir: Path, spool: Spool) -> Iterator[Callable[..., ResolvedSource]]:
    """Resolves a source, and releases it after the test."""
    found: list[ResolvedSource] = []

    def one(given: Any, reader: Reader = "spark") -> ResolvedSource:
        found.append(resolve_source(given, roots=(data_dir,), spool=spool, reader=reader))
        return found[-1]

    yield one
    for source in found:
        source.release()
