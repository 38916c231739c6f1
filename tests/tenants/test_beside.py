"""Two runs at a time, one hostile and one honest: the honest one's results are those that it has alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine import Dataset, Engine, Limits
from engine.backends.local.generation import Generation
from engine.backends.local.process import ServerProcess
from engine.backends.native.backend import NativeSpark
from engine.runs.servers import ServerPerTenant
from tests.backends.little import little_spark
from tests.engine.support import metric
from tests.tenants.honest import BY_KIND, HONEST, told
from tests.tiers import all_but
from tests.waiting import wait_until

_MIB = 1 << 20
HOSTILE = {
    "loops": "while True:\n    pass",
    "memory": "held = []\nwhile True:\n    held.append(b'x' * 10**7)",
    "prints": "while True:\n    print('x' * 10**5)",
    "small queries": "while True:\n    df.count()",
    "fetches": "while True:\n    df.crossJoin(df.select(F.col('n').alias('m'))).limit(10**5).toPandas()",
    "threads and forks": (
        "import os, threading, time\n"
        "def spin():\n    while True:\n        pass\n"
        "for _ in range(50):\n"
        "    try:\n        threading.Thread(target=spin, daemon=True).start()\n"
        "    except RuntimeError:\n        pass\n"
        "    try:\n        os.fork()\n    except OSError:\n        pass\n"
        "spin()"
    ),
}
ENDLESS = Limits(frame_seconds=600, wall_seconds=600)  # of runs that a test cancels
LIMITS = Limits(frame_seconds=8, wall_seconds=12, memory_bytes=512 * _MIB, plans=10**6)


@contextmanager
def beside(engine: Engine, dataset: Dataset, body: str) -> Iterator[None]:
    """A hostile run of another tenant that goes on meanwhile."""
    live = engine.submit(metric(body), dataset, segments=[BY_KIND], limits=LIMITS, tenant="hostile")
    try:
        assert wait_until(lambda: live.progress.stage == "calculating")
        threading.Event().wait(0.3)
        yield
    finally:
        live.cancel()
        live.result(timeout=60)


@pytest.fixture(scope="module")
def alone(shared: Engine, many: Dataset) -> list[Any]:
    run = shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="honest")
    assert [r.status for r in run.results].count("ok") == 24 and len(run.results) == 25
    assert {r.printed for r in run.results if r.frame.segment} == {
        f"from k{k:02} to k{k:02}\n" for k in range(24)
    }
    return told(run)


@pytest.mark.spark
@pytest.mark.parametrize("name", all_but(("fetches", "memory", "prints", "small queries"), HOSTILE))
def test_an_honest_run_is_what_it_is_alone(
    shared: Engine, many: Dataset, alone: list[Any], name: str
) -> None:
    with beside(shared, many, HOSTILE[name]):
        run = shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="honest")
    assert told(run) == alone


@pytest.mark.slow
def test_a_tenant_with_many_runs_waiting_does_not_hold_up_another(shared: Engine, many: Dataset) -> None:
    """Fifty runs that would take minutes, in eight turns; the other tenant's run is done beside them."""
    loop = metric("while True:\n    pass")
    lives = [shared.submit(loop, many, limits=ENDLESS, tenant="hostile") for _ in range(50)]
    try:
        assert wait_until(lambda: any(live.progress.stage == "calculating" for live in lives))
        run = shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="honest")
        assert sum(live.progress.stage == "waiting" for live in lives) >= 40
        assert [r.status for r in run.results].count("ok") == 24
    finally:
        for live in lives:
            live.cancel()
    assert {live.result(timeout=60).overall.status for live in lives} == {"cancelled"}
    limiters = shared._services.limiters
    assert {limiters.runs.held, limiters.calls.held, limiters.queries.held} == {0}


def test_waiting_runs_hold_no_worker(single: Engine, many: Dataset) -> None:
    """Two at a time of one tenant: of the others only the compiled source is left."""
    loop = metric("while True:\n    pass")
    lives = [single.submit(loop, many, limits=ENDLESS, tenant="t") for _ in range(9)]
    try:
        zygote = single._services.pool._zygotes["pyspark"]
        assert wait_until(lambda: len(zygote._workers) <= 3), len(zygote._workers)  # one is a spare
    finally:
        for live in lives:
            live.cancel()
    assert {live.result(timeout=60).overall.status for live in lives} == {"cancelled"}


def processes(servers: ServerPerTenant, tenant: str) -> tuple[ServerProcess | None, Generation | None]:
    """What runs for a tenant: for native answers, and Spark beside them; None for what does not run."""
    backend = servers._servers[tenant].backend
    assert isinstance(backend, NativeSpark)
    duckdb = backend.duckdb._slot.running
    return None if duckdb is None else duckdb.process, backend.spark.generation


@pytest.mark.slow
def test_each_tenant_has_a_server_of_its_own(data_dir: Any, many: Dataset) -> None:
    """What is not answered natively and goes on for ever ends a server: that of this tenant, and no other."""
    endless = metric(
        "far = df.crossJoin(df.select(F.col('n').alias('m')))\n"
        "return far.agg(F.max(F.size(F.array_repeat('n', 2)))).first()[0]"
    )
    counting = metric("return df.count()")
    with little_spark(), Engine("spark", roots=(data_dir,), server_per_tenant=True) as engine:
        assert engine.evaluate(counting, many, tenant="honest").overall.value == 4800.0
        servers = engine._services.servers
        assert isinstance(servers, ServerPerTenant)
        servers._servers["honest"].backend.spark.start()  # type: ignore[attr-defined]
        mine = processes(servers, "honest")
        assert servers.tenants == {"honest"} and None not in mine
        hostile = engine.evaluate(endless, many, tenant="hostile", limits=Limits(frame_seconds=2))
        assert hostile.overall.error is not None and hostile.overall.error.code == "limit-frame-seconds"
        assert servers.tenants == {"honest", "hostile"}
        assert processes(servers, "hostile")[1] is None
        assert engine.evaluate(counting, many, tenant="honest").overall.value == 4800.0
        assert processes(servers, "honest") == mine
