"""Local servers as the engine uses them: real processes, confined."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.connect.session import ConnectSession
from engine.backends.local.generation import Generation
from engine.backends.local.server import LocalServer
from engine.backends.local.watchdog import Watchdog
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED, Deadline, QueryContext
from engine.errors import BackendError, BackendLost, Interrupted
from tests.backends.little import LittleServer
from tests.backends.plans import aggregate, call, column, count, endless, number, numbers, run, sql, value
from tests.backends.processes import server_processes
from tests.tiers import DEEP
from tests.waiting import wait_until

SPARK_DEEP = pytest.mark.parametrize(
    "backend", ["little", pytest.param("spark", marks=[pytest.mark.spark, *DEEP])], indirect=True
)


def id_of(session: ConnectSession) -> str:
    """What the server calls a session."""
    return session._session(())._handle._id


def share_of_a_core(processes: list[psutil.Process]) -> float:
    """How much processor time they take, over one second; none once one of them has ended."""
    try:
        before = sum(sum(process.cpu_times()[:2]) for process in processes)
        threading.Event().wait(1.0)
        return sum(sum(process.cpu_times()[:2]) for process in processes) - before
    except psutil.NoSuchProcess:  # a server is ended while its query is given up already
        return 0.0


@pytest.mark.slow
@pytest.mark.spark
def test_sessions_are_in_utc_and_divide_as_ansi_says(spark_backend: LocalServer) -> None:
    session = spark_backend.open_session()
    assert value(session, sql("SELECT current_timezone()")) in ("UTC", "Etc/UTC")
    with pytest.raises(BackendError):
        run(session, sql("SELECT id / 0 FROM range(1)"))
    with pytest.raises(BackendError):
        run(session, sql("SELECT CAST(concat('a', id) AS INT) FROM range(1)"))
    session.close()


def test_an_analysis_gives_the_schema(backend: LocalServer) -> None:
    session = backend.open_session()
    schema = pb.AnalyzePlanRequest.Schema(plan=pb.Plan(root=numbers(3)))
    response = session.analyze(pb.AnalyzePlanRequest(schema=schema), UNBOUNDED.within(300))
    (field,) = response.schema.schema.struct.fields
    assert (field.name, field.data_type.WhichOneof("kind")) == ("id", "long")
    session.close()


@pytest.mark.parametrize("how", ["deadline", "cancelled"])
def test_a_cross_join_over_millions_of_rows_stops_and_the_machine_is_idle(
    backend: LocalServer, how: str
) -> None:
    session = backend.open_session()
    assert value(session, count(numbers(10))) == 10  # the server is up
    cancel = threading.Event()
    timer = threading.Timer(1.0, cancel.set)
    timer.start()
    with pytest.raises(Interrupted) as caught:
        deadline = Deadline.after(1.0 if how == "deadline" else 600)
        run(session, endless(), QueryContext(deadline, cancel))
    assert caught.value.reason in (how, "cancelled")
    if backend.generation is not None:  # it was interrupted, not ended
        processes = server_processes(backend)
        assert any(share_of_a_core(processes) < 0.5 for _ in range(3))
    assert value(session, count(numbers(11))) == 11  # the same session, on a new server if need be
    session.close()


def test_a_query_under_a_killed_server_is_asked_again_and_lost_if_that_dies_too(backend: LocalServer) -> None:
    session = backend.open_session()
    assert value(session, count(numbers(10))) == 10
    killed: list[Generation | None] = []

    def kill() -> None:
        """Kill two servers, each when something was asked for a while."""
        for _ in range(2):
            assert wait_until(lambda: backend.generation not in (None, *killed))
            killed.append(backend.generation)
            threading.Event().wait(0.5)
            for process in server_processes(backend):
                process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(BackendLost) as caught:
        run(session, endless(), UNBOUNDED.within(300))
    killer.join()
    assert len(killed) == 2
    assert caught.value.by_this_query
    assert value(session, count(numbers(10))) == 10
    session.close()


# Spark is killed, and asked again, by the test before this.
@SPARK_DEEP
def test_a_query_is_asked_again_unseen(backend: LocalServer) -> None:
    honest, hostile = backend.open_session(), backend.open_session()
    assert value(honest, count(numbers(10))) == 10
    before = backend.generation
    threading.Timer(0.3, lambda: [process.kill() for process in server_processes(backend)]).start()
    with ThreadPoolExecutor(2) as pool:
        ends = pool.submit(run, hostile, endless(), context=UNBOUNDED.within(4))
        slow = pb.Relation(
            filter=pb.Filter(input=numbers(60_000_000), condition=call(">", call("rand"), number(-1.0)))
        )
        assert value(honest, count(slow), context=UNBOUNDED.within(300)) == 60_000_000
        with pytest.raises((Interrupted, BackendLost)):  # the latter if its time passed while it waited
            ends.result()
    assert backend.generation is not before
    honest.close()
    hostile.close()


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.spark
def test_spark_that_shuts_down_but_still_answers_costs_nobody_an_answer(
    spark_backend: LocalServer,
) -> None:
    honest, ending = spark_backend.open_session(), spark_backend.open_session()
    assert value(honest, count(numbers(10))) == 10
    before = spark_backend.generation
    with ThreadPoolExecutor(1) as pool:
        exits = pool.submit(run, ending, sql("SELECT reflect('java.lang.System', 'exit', 0)"))
        while not exits.done() or spark_backend.generation is before:
            assert value(honest, count(numbers(10)), context=UNBOUNDED.within(300)) == 10
        with pytest.raises(BackendLost):
            exits.result()
    honest.close()
    ending.close()


@SPARK_DEEP
def test_threads_share_one_server(backend: LocalServer) -> None:
    def ask(rows: int) -> int:
        session = backend.open_session()
        try:
            return sum(int(value(session, count(numbers(rows)))) for _ in range(5))
        finally:
            session.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(1, 9))) == [5 * rows for rows in range(1, 9)]


@SPARK_DEEP
def test_200_sessions_leave_nothing_behind(backend: LocalServer) -> None:
    def use_session() -> None:
        session = backend.open_session()
        list(session.execute(pb.Plan(root=numbers(1)), UNBOUNDED))
        session.close()

    use_session()
    me = psutil.Process()
    descriptors, threads = me.num_fds(), me.num_threads()
    for _ in range(200):
        use_session()
    assert wait_until(lambda: me.num_fds() <= descriptors + 2)
    assert wait_until(lambda: me.num_threads() <= threads + 4)  # gRPC's own come and go


@pytest.mark.slow
@pytest.mark.spark
def test_spark_sessions_are_used_again_but_for_those_in_which_something_was_stopped(
    spark_backend: LocalServer,
) -> None:
    first = spark_backend.open_session()
    assert value(first, count(numbers(10))) == 10
    first.close()
    again = spark_backend.open_session()
    assert id_of(again) == id_of(first)
    with pytest.raises(Interrupted):
        run(again, endless(), UNBOUNDED.within(0.3))
    again.close()
    assert id_of(spark_backend.open_session()) != id_of(first)


def test_a_large_answer_comes_whole(backend: LocalServer) -> None:
    session = backend.open_session()
    rows = run(session, numbers(300_000))
    assert len(rows) == 300_000
    assert rows[-1] == {"id": 299_999}
    session.close()


ANALYSIS = "org.apache.spark.sql.AnalysisException"


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize(
    ("text", "condition", "exception", "parameter"),
    [
        ("SELECT 1 / 0", "DIVIDE_BY_ZERO", "java.lang.ArithmeticException", ""),
        ("SELECT nope FROM range(1)", "UNRESOLVED_COLUMN.WITH_SUGGESTION", ANALYSIS, "objectName"),
        ("SELECT CAST('a' AS INT)", "CAST_INVALID_INPUT", "java.lang.NumberFormatException", "expression"),
        ("SELECT zork(1)", "UNRESOLVED_ROUTINE", ANALYSIS, "routineName"),
        ("SELECT * FROM parquet.`/no/such/file`", "PATH_NOT_FOUND", ANALYSIS, "path"),
        ("SELECT 2147483647 + 1", "ARITHMETIC_OVERFLOW", "java.lang.ArithmeticException", ""),
        ("SELECT ((", "PARSE_SYNTAX_ERROR", "org.apache.spark.sql.catalyst.parser.ParseException", ""),
    ],
)  # fmt: skip
def test_errors_of_spark_keep_their_condition(
    spark_backend: LocalServer, text: str, condition: str, exception: str, parameter: str
) -> None:
    session = spark_backend.open_session()
    with pytest.raises(BackendError) as caught:
        run(session, sql(text))
    assert caught.value.condition == condition
    assert caught.value.exception == exception
    assert parameter in caught.value.parameters or not parameter
    assert len(caught.value.sql_state) == 5
    session.close()


@pytest.mark.slow
@pytest.mark.spark
def test_parameters_of_spark_too_long_for_the_metadata_are_fetched(spark_backend: LocalServer) -> None:
    session = spark_backend.open_session()
    name = "c" * 3_000
    with pytest.raises(BackendError) as caught:
        run(session, aggregate(numbers(1), call("sum", column(name))))
    assert caught.value.parameters["objectName"] == f"`{name}`"
    session.close()


@pytest.mark.slow
@pytest.mark.spark
def test_a_task_of_spark_that_never_looks_up_costs_the_server(spark_backend: LocalServer) -> None:
    """A loop inside one row cannot be interrupted: Spark says that the query ended, its task goes on."""
    session = spark_backend.open_session()
    assert value(session, count(numbers(10))) == 10
    before = spark_backend.generation
    inner = "aggregate(sequence(0L, 60000L + id), 0L, (b, y) -> b + y % 7)"
    loop = f"SELECT sum(aggregate(sequence(id, 60000L), 0L, (a, x) -> a + {inner})) FROM range(4)"
    for seconds in (5, 20, 80):  # its rows must be in the making by then, however busy the machine is
        with pytest.raises(Interrupted):
            run(session, sql(loop), UNBOUNDED.within(seconds))
        if spark_backend.generation is not before:
            break
    assert spark_backend.generation is not before
    assert value(session, count(numbers(10))) == 10
    session.close()


def test_a_plan_that_ends_by_itself_is_not_interrupted(backend: LocalServer) -> None:
    session = backend.open_session()
    counted = count(numbers(12))
    assert value(session, counted, context=UNBOUNDED.within(300)) == 12
    session.close()


@pytest.mark.slow
@pytest.mark.spark
def test_a_session_of_spark_that_was_used_is_given_to_its_tenant_only(spark_backend: LocalSpark) -> None:
    first = spark_backend.open_session("a")
    assert value(first, count(numbers(3))) == 3
    first.close()
    other, again = spark_backend.open_session("b"), spark_backend.open_session("a")
    assert id_of(other) != id_of(first) == id_of(again)
    assert value(again, count(numbers(4))) == 4
    for session in (other, again):
        session.close()


@pytest.mark.slow
@pytest.mark.spark
def test_beside_busy_processes_a_query_is_stopped_and_spark_lives(spark_backend: LocalSpark) -> None:
    """Ten for each processor: what takes a tenth of a second in peace takes longer than the grace here."""
    session = spark_backend.open_session()
    assert value(session, count(numbers(3))) == 3
    before = spark_backend.generation
    command = [sys.executable, "-S", "-c", "while True: pass"]
    busy = [subprocess.Popen(command) for _ in range(10 * len(os.sched_getaffinity(0)))]
    try:
        for _ in range(2):
            with pytest.raises(Interrupted):
                run(session, endless(), UNBOUNDED.within(3))
        assert value(session, count(numbers(4))) == 4
    finally:
        for one in busy:
            one.kill()
            one.wait()
    assert spark_backend.generation is before
    session.close()


def test_a_server_whose_watchdog_cannot_start_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LittleServer((tmp_path,), tmp_path)
    started: list[Generation] = []

    def refuse(generation: Generation) -> Watchdog:
        started.append(generation)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(backend, "_watch", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        backend.connection()
    assert wait_until(lambda: not started[0].process.is_alive())
    backend.close()
