"""The local DuckDB process: what it cannot reach, by statements that nobody has checked, and how it stops."""

from __future__ import annotations

import math
import os
import re
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.backends.duckdb import start as duckdb_start
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.duckdb.connection import DuckDbConnection
from engine.backends.duckdb.talk import DuckDbServer
from engine.backends.sql import RowBatch
from engine.context import UNBOUNDED, Deadline, QueryContext
from engine.errors import BackendError, BackendLost, DataError, EngineClosed, Interrupted
from engine.frames.relations import read_files, read_table

CANARY = "canary-2718"
ENDLESS = "SELECT sum(a.range * b.range * c.range) FROM range(100000) a, range(100000) b, range(1000) c"


def ask(backend: LocalDuckDb, text: str, *, seconds: float = 60.0, cancel: Any = None) -> list[Any]:
    found = []
    connection = DuckDbConnection(backend)
    for part in connection.run(text, QueryContext(Deadline.after(seconds), cancel)):
        if isinstance(part, RowBatch):
            with pa.ipc.open_stream(part.data) as reader:
                found += reader.read_all().to_pylist()
    return found


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('{folder}/canary.csv')",
        "SELECT * FROM read_text('{folder}/canary.csv')",
        "SELECT * FROM read_parquet('{folder}/canary.parquet')",
        "SELECT * FROM '{folder}/canary.parquet'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "COPY (SELECT 1) TO '{folder}/written.csv'",
        "ATTACH '{folder}/database.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET lock_configuration = false",
        "SET python_enable_replacements = true",
        "SELECT * FROM options",
        "SELECT getenv('CALCMETRIC_DUCKDB')",
    ],
)
def test_what_the_process_cannot_do(duckdb_backend: LocalDuckDb, tmp_path: Path, text: str) -> None:
    table = pa.table({"secret": [CANARY]})
    pq.write_table(table, tmp_path / "canary.parquet")
    (tmp_path / "canary.csv").write_text(f"secret\n{CANARY}\n")
    before = sorted(tmp_path.iterdir())
    try:
        found = ask(duckdb_backend, text.replace("{folder}", str(tmp_path)))
    except BackendError as error:
        found = [str(error)]
    assert not [row for row in found if CANARY in str(row) or "root:" in str(row) or "token" in str(row)]
    assert sorted(tmp_path.iterdir()) == before
    assert ask(duckdb_backend, "SELECT current_setting('enable_external_access') AS e") == [{"e": False}]


def test_the_kernel_holds_it_where_its_own_settings_do_not(
    data_dir: Path, spool_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "canary.csv").write_text(f"secret\n{CANARY}\n")
    backend = LocalDuckDb((data_dir,), spool_dir)
    # As if DuckDB's settings said that every folder may be read: the kernel was told the roots alone.
    monkeypatch.setattr(duckdb_start, "readable", lambda *_: ["/"])
    try:
        with pytest.raises(BackendError) as caught:
            ask(backend, f"SELECT * FROM read_csv('{tmp_path}/canary.csv')")
        assert CANARY not in str(caught.value)
        assert ask(backend, "SELECT 1 AS one") == [{"one": 1}]
    finally:
        backend.close()


def test_times_are_in_utc_and_nan_in_files_is_seen(duckdb_backend: LocalDuckDb, data_dir: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, math.nan, 2.0, math.nan]}), data_dir / "nan.parquet")
    text = f"SELECT count(*) AS n FROM read_parquet('{data_dir}/nan.parquet') WHERE NOT (x = 'NaN'::DOUBLE)"
    assert ask(duckdb_backend, text) == [{"n": 2}]
    assert ask(duckdb_backend, "SELECT current_setting('TimeZone') AS z") == [{"z": "UTC"}]


def test_a_query_stops_at_its_deadline_and_the_process_goes_on(duckdb_backend: LocalDuckDb) -> None:
    server = duckdb_backend.server()
    with pytest.raises(Interrupted) as caught:
        ask(duckdb_backend, ENDLESS, seconds=0.3)
    assert caught.value.reason == "deadline"
    assert ask(duckdb_backend, "SELECT 1 AS one") == [{"one": 1}]
    assert duckdb_backend.server() is server


def test_a_cancelled_query_stops(duckdb_backend: LocalDuckDb) -> None:
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    with pytest.raises(Interrupted) as caught:
        ask(duckdb_backend, ENDLESS, cancel=cancel)
    assert caught.value.reason == "cancelled"


def test_an_answer_that_nobody_reads_on_stops(duckdb_backend: LocalDuckDb) -> None:
    connection = DuckDbConnection(duckdb_backend)
    parts = connection.run("SELECT * FROM range(100000000)", UNBOUNDED)
    next(parts), next(parts)
    parts.close()  # type: ignore[attr-defined] # it is a generator
    assert ask(duckdb_backend, "SELECT 1 AS one") == [{"one": 1}]


def test_large_rows_come_in_small_messages(duckdb_backend: LocalDuckDb) -> None:
    """The engine holds a message in memory before it can count it."""
    server = duckdb_backend.server()
    text = "SELECT repeat('x', 1000000) AS x FROM range(100)"
    parts = DuckDbConnection(duckdb_backend).run(text, UNBOUNDED.within(60))
    sizes = [(part.count, len(part.data)) for part in parts if isinstance(part, RowBatch)]
    assert sum(count for count, _ in sizes) == 100 and max(size for _, size in sizes) < 20 << 20
    with pytest.raises(BackendError, match="too large"):
        ask(duckdb_backend, "SELECT repeat('x', 80000000) AS x")
    assert ask(duckdb_backend, "SELECT 1 AS one") == [{"one": 1}]
    assert duckdb_backend.server() is server


def test_texts_that_functions_make_are_held_by_the_kernel(duckdb_backend: LocalDuckDb) -> None:
    """DuckDB's own limit counts its buffers, and not every text."""
    children = [Path(f"/proc/{child}") for child in _below(duckdb_backend.server().process._supervisor.pid)]
    limits = "".join((child / "limits").read_text() for child in children)
    assert re.search(r"Max data size +\d", limits), limits


def _below(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(one for child in children for one in _below(child))]


def test_a_process_that_dies_is_replaced(data_dir: Path, spool_dir: Path) -> None:
    backend = LocalDuckDb((data_dir,), spool_dir)
    try:
        first = backend.server()
        threading.Timer(0.3, first.process.end).start()
        with pytest.raises(BackendLost):
            ask(backend, ENDLESS)
        assert ask(backend, "SELECT 1 AS one") == [{"one": 1}]
        assert backend.server() is not first
    finally:
        backend.close()
    with pytest.raises(EngineClosed):
        backend.server()


def test_the_exit_of_a_forked_child_leaves_it_alone(data_dir: Path, spool_dir: Path) -> None:
    backend = LocalDuckDb((data_dir,), spool_dir)
    try:
        server = backend.server()
        child = os.fork()
        if child == 0:
            backend._slot.finalize()
            backend.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert server.process.folder.exists()
        assert ask(backend, "SELECT 1 AS one") == [{"one": 1}]
    finally:
        backend.close()
    assert not server.process.folder.exists()


def test_somebody_without_the_token_gets_no_answer(duckdb_backend: LocalDuckDb) -> None:
    stranger = DuckDbServer(duckdb_backend.server().process, "0" * 64)
    with stranger.ask({"do": "query", "sql": "SELECT 1"}) as sock:
        sock.settimeout(10)
        assert sock.recv(1) == b""
    assert ask(duckdb_backend, "SELECT 1 AS one") == [{"one": 1}]


def test_text_files_are_read_once_and_their_copy_is_removed(
    duckdb_backend: LocalDuckDb, data_dir: Path
) -> None:
    path = data_dir / "days.csv"
    path.write_text("day;n\n".replace(";", ",") + "2026-01-01,1\n2026-01-02,2\n")
    connection = DuckDbConnection(duckdb_backend)
    query = connection.source(read_files("csv", [str(path)]), UNBOUNDED)
    path.unlink()
    text = query.sql(dialect="duckdb")
    parts = [part for part in connection.run(text, UNBOUNDED) if isinstance(part, RowBatch)]
    with pa.ipc.open_stream(parts[0].data) as reader:
        assert [(str(day), n) for day, n in zip(*reader.read_all().to_pydict().values(), strict=True)] == [
            ("2026-01-01", 1),
            ("2026-01-02", 2),
        ]
    kept = list(duckdb_backend.server().process.folder.glob("*.parquet"))
    connection.close()
    assert kept and not list(duckdb_backend.server().process.folder.glob("*.parquet"))


def test_tables_of_a_catalog_are_refused(duckdb_backend: LocalDuckDb) -> None:
    with pytest.raises(DataError, match="files"):
        DuckDbConnection(duckdb_backend).source(read_table("some.table"), UNBOUNDED)


def test_a_process_that_was_started_beforehand_is_taken_over(data_dir: Path, spool_dir: Path) -> None:
    started = duckdb_start.start_duckdb(duckdb_start.wanted_process((data_dir,), spool_dir))
    backend = LocalDuckDb((data_dir,), spool_dir, ahead=started)
    try:
        assert backend.server().process is started.process
        assert ask(backend, "SELECT 1 AS one") == [{"one": 1}]
    finally:
        backend.close()
    assert not started.process.is_alive()


def test_one_that_may_read_something_else_is_ended(data_dir: Path, spool_dir: Path, tmp_path: Path) -> None:
    started = duckdb_start.start_duckdb(duckdb_start.wanted_process((data_dir, tmp_path), spool_dir))
    backend = LocalDuckDb((data_dir,), spool_dir, ahead=started)
    try:
        assert backend.server().process is not started.process
        assert not started.process.is_alive()
    finally:
        backend.close()


def test_one_that_nobody_needs_ends_with_its_engine(data_dir: Path, spool_dir: Path) -> None:
    started = duckdb_start.start_duckdb(duckdb_start.wanted_process((data_dir,), spool_dir))
    LocalDuckDb((data_dir,), spool_dir, ahead=started).close()
    assert not started.process.is_alive()
