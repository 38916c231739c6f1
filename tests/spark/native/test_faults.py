"""A native process that is broken, killed, stopped, or full: Spark answers, and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect import functions as F  # noqa: N812

from engine import Dataset, Engine
from engine.backends.duckdb import start
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.native.backend import NativeSession, NativeSpark
from engine.backends.native.trust import CRASH_SECONDS, MOST_CRASHES, PAUSE_SECONDS, Trust
from engine.context import UNBOUNDED, QueryContext
from engine.errors import BackendError, BackendLost, BackendStartError, Interrupted
from engine.spark.native.unproven import Unproven
from engine.threads import Pending
from tests.backends.little import little_spark
from tests.spark.native.conftest import Build, Tables
from tests.spark.native.plans import NATIVE
from tests.spark.native.stand_ins import CountingSession, FakeSpark, plan_of
from tests.waiting import wait_until


class BrokenDuckDb:
    """A process, as far as a native session asks for one: each is condemned, or answers as it is told."""

    spool = Path("/nowhere")

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.ended: list[Any] = []

    def server(self, context: QueryContext = UNBOUNDED) -> Any:
        if not self.started or self.started[-1] in self.ended:
            self.started.append(type("Server", (), {"condemned": False})())
        return self.started[-1]

    def end_server(self, server: Any, reason: str) -> None:
        self.ended.append(server)


def session_that(error: Exception, tenant: str = "") -> tuple[CountingSession, BrokenDuckDb, list[str]]:
    """A session whose native questions fail, and what was asked natively."""
    spark: Any = FakeSpark()
    process: Any = BrokenDuckDb()
    session = CountingSession(NativeSpark(spark, process), tenant)
    return session, process, let_fail(session, error)


def let_fail(session: NativeSession, error: Exception) -> list[str]:
    asked = list[str]()

    class Failing:
        def rows(self, server: Any, text: str, *_: Any, **__: Any) -> Iterator[Any]:
            asked.append(text)
            raise error

    session._native = Failing()  # type: ignore[assignment]
    return asked


@pytest.mark.parametrize("name", ["duckdb.InternalException", "duckdb.FatalException"])
def test_a_query_that_breaks_the_process_ends_it_and_is_not_tried_again(name: str, hostile: Tables) -> None:
    session, process, asked = session_that(BackendError("broken", exception=name))
    for _ in range(3):
        assert list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED)) == []
    assert len(asked) == 1
    assert process.ended == process.started and len(process.started) == 1
    assert session.answered["a plan that broke the native process before"] == 2


def numbered(number: int) -> Build:
    return lambda df: df.filter(F.col("i") > number).agg(F.avg("y"))


def test_a_tenant_that_breaks_the_process_again_and_again_is_left_to_spark(hostile: Tables) -> None:
    error = BackendError("broken", exception="duckdb.FatalException")
    session, process, asked = session_that(error, "loud")
    for number in range(MOST_CRASHES + 3):
        list(session.execute(plan_of(hostile.plan(numbered(number))), UNBOUNDED))
    assert len(asked) == MOST_CRASHES == len(process.ended)
    other = session._backend.open_session("quiet")
    others = let_fail(other, BackendError("an overflow", exception="duckdb.OutOfRangeException"))
    list(other.execute(plan_of(hostile.plan(numbered(100))), UNBOUNDED))
    assert len(others) == 1


def test_an_ordinary_error_is_held_against_nobody(hostile: Tables) -> None:
    session, process, asked = session_that(BackendError("no", exception="duckdb.ConversionException"))
    for _ in range(5):
        list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    assert len(asked) == 5
    assert not process.ended


def test_whoever_was_in_a_process_that_another_query_ended_is_not_to_blame(hostile: Tables) -> None:
    session, process, asked = session_that(BackendLost("it ended over a query"))
    process.server().condemned = True
    list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    assert len(asked) == 2


def test_a_lost_process_counts_against_the_plan(hostile: Tables) -> None:
    session, _, asked = session_that(BackendLost("it ended over a query"))
    list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    assert len(asked) == 1


def test_a_fault_of_ours_is_spark_s_to_answer(
    hostile: Tables, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session, _, _ = session_that(BackendError("never asked"))
    monkeypatch.setattr("engine.backends.native.backend.translate", lambda *_, **__: [][0])
    assert list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED)) == []
    assert "a plan was not translated" in caplog.text


def test_what_the_process_says_of_values_is_not_logged(
    hostile: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    text = 'Could not convert string "0613-9984" to INT32'
    session, _, _ = session_that(BackendError(text, exception="duckdb.ConversionException"))
    list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    assert "ConversionException" in caplog.text
    assert "0613-9984" not in caplog.text


def test_trust_forgets() -> None:
    trust = Trust()
    trust.pause(100.0)
    with pytest.raises(Unproven, match="does not start"):
        trust.refuse("SELECT 1", "a", 100.0 + PAUSE_SECONDS - 1)
    trust.refuse("SELECT 1", "a", 100.0 + PAUSE_SECONDS)
    for number in range(MOST_CRASHES):
        trust.record_crash(f"SELECT {number}", "a", 1_000.0)
    with pytest.raises(Unproven, match="this tenant"):
        trust.refuse("SELECT 'new'", "a", 1_000.0 + CRASH_SECONDS - 1)
    trust.refuse("SELECT 'new'", "b", 1_000.0)
    trust.refuse("SELECT 'new'", "a", 1_000.0 + CRASH_SECONDS)
    with pytest.raises(Unproven, match="that broke"):
        trust.refuse("SELECT 1", "b", 1e9)


def test_a_process_that_cannot_start_is_not_started_for_each_question(hostile: Tables) -> None:
    session, process, _ = session_that(BackendError("never asked"))
    starts = list[int]()

    def fail(*_: Any) -> Any:
        starts.append(1)
        raise BackendStartError("no")

    process.server = fail  # type: ignore[assignment, method-assign]
    for number in range(4):
        list(session.execute(plan_of(hostile.plan(numbered(number))), UNBOUNDED))
    assert len(starts) == 1


# From here on with a process.


@pytest.fixture
def spark() -> FakeSpark:
    return FakeSpark()


@pytest.fixture
def native(spark: FakeSpark, data_dir: Path, spool_dir: Path) -> Iterator[NativeSpark]:
    process = LocalDuckDb((data_dir,), spool_dir)
    yield NativeSpark(spark, process)  # type: ignore[arg-type]
    process.close()


@pytest.fixture(scope="module")
def large(native_dir: Path) -> Tables:
    """Two million rows, of which two joined on a constant never end."""
    folder = native_dir / "large"
    folder.mkdir()
    count = 2_000_000
    ids = pa.array(range(count), pa.int64())
    return Tables(folder, pa.table({"id": ids, "k": pa.array([0] * count, pa.int32())}))


def endless(df: Any) -> Any:
    other = df.select(F.col("id").alias("o"), F.col("k").alias("q"))
    return df.join(other, F.col("k") == F.col("q")).agg(F.max(F.greatest("id", "o")).alias("m"))


def program(native: NativeSpark) -> psutil.Process:
    """DuckDB itself, below what keeps it."""
    supervisor = psutil.Process(native.duckdb.server().process._supervisor.pid)
    return max(supervisor.children(recursive=True), key=lambda one: one.memory_info().rss)


def asking(session: NativeSession, relation: pb.Relation, seconds: float = 600.0) -> Pending[list[Any]]:
    context = UNBOUNDED.within(seconds)
    return Pending(lambda: list(session.execute(plan_of(relation), context)), "asking")


def is_busy(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.cpu_percent(0.05) > 30
    return False


def answers(native: NativeSpark, tables: Tables, number: int = 0) -> bool:
    """Whether another plan is answered natively."""
    session = CountingSession(native, "another")
    list(
        session.execute(
            plan_of(tables.plan(lambda df: df.filter(F.col("id") > number).agg(F.count("*")))), UNBOUNDED
        )
    )
    session.close()
    return set(session.answered) == {""}


def test_a_process_that_is_killed_in_the_middle_leaves_nothing(
    native: NativeSpark, spark: FakeSpark, large: Tables
) -> None:
    session = CountingSession(native, "one")
    server = native.duckdb.server()
    folder, process = server.process.folder, program(native)
    pending = asking(session, large.plan(endless))
    assert wait_until(lambda: is_busy(process) or pending.done.is_set())
    assert not pending.done.is_set(), session.answered
    process.send_signal(signal.SIGKILL)
    assert pending.wait() == []
    assert spark.asked == ["start", "execute"]
    assert wait_until(lambda: not folder.exists())
    assert answers(native, large)
    assert native.duckdb.server() is not server
    list(session.execute(plan_of(large.plan(endless)), UNBOUNDED))
    assert session.answered["a plan that broke the native process before"] == 1


@pytest.mark.slow
def test_a_process_that_stands_still_is_ended_in_half_of_the_time(
    native: NativeSpark, spark: FakeSpark, large: Tables
) -> None:
    session = CountingSession(native, "one")
    server = native.duckdb.server()
    os.kill(program(native).pid, signal.SIGSTOP)
    pending = asking(session, large.plan(lambda df: df.agg(F.count("*"))), 2.0)
    assert pending.wait() == []
    assert spark.asked == ["start", "execute"]
    assert wait_until(lambda: not server.process.folder.exists())
    assert answers(native, large, 1)


@pytest.mark.slow
def test_a_query_that_takes_too_long_is_stopped_and_the_process_goes_on(
    native: NativeSpark, spark: FakeSpark, large: Tables
) -> None:
    session = CountingSession(native, "one")
    server = native.duckdb.server()
    assert asking(session, large.plan(endless), 4.0).wait() == []
    assert spark.asked == ["start", "execute"]
    assert "it took more than half of the time that is left" in session.answered
    assert answers(native, large)
    assert native.duckdb.server() is server


def test_a_cancelled_query_stops_and_nobody_else_is_asked(
    native: NativeSpark, spark: FakeSpark, large: Tables
) -> None:
    session, cancel = CountingSession(native, "one"), threading.Event()
    process = program(native)
    plan = plan_of(large.plan(endless))
    pending = Pending(lambda: list(session.execute(plan, QueryContext(cancel=cancel))), "asking")
    assert wait_until(lambda: is_busy(process) or pending.done.is_set())
    assert not pending.done.is_set(), session.answered
    cancel.set()
    with pytest.raises(Interrupted):
        pending.wait()
    assert spark.asked == []
    assert answers(native, large)


def test_a_query_that_outgrows_memory_and_disk_is_spark_s(
    spark: FakeSpark, large: Tables, data_dir: Path, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "_DISK_BYTES", 4 << 20)
    process = LocalDuckDb((data_dir,), spool_dir, memory_bytes=48 << 20)
    native = NativeSpark(spark, process)  # type: ignore[arg-type]
    try:
        session = CountingSession(native, "one")
        grouped = large.plan(lambda df: df.groupBy("id").agg(F.max("k").alias("m")).agg(F.sum("m")))
        assert list(session.execute(plan_of(grouped), UNBOUNDED)) == []
        assert spark.asked == ["start", "execute"]
        assert set(session.answered) == {"a native answer failed (BackendError)"}
        folder = process.server().process.folder
        assert not [one for one in folder.rglob("*") if one.is_file() and one.stat().st_size > 1 << 20]
        assert answers(native, large)
    finally:
        process.close()
    assert not folder.exists()


def test_an_answer_that_is_larger_than_is_held_is_spark_s(
    native: NativeSpark, spark: FakeSpark, large: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.backends.native.backend._MOST_BYTES", 1 << 20)
    session = CountingSession(native, "one")
    assert list(session.execute(plan_of(large.plan(lambda df: df.select("id"))), UNBOUNDED)) == []
    assert spark.asked == ["start", "execute"]
    assert answers(native, large)


def test_a_file_that_changes_under_a_query_is_spark_s(
    native: NativeSpark, spark: FakeSpark, native_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = native_dir / "changing"
    folder.mkdir()
    tables = Tables(folder, pa.table({"id": [1, 2, 3]}))
    session = CountingSession(native, "one")
    rows = session._native.rows

    def rewritten(*arguments: Any, **named: Any) -> Iterator[Any]:
        yield from rows(*arguments, **named)
        pq.write_table(pa.table({"id": [4, 5]}), folder / "data.parquet")

    monkeypatch.setattr(session._native, "rows", rewritten)
    assert list(session.execute(plan_of(tables.plan(lambda df: df.agg(F.count("*")))), UNBOUNDED)) == []
    assert spark.asked == ["start", "execute"]
    assert set(session.answered) == {"a file that changed while it was read"}


@pytest.mark.parametrize("harm", ["cut out", "written over"])
def test_a_damaged_file_is_spark_s_and_its_words_about_it(
    native: NativeSpark, spark: FakeSpark, native_dir: Path, harm: str
) -> None:
    """Its footer is whole, so that nobody knows before the rows are read."""
    folder = native_dir / harm
    folder.mkdir()
    tables = Tables(folder, pa.table({"id": range(5_000), "k": range(5_000)}))
    whole, path = (folder / "data.parquet").read_bytes(), folder / "data.parquet"
    middle = b"" if harm == "cut out" else bytes(range(256)) * 40
    path.write_bytes(whole[:200] + middle + whole[200 + 256 * 40 :])
    session = CountingSession(native, "one")
    assert list(session.execute(plan_of(tables.plan(lambda df: df.agg(F.sum("id")))), UNBOUNDED)) == []
    assert spark.asked == ["start", "execute"]
    assert set(session.answered) == {"a native answer failed (BackendError)"}


def test_an_engine_that_is_closed_ends_the_query_and_the_process(data_dir: Path, large: Tables) -> None:
    source = """
from pyspark.sql import functions as F
def calc_metric(df):
    other = df.select(F.col("id").alias("o"), F.col("k").alias("q"))
    return df.join(other, F.col("k") == F.col("q")).agg(F.max(F.greatest("id", "o")).alias("m")).first()[0]
"""
    with little_spark():
        engine = Engine(roots=(data_dir,))
    backend = engine.backend
    assert isinstance(backend, NativeSpark)
    backend.start()
    process, folder = program(backend), backend.duckdb.server().process.folder
    live = engine.submit(source, Dataset(data_dir / "native" / "large" / "data.parquet"))
    assert wait_until(lambda: is_busy(process))
    engine.close()
    assert live.result().overall.status == "cancelled"
    assert not process.is_running() and not folder.exists()
    assert backend.spark.generation is None
