"""Two runs at a time, one hostile and one honest: the honest one's results are those that it has alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine import Dataset, Engine, Limits, SegmentGroup
from engine.models.run import Run
from tests.engine.support import metric
from tests.waiting import wait_until

pytestmark = pytest.mark.sail

_MIB = 1 << 20
BY_KIND = SegmentGroup.by_value("kind")
# One number for each frame, texts that differ between frames, and an error on some.
HONEST = metric(
    "found = df.agg(F.sum('n').alias('s'), F.min('kind').alias('lo'), F.max('kind').alias('hi')).first()\n"
    "print('from', found['lo'], 'to', found['hi'])\n"
    "if found['lo'] == found['hi'] == 'k07':\n"
    "    raise ValueError('not this one: ' + found['lo'])\n"
    "values = df.select('n').toPandas()['n']\n"
    "assert values.sum() == found['s']\n"
    "return values.mean() + np.random.default_rng().random()"
)
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
LIMITS = Limits(frame_seconds=8, wall_seconds=12, memory_bytes=512 * _MIB, plans=10**6)


def told(run: Run) -> list[Any]:
    """All that a caller learns, but times."""
    return [(r.frame, r.status, r.value, r.rows, r.printed, r.error) for r in run.results]


@contextmanager
def beside(engine: Engine, dataset: Dataset, body: str) -> Iterator[None]:
    """A hostile run of another tenant that goes on meanwhile."""
    live = engine.submit(metric(body), dataset, segments=[BY_KIND], limits=LIMITS, tenant="hostile")
    try:
        assert wait_until(lambda: live.progress.stage == "calculating", 20)
        threading.Event().wait(0.3)
        yield
    finally:
        live.cancel()
        live.result(timeout=20)


@pytest.fixture(scope="module")
def alone(shared: Engine, many: Dataset) -> list[Any]:
    run = shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="honest")
    assert [r.status for r in run.results].count("ok") == 24 and len(run.results) == 25
    assert {r.printed for r in run.results if r.frame.segment} == {
        f"from k{k:02} to k{k:02}\n" for k in range(24)
    }
    return told(run)


@pytest.mark.parametrize("name", HOSTILE)
def test_an_honest_run_is_what_it_is_alone(
    shared: Engine, many: Dataset, alone: list[Any], name: str
) -> None:
    with beside(shared, many, HOSTILE[name]):
        run = shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="honest")
    assert told(run) == alone


def test_a_tenant_with_many_runs_waiting_does_not_hold_up_another(shared: Engine, many: Dataset) -> None:
    """Fifty runs that would take minutes, in eight turns; the other tenant's run is done beside them."""
    loop = metric("while True:\n    pass")
    lives = [shared.submit(loop, many, limits=LIMITS, tenant="hostile") for _ in range(50)]
    try:
        assert wait_until(lambda: any(live.progress.stage == "calculating" for live in lives), 20)
        run = shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="honest")
        assert sum(live.progress.stage == "waiting" for live in lives) >= 40
        assert [r.status for r in run.results].count("ok") == 24
    finally:
        for live in lives:
            live.cancel()
    assert {live.result(timeout=20).overall.status for live in lives} == {"cancelled"}
    assert shared._gates.runs.held == shared._gates.calls.held == shared._gates.queries.held == 0


def test_waiting_runs_hold_no_worker(single: Engine, many: Dataset) -> None:
    """Two at a time of one tenant: of the others only the compiled source is left."""
    loop = metric("while True:\n    pass")
    lives = [single.submit(loop, many, limits=LIMITS, tenant="t") for _ in range(9)]
    try:
        zygote = single._pool._zygotes["spark"]
        assert wait_until(lambda: len(zygote._workers) <= 3, 5), len(zygote._workers)  # one is a spare
    finally:
        for live in lives:
            live.cancel()
    assert {live.result(timeout=20).overall.status for live in lives} == {"cancelled"}


def test_each_tenant_has_a_server_of_its_own(data_dir: Any, many: Dataset) -> None:
    cross = metric(
        "far = df.select('n')\n"
        "for number in range(3):\n"
        "    far = far.crossJoin(df.select(F.col('n').alias('n' + str(number))))\n"
        "return far.agg(F.sum(F.sin('n') * F.sin('n0') * F.sin('n1') * F.sin('n2'))).first()[0]"
    )
    with Engine("sail", roots=(data_dir,), workers=2, server_per_tenant=True) as engine:
        honest = engine.submit(metric("return df.count()"), many, tenant="honest")
        assert honest.result(timeout=30).overall.value == 4800.0
        mine = engine._servers._servers["honest"].backend.generation
        assert engine._servers.tenants == {"honest"}
        # Sail stops a query by ending its server: that of this tenant, and no other.
        hostile = engine.evaluate(cross, many, tenant="hostile", limits=Limits(frame_seconds=1))
        assert hostile.overall.error is not None and hostile.overall.error.code == "limit-frame-seconds"
        assert engine._servers.tenants == {"honest", "hostile"}
        assert engine._servers._servers["hostile"].backend.generation is None
        assert engine.evaluate(metric("return df.count()"), many, tenant="honest").overall.value == 4800.0
        assert engine._servers._servers["honest"].backend.generation is mine
