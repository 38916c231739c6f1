"""What the policy of reading costs: against the backend alone on the same file, and for many files."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from benchmarks import machine
from benchmarks.data import events
from benchmarks.show import Row, seconds, show_table
from benchmarks.timing import interval
from engine.backends.base import BackendSession
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.spark.backend import LocalSpark
from engine.backends.sql_session import DirectSqlSession
from engine.context import UNBOUNDED
from engine.frames.relations import read_files, unpruned
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool

_SERVERS: dict[Any, Any] = {"duckdb": LocalDuckDb, "spark": LocalSpark}
_FILES, _ROWS = 1_000, 1_000
_SUMMED = ("amount", "score", "age")


@click.command("reading")
@click.option("--backend", "backends", multiple=True, default=("duckdb", "spark"), show_default=True)
@click.option("--rows", default=5_000_000, show_default=True, help="Rows of the one file.")
@click.option("--pairs", default=15, show_default=True, help="Pairs of readings, by turns.")
def reading(backends: tuple[str, ...], rows: int, pairs: int) -> None:
    """One file under the policy against the same file without it; 1,000 files of 1,000 rows."""
    path = events(rows)
    table: list[Row] = []
    with tempfile.TemporaryDirectory() as root:
        folder = _write_many(Path(root, "many"))
        for backend in backends:
            with _session(backend, (path.parent, folder)) as (session, spool):
                ratios, ours = _ratios(backend, session, spool, path, pairs)
                low, high = interval(ratios)
                opening, again, whole = _open_many(backend, session, spool, folder)
            table += [
                (
                    f"{backend}: one file, {rows:,} rows",
                    seconds(ours),
                    f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})",
                    "1.05 within",
                ),
                (f"{backend}: {_FILES:,} files, opened for the first time", seconds(opening), "", "2 s"),
                (f"{backend}: {_FILES:,} files, opened again", seconds(again), "", ""),
                (f"{backend}: {_FILES:,} files, opened and summed up", seconds(whole), "", ""),
            ]
    columns = ("what", "seconds", "against the backend alone (95 %)", "aim")
    show_table("reading under one policy", columns, table)


@contextmanager
def _session(backend: str, roots: Sequence[Path]) -> Iterator[tuple[BackendSession, Spool]]:
    spool = Spool()
    server = _SERVERS[backend](tuple(roots), spool.folder)
    session = server.open_session()
    try:
        yield session, spool
    finally:
        session.close()
        server.close()
        spool.close()


def _ratios(
    backend: Any, session: BackendSession, spool: Spool, path: Path, pairs: int
) -> tuple[list[float], float]:
    """Seconds under the policy by those without it, pair by pair, and the median of the former."""

    def ours() -> None:
        _with_policy(backend, session, spool, path, _sum_up)

    def plain() -> None:
        relation = read_files("parquet", [str(path)])
        _schema(session, relation)
        _sum_up(session, relation)

    for _ in range(3):
        ours()
        plain()
    times = []
    for number in range(pairs):
        order = (ours, plain) if number % 2 else (plain, ours)
        taken = {way: machine.seconds(way) for way in order}
        times.append((taken[ours], taken[plain]))
    return [one / other for one, other in times], statistics.median(one for one, _ in times)


def _with_policy(
    backend: Any,
    session: BackendSession,
    spool: Spool,
    path: Path,
    then: Callable[[BackendSession, pb.Relation], None],
) -> None:
    """Open a dataset as a run does, and do something with it."""
    source = resolve_source(str(path), roots=(path.parent,), spool=spool, reader=backend)
    schema = _schema(session, source.relation)
    relation = source.relation if backend == "duckdb" else unpruned(source.relation, schema, source.early)
    then(session, relation)
    source.release()


def _schema(session: BackendSession, relation: pb.Relation) -> pb.DataType:
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(relation)
    return session.analyze(request, UNBOUNDED).schema.schema


def _sum_up(session: BackendSession, relation: pb.Relation) -> None:
    """Sums of three columns."""
    if isinstance(session, DirectSqlSession):
        sums = ", ".join(f'SUM("{name}")' for name in _SUMMED)
        for _ in session.run(f"SELECT {sums} FROM ({session.writer.text(relation, UNBOUNDED)})", UNBOUNDED):
            pass
        return
    made = pb.Relation()
    made.aggregate.input.CopyFrom(relation)
    made.aggregate.group_type = pb.Aggregate.GROUP_TYPE_GROUPBY
    for name in _SUMMED:
        call = made.aggregate.aggregate_expressions.add().unresolved_function
        call.function_name = "sum"
        call.arguments.add().unresolved_attribute.unparsed_identifier = name
    for _ in session.execute(pb.Plan(root=made), UNBOUNDED):
        pass


def _nothing(_session: BackendSession, _relation: pb.Relation) -> None:
    """Only open it."""


def _write_many(folder: Path) -> Path:
    folder.mkdir()
    numbers = np.random.default_rng(7)
    for number in range(_FILES):
        table = pa.table({name: numbers.random(_ROWS) for name in _SUMMED})
        pq.write_table(table, folder / f"{number:04}.parquet")
    return folder


def _open_many(
    backend: Any, session: BackendSession, spool: Spool, folder: Path
) -> tuple[float, float, float]:
    def step(then: Callable[[BackendSession, pb.Relation], None]) -> float:
        return machine.seconds(lambda: _with_policy(backend, session, spool, folder, then))

    first = []
    for _ in range(5):
        for file in folder.iterdir():  # another time of change: what was kept of them no longer counts
            os.utime(file)
        first.append(step(_nothing))
    again = [step(_nothing) for _ in range(5)]
    whole = [step(_sum_up) for _ in range(5)]
    return statistics.median(first), statistics.median(again), statistics.median(whole)
