"""A run ends at its deadline when any single call below it blocks for ever, and the engine goes on.

Each call to a backend is blocked in turn. Time is moved, not waited for: once the call is reached, the clock
jumps past every deadline, so that nothing here depends on how fast this machine is.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest

from engine import Dataset, Engine, Limits
from engine.backends.connect import stopping as stopping_module
from engine.backends.connect.remote import Remote
from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.duckdb.connection import DuckDbConnection
from engine.backends.duckdb.talk import Conversation, DuckDbServer
from engine.backends.sql_session import DirectSqlSession
from engine.context import UNBOUNDED, Deadline
from engine.errors import BackendLost, BackendStartError, LimitExceeded
from engine.gateway.gateway import Gateway
from engine.models.run import Run
from engine.pool.pool import WorkerPool
from engine.runs import closing
from engine.runs import dataset as dataset_module
from engine.runs import live as live_module
from engine.runs.collect import Collector
from engine.runs.dispatcher import Dispatcher
from engine.runs.live import LiveRun, Progress
from engine.threads import Pending
from tests.engine.connect_server import ANSWER, ConnectServer

COUNT: Final = "def calc_metric(df):\n    return df.count()\n"
DESCRIBE: Final = "def calc_metric(df):\n    df.select('N').schema\n    return df.count()\n"
# Further than any deadline: the longest is that of a backend's start.
_AHEAD: Final = 10_000.0

# What becomes of a run that meets a block, by where in its life that is:
#   start: while the backend is started; the run raises BackendStartError
#   run: in its own time; its frames get the limit
#   stop: while a query is stopped that went on after the deadline; the same
#   lost: while a query is found lost; the same
#   release: after its last result; it is an ordinary run
#   close: never, but in the end of the engine
#   never: in no run of one frame; why is said beside it
CONNECT: Final[dict[tuple[type, str], str]] = {
    (Connection, "execute"): "run",
    (
        Connection,
        "attach",
    ): "never",  # only where a server ends a stream by plan; as execute
    (Connection, "release_execution"): "run",
    (Connection, "analyze"): "run",
    (Connection, "server_version"): "start",
    (Connection, "set_config"): "run",
    (Connection, "interrupt"): "stop",
    (Connection, "release"): "start",
    (Connection, "error_details"): "lost",
    (Connection, "close"): "close",
    (Remote, "start"): "start",
    (Remote, "open_session"): "run",
    (Remote, "connection"): "start",
    (Remote, "note_broken"): "lost",
    (Remote, "grace"): "stop",
    (Remote, "wait_idle"): "never",  # only after an interrupt that worked: it asks nobody
    (Remote, "end_server"): "stop",
    (Remote, "retire"): "release",
    (Remote, "close"): "close",
    (Remote, "warm"): "never",  # it does nothing, as does the next
    (Remote, "train"): "never",
    (Remote, "settle"): "never",  # it does nothing: only servers of our own learn aside
    (ConnectSession, "execute"): "run",
    (ConnectSession, "analyze"): "run",
    (ConnectSession, "disturbed"): "run",
    (Remote, "place_of"): "never",  # it asks nobody
    (Remote, "quarantine"): "never",  # only where servers are ours; it notes a name
    (ConnectSession, "refuse_settings"): "never",  # it reads a field
    (ConnectSession, "is_open"): "never",  # it reads two fields, for who keeps sessions
    (ConnectSession, "close"): "release",
}
SQL: Final[dict[tuple[type, str], str]] = {
    (LocalDuckDb, "start"): "start",
    (LocalDuckDb, "open_session"): "run",
    (LocalDuckDb, "server"): "start",
    (LocalDuckDb, "end_server"): "never",  # only over a query that cannot be stopped; in that query's thread
    (LocalDuckDb, "close"): "close",
    (LocalDuckDb, "warm"): "never",  # it does nothing, as does the next
    (LocalDuckDb, "train"): "never",
    (LocalDuckDb, "settle"): "never",
    (LocalDuckDb, "is_private"): "never",  # it asks nobody
    (DuckDbConnection, "run"): "run",
    (DuckDbConnection, "rows"): "never",  # of native answers, which no Snowpark frame asks for
    (DuckDbConnection, "describe"): "run",
    (DuckDbConnection, "source"): "run",
    (DuckDbConnection, "close"): "release",
    (DirectSqlSession, "run"): "run",
    (DirectSqlSession, "describe"): "run",
    (DirectSqlSession, "execute"): "run",
    (DirectSqlSession, "analyze"): "run",
    (DirectSqlSession, "disturbed"): "run",
    (DirectSqlSession, "sql"): "never",  # it is itself
    (DirectSqlSession, "refuse_settings"): "never",
    (DirectSqlSession, "close"): "release",
    (DuckDbServer, "ask"): "run",
    (DuckDbServer, "end"): "close",
    (Conversation, "parts"): "run",
}


class Clock:
    """The time of the engine, which can be moved."""

    def __init__(self) -> None:
        self._real, self._ahead = time.monotonic, 0.0

    def __call__(self) -> float:
        return self._real() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class Block:
    """Stands in for a call: whoever makes it waits until the test is over, and makes it then."""

    def __init__(self, call: Callable[..., Any], on_reached: Callable[[], None] = lambda: None) -> None:
        self.reached, self.let_go = threading.Event(), threading.Event()
        self._call, self._on_reached = call, on_reached

    def make(self, *arguments: Any, **more: Any) -> Any:
        """The call."""
        if not self.reached.is_set():
            self.reached.set()
            self._on_reached()
        self.let_go.wait()
        return self._call(*arguments, **more)


def put(patch: pytest.MonkeyPatch, kind: type, name: str, on_reached: Callable[[], None]) -> Block:
    """Block a method or a property of a class."""
    original = getattr(kind, name)
    if isinstance(original, property):
        assert original.fget is not None
        block = Block(original.fget, on_reached)
        patch.setattr(kind, name, property(lambda *arguments: block.make(*arguments)))
    else:
        block = Block(original, on_reached)
        patch.setattr(kind, name, lambda *arguments, **more: block.make(*arguments, **more))
    return block


class LastingPool(WorkerPool):
    """Outlives the engines that use it."""

    def close(self) -> None:
        """Nothing yet."""

    def end(self) -> None:
        super().close()


@pytest.fixture(scope="module")
def pool() -> Iterator[LastingPool]:
    made = LastingPool("landlock")
    yield made
    made.end()


@pytest.fixture
def server() -> Iterator[ConnectServer]:
    made = ConnectServer()
    yield made
    made.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that can be moved; what waits without one waits half a second."""
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    monkeypatch.setattr(closing, "_CANCEL_SECONDS", 0.1)
    monkeypatch.setattr(closing, "_END_SECONDS", 0.5)
    monkeypatch.setattr(dataset_module, "_RELEASE_SECONDS", 0.5)
    monkeypatch.setattr(stopping_module, "GRACE_SECONDS", 0.2)
    return made


def calls_of(kind: type) -> set[str]:
    """What can be called of a class, or read: everything public that is not data."""
    return {
        name
        for name, value in inspect.getmembers(kind)
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    }


@pytest.mark.parametrize("table", [CONNECT, SQL], ids=["connect", "sql"])
def test_every_call_to_a_backend_is_blocked_below(table: dict[tuple[type, str], str]) -> None:
    kinds = {kind for kind, _ in table}
    assert {(kind, name) for kind in kinds for name in calls_of(kind)} == set(table)


def limit_of(run: Run) -> str:
    """The code of the one result, which has no value."""
    (result,) = run.results
    assert result.error is not None, result
    return result.error.code


def outcome(live: LiveRun, meanwhile: Callable[[], None]) -> Run:
    """What becomes of a run, while time goes on."""
    until = time.perf_counter() + 60
    while time.perf_counter() < until:
        with contextlib.suppress(TimeoutError):
            return live.result(0.05)
        meanwhile()
    raise AssertionError("the run does not end")


class Scene:
    """An engine one call of whose backend blocks."""

    def __init__(self, clock: Clock, kind: type, name: str, where: str) -> None:
        self.where = where
        self._clock = clock
        self._patch = pytest.MonkeyPatch()
        jump = 0.0 if where == "start" else _AHEAD
        self.block = put(self._patch, kind, name, lambda: clock.advance(jump))

    def heal(self) -> None:
        """Later calls are ordinary ones; the blocked one still blocks."""
        self._patch.undo()

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()
        self.block.let_go.set()

    def play(self, engine: Engine, source: str, rows: Dataset) -> None:
        """Run a metric, and see that it ends as it should."""
        if self.where == "start":  # it blocks the engine's own start in the background as well
            live = engine.submit(source, rows)
            with pytest.raises(BackendStartError):
                outcome(live, lambda: self._clock.advance(_AHEAD))
        elif self.where == "release":
            assert engine.evaluate(source, rows).overall.value == ANSWER
        else:
            assert limit_of(engine.evaluate(source, rows)) == "limit-wall-seconds"
        assert self.block.reached.wait(60)  # a query may be stopped while nobody waits for that


@pytest.mark.parametrize(
    ("kind", "name", "where"),
    [
        pytest.param(kind, name, where, id=f"{kind.__name__}.{name}")
        for (kind, name), where in CONNECT.items()
        if where not in ("never", "close")
    ],
)
def test_a_run_ends_and_the_next_one_is_right(
    clock: Clock,
    pool: LastingPool,
    server: ConnectServer,
    kind: type,
    name: str,
    where: str,
) -> None:
    rows = Dataset("shop.orders")
    server.lost = where == "lost"
    if where == "stop":
        server.hangs = frozenset({"ExecutePlan"})
        server.on_call = lambda method: clock.advance(301.0)  # past the run's deadline, and no further
    with Scene(clock, kind, name, where) as scene, Engine(server.address, pool=pool, workers=1) as engine:
        scene.play(engine, COUNT, rows)
        scene.heal()
        server.lost, server.hangs = False, frozenset()
        assert engine.evaluate(COUNT, rows).overall.value == ANSWER


@pytest.mark.parametrize("method", ["ExecutePlan", "AnalyzePlan", "Config"])
def test_a_server_that_does_not_answer_ends_runs_and_a_better_one_goes_on(
    clock: Clock, pool: LastingPool, server: ConnectServer, method: str
) -> None:
    server.hangs = frozenset({method})
    server.on_call = lambda method: clock.advance(301.0)
    with Engine(server.address, pool=pool, workers=1) as engine:
        assert limit_of(engine.evaluate(COUNT, Dataset("t"))) == "limit-wall-seconds"
        server.hangs = frozenset()
        assert engine.evaluate(COUNT, Dataset("t")).overall.value == ANSWER


def test_a_cancel_ends_a_run_whose_call_blocks(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, pool: LastingPool, server: ConnectServer
) -> None:
    block = put(monkeypatch, ConnectSession, "execute", lambda: None)
    with Engine(server.address, pool=pool, workers=1) as engine:
        live = engine.submit(COUNT, Dataset("t"), limits=Limits(wall_seconds=1e6, frame_seconds=1e6))
        assert block.reached.wait(60)
        live.cancel()
        run = outcome(live, lambda: clock.advance(11.0))  # a little more than stopping may take
        assert run.overall.status == "cancelled"
        block.let_go.set()


@pytest.mark.parametrize("declared", ["", " -> dict[str, float]"])
def test_a_frame_that_ends_as_its_run_is_given_up_has_the_limit(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, pool: LastingPool, server: ConnectServer, declared: str
) -> None:
    """Giving up ends the worker, which ends the frame: that must not be told as a cancel of the caller's."""
    serving, counted, noted = threading.Event(), threading.Event(), threading.Event()
    serve, note, cancel = Gateway._serve, Collector.note, Dispatcher.cancel

    def say_and_serve(self: Gateway, *arguments: Any) -> Any:
        later = Deadline(self._context.deadline.at + 10 * _AHEAD)
        self._context = replace(self._context, deadline=later)  # as if it slept while the time passed
        serving.set()
        return serve(self, *arguments)

    def note_and_say(self: Collector, *arguments: Any) -> None:
        note(self, *arguments)
        noted.set()

    def look(progress: Progress) -> None:
        if progress.stage == "calculating":
            counted.set()

    def cancel_and_wait(self: Dispatcher) -> None:
        cancel(self)
        assert noted.wait(60)

    monkeypatch.setattr(Gateway, "_serve", say_and_serve)
    monkeypatch.setattr(Collector, "note", note_and_say)
    monkeypatch.setattr(Dispatcher, "cancel", cancel_and_wait)
    with Engine(server.address, pool=pool, workers=1) as engine:
        endless = f"def calc_metric(df){declared}:\n    while True:\n        pass\n"
        live = engine.submit(endless, Dataset("t"), on_progress=look)
        assert serving.wait(60) and counted.wait(60)
        clock.advance(_AHEAD)
        assert limit_of(live.result()) == "limit-wall-seconds"
        assert list(live) == list(live.result().results), "each is told once"


def test_planning_ends_when_a_call_blocks(clock: Clock, pool: LastingPool, server: ConnectServer) -> None:
    with (
        Scene(clock, ConnectSession, "analyze", "run"),
        Engine(server.address, pool=pool, workers=1) as engine,
        pytest.raises(LimitExceeded),
    ):
        engine.plan(COUNT, Dataset("t"))


@pytest.mark.parametrize("name", ["analyze", "execute"])
def test_many_metrics_end_together_when_a_call_blocks(
    clock: Clock, pool: LastingPool, server: ConnectServer, name: str
) -> None:
    with (
        Scene(clock, ConnectSession, name, "run") as scene,
        Engine(server.address, pool=pool, workers=1) as engine,
    ):
        together = Pending(lambda: engine.evaluate_many({"one": COUNT, "two": COUNT}, Dataset("t")), "many")
        assert scene.block.reached.wait(60)
        while not together.done.wait(0.05):  # the second one's time may begin later than the first one's
            clock.advance(_AHEAD)
        assert [limit_of(run) for run in together.result().values()] == ["limit-wall-seconds"] * 2


@pytest.mark.parametrize(
    ("kind", "name"), [one for one, where in CONNECT.items() if where == "close"], ids=str
)
def test_closing_ends_when_a_call_blocks(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    pool: LastingPool,
    server: ConnectServer,
    kind: type,
    name: str,
) -> None:
    engine = Engine(server.address, pool=pool, workers=1)
    assert engine.evaluate(COUNT, Dataset("t")).overall.value == ANSWER
    with monkeypatch.context() as patch:
        block = put(patch, kind, name, lambda: None)
        engine.close()
    assert block.reached.is_set()
    block.let_go.set()


def test_a_session_tells_a_server_that_has_forgotten_it(pool: LastingPool, server: ConnectServer) -> None:
    backend = Remote(server.address)
    session = backend.open_session()
    plan = pb.Plan(root=pb.Relation(range=pb.Range(start=0, end=1, step=1)))
    assert list(session.execute(plan, UNBOUNDED))
    server.server_session = "second"  # it was restarted, and would make a session without our settings
    server.settings.clear()
    with pytest.raises(BackendLost):
        list(session.execute(plan, UNBOUNDED))
    assert list(session.execute(plan, UNBOUNDED))
    assert "spark.sql.session.timeZone" in next(iter(server.settings.values()))
    session.close()
    backend.close()


def test_a_caller_that_does_not_come_back_from_on_progress_keeps_no_run(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, pool: LastingPool, server: ConnectServer
) -> None:
    monkeypatch.setattr(live_module, "_TELL_SECONDS", 0.5)
    let_go = threading.Event()

    def stay(progress: Progress) -> None:
        if progress.stage == "calculating":
            clock.advance(_AHEAD)
            let_go.wait()

    with Engine(server.address, pool=pool, workers=1) as engine:
        assert engine.evaluate(COUNT, Dataset("t"), on_progress=stay).report.seconds > 0
        let_go.set()


@pytest.fixture(scope="module")
def snow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blocked") / "rows.parquet"
    pq.write_table(pa.table({"n": range(ANSWER)}), path)
    return path


@pytest.mark.slow  # each starts a process
@pytest.mark.parametrize(
    ("kind", "name", "where"),
    [
        pytest.param(kind, name, where, id=f"{kind.__name__}.{name}")
        for (kind, name), where in SQL.items()
        if where not in ("never", "close")
    ],
)
def test_a_run_on_duckdb_ends_and_the_next_one_is_right(
    clock: Clock,
    pool: LastingPool,
    snow_file: Path,
    kind: type,
    name: str,
    where: str,
) -> None:
    rows = Dataset(snow_file)
    with (
        Scene(clock, kind, name, where) as scene,
        Engine("duckdb", roots=(snow_file.parent,), pool=pool, workers=1) as engine,
    ):
        scene.play(engine, DESCRIBE, rows)
        scene.heal()
        assert engine.evaluate(DESCRIBE, rows).overall.value == ANSWER
