"""A real cluster behind sc://, whose parts are killed: each run ends as promised, and the engine goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql.connect.session import SparkSession

from engine import Dataset, Engine, Limits, SegmentGroup, TimeRange
from engine.errors import BackendLost, BackendStartError
from engine.models.run import Run
from engine.runs.live import LiveRun
from tests.cluster.cluster import WORKERS, Cluster
from tests.engine.conftest import make_table
from tests.engine.support import metric, misbehaving
from tests.servers import SharedPool
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.timeout(600)]

ROWS = 1_600  # a multiple of the files
SUM = metric("return df.agg(F.sum('n')).first()[0]")
# What the clock shows depends on the session's time zone: the cluster's own is not UTC.
HOURS = metric("return df.agg(F.sum(F.hour('at') * 100 + F.minute('at'))).first()[0]")
# Each of these has a stage of so many tasks, by which the server's log tells that it is being computed.
HEAVY_TASKS, ENDLESS_TASKS, DEAF_TASKS = 60, 1_000, 50
# Seconds of work, of which no two frames share anything: 128 for each pair of rows.
HEAVY = metric(
    f"""
    pairs = df.select('n').repartition({HEAVY_TASKS}).crossJoin(df.select(F.col('n').alias('m')))
    return pairs.agg(F.sum(F.length(F.sha2(F.concat('n', 'm').cast('string'), 512)))).first()[0]
    """
)
# A query that nobody sees end, in tasks that do: Spark stops a query between its tasks.
ENDLESS = metric(
    f"""
    one, two = (df.select(F.col('n').alias(name)) for name in 'ab')
    cube = df.select('n').repartition({ENDLESS_TASKS}).crossJoin(one.hint('broadcast'))
    cube = cube.crossJoin(two.hint('broadcast'))
    return cube.agg(F.sum(F.hash('a', 'b', 'n'))).first()[0]
    """
)
# One whose tasks do not end either, nor look up.
_DEAF = f"""
one, two, three = (df.select(F.col('n').alias(name)).hint('broadcast') for name in 'abc')
cube = df.select('n').repartition({DEAF_TASKS}).crossJoin(one).crossJoin(two).crossJoin(three)
return cube.agg(F.sum(F.hash('a', 'b', 'c', 'n'))).first()[0]
"""
DEAF = metric(_DEAF)
DEAF_FOR_B = misbehaving(_DEAF)
# What takes seconds on a quiet machine takes minutes on a busy one.
PATIENT = Limits(frame_seconds=300, wall_seconds=400)
BY_GROUP = SegmentGroup.by_value("g")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all tests; each finds all of its parts running."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> None:
    """Start again what an earlier test has killed."""
    cluster.start()


@pytest.fixture(scope="module")
def engine(cluster: Cluster, worker_pool: SharedPool) -> Iterator[Engine]:
    """One engine for all tests: it outlives what happens to the cluster."""
    with Engine(cluster.address, workers=2, pool=worker_pool) as made:
        yield made


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """The rows that the cluster reads."""
    found: pd.DataFrame = make_table(ROWS).to_pandas()
    return found


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """They as a Parquet file."""
    folder = tmp_path_factory.mktemp("rows")
    for part in range(8):  # so that every executor has something to do
        pq.write_table(make_table(ROWS).slice(part * ROWS // 8, ROWS // 8), folder / f"{part}.parquet")
    return Dataset(str(folder), timestamp="at")


def values(run: Run) -> dict[object, float]:
    """The value of each frame of one segment group by its segment, all of them good; None: the full frame."""
    assert {one.status for one in run.results} == {"ok"}, [one.error for one in run.results]
    return {None if one.frame.segment is None else one.frame.segment.value: one.value for one in run.results}


def check_goes_on(engine: Engine, rows: Dataset, frame: pd.DataFrame) -> None:
    """The engine works, in UTC as ever."""
    clock = frame["at"].dt.hour * 100 + frame["at"].dt.minute
    assert engine.evaluate(HOURS, rows).overall.value == clock.sum()
    assert values(engine.evaluate(SUM, rows, segments=[BY_GROUP])) == sums(frame)


def sums(frame: pd.DataFrame) -> dict[object, float]:
    """What SUM gives."""
    return {None: frame["n"].sum(), **frame.groupby("g")["n"].sum().to_dict()}


def squares(frame: pd.DataFrame) -> dict[object, float]:
    """What HEAVY gives."""
    sizes = {None: len(frame), **frame.groupby("g").size().to_dict()}
    return {key: 128.0 * size**2 for key, size in sizes.items()}


def begin(
    cluster: Cluster, engine: Engine, source: str, rows: Dataset, tasks: int, **options: Any
) -> LiveRun:
    """Submit a run; return once its query with so many tasks is being computed, or it has ended."""
    before = cluster.stages(tasks)
    live = engine.submit(source, rows, **options)
    assert wait_until(lambda: live.done or cluster.stages(tasks) > before)
    return live


def test_numbers_over_files_by_segment_and_by_day_are_right(
    engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    check_goes_on(engine, rows, frame)
    run = engine.evaluate(
        HOURS,
        rows,
        time=TimeRange(dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 3, tzinfo=dt.UTC)),
        every="1d",
    )
    clock = frame["at"].dt.hour * 100 + frame["at"].dt.minute
    days = clock.groupby(frame["at"].dt.date).sum()
    assert [one.value for one in run.results if one.frame.window is not None] == days.tolist()


def test_a_table_of_the_catalogue_is_read_by_its_name(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    session = SparkSession.builder.remote(cluster.address).create()
    try:
        session.sql("CREATE DATABASE IF NOT EXISTS shop")
        session.sql(f"CREATE TABLE IF NOT EXISTS shop.orders USING parquet LOCATION '{rows.source}'")
    finally:
        session.stop()
    run = engine.evaluate(SUM, Dataset("shop.orders", timestamp="at"), segments=[BY_GROUP])
    assert values(run) == sums(frame)


def test_two_hundred_thousand_uploaded_rows(engine: Engine) -> None:
    table = make_table(200_000)
    run = engine.evaluate(SUM, Dataset(table, timestamp="at"), segments=[BY_GROUP])
    assert values(run) == sums(table.to_pandas())


def test_twelve_runs_at_once(engine: Engine, rows: Dataset, frame: pd.DataFrame) -> None:
    with ThreadPoolExecutor(12) as threads:
        runs = [threads.submit(engine.evaluate, SUM, rows, segments=[BY_GROUP]) for _ in range(12)]
        assert all(values(run.result()) == sums(frame) for run in runs)


@pytest.mark.parametrize(("token", "told"), [("wrong", "it refused the token"), (None, "it wants a token")])
def test_a_wrong_token_is_told_as_such(
    cluster: Cluster, worker_pool: SharedPool, rows: Dataset, token: str | None, told: str
) -> None:
    with (
        Engine(cluster.address_with(token), pool=worker_pool) as other,
        pytest.raises(BackendStartError, match=told),
    ):
        other.evaluate(SUM, rows)


def test_limits_end_calls_and_runs_whose_tasks_do_not_heed(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    """Spark itself may go on with a query that is interrupted while it is planned; at 8 s it computes."""
    for field in ("frame_seconds", "wall_seconds"):
        limits = Limits(**{field: 8.0})  # type: ignore[arg-type]
        run = engine.evaluate(DEAF, rows, limits=limits)
        assert run.overall.error is not None and run.overall.error.code == f"limit-{field.replace('_', '-')}"
    assert wait_until(lambda: not cluster.is_computing())
    check_goes_on(engine, rows, frame)


def test_a_cancelled_run_ends_and_its_query_with_it(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    live = begin(cluster, engine, ENDLESS, rows, ENDLESS_TASKS, limits=PATIENT)
    assert not live.done
    live.cancel()
    assert live.result(PATIENCE).overall.status == "cancelled"
    assert wait_until(lambda: not cluster.is_computing())
    check_goes_on(engine, rows, frame)


def test_a_connect_server_that_stands_still_ends_runs_at_their_deadline(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    limits = Limits(wall_seconds=6)
    live = begin(cluster, engine, ENDLESS, rows, ENDLESS_TASKS, limits=limits)
    with cluster.paused("connect"):
        assert live.result().overall.status == "limit"
        assert engine.evaluate(SUM, rows, limits=Limits(wall_seconds=2)).overall.status == "limit"
    assert wait_until(lambda: not cluster.is_computing())
    check_goes_on(engine, rows, frame)


def test_a_run_outlives_an_executor(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    live = begin(cluster, engine, HEAVY, rows, HEAVY_TASKS, segments=[BY_GROUP], limits=PATIENT)
    for executor in cluster.executors(WORKERS[0]):
        executor.kill()
    assert values(live.result()) == squares(frame)


def test_a_run_outlives_a_worker(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    live = begin(cluster, engine, HEAVY, rows, HEAVY_TASKS, segments=[BY_GROUP], limits=PATIENT)
    cluster.kill(WORKERS[1])
    assert values(live.result()) == squares(frame)


def test_a_connect_server_that_dies_in_the_middle_of_a_run_ends_it_and_the_engine_goes_on(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    live = begin(cluster, engine, DEAF_FOR_B, rows, DEAF_TASKS, segments=[BY_GROUP], limits=PATIENT)
    next(iter(live))
    cluster.kill("connect")
    run = live.result()
    expected = sums(frame)
    for one in run.results:
        group = None if one.frame.segment is None else one.frame.segment.value
        if group == "b" or one.status != "ok":
            assert one.status == "backend_error" and one.error is not None
            assert one.error.code == "backend-lost"
        else:
            assert one.value == expected[group]
    assert "ok" in {one.status for one in run.results}
    cluster.start()
    check_goes_on(engine, rows, frame)


def test_a_connect_server_that_dies_while_nothing_runs(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    check_goes_on(engine, rows, frame)
    cluster.kill("connect")
    with pytest.raises(BackendLost):
        engine.evaluate(SUM, rows, limits=Limits(wall_seconds=30))
    cluster.start()
    check_goes_on(engine, rows, frame)


def test_a_run_outlives_the_master(
    cluster: Cluster, engine: Engine, rows: Dataset, frame: pd.DataFrame
) -> None:
    live = begin(cluster, engine, HEAVY, rows, HEAVY_TASKS, segments=[BY_GROUP], limits=PATIENT)
    cluster.kill("master")
    assert values(live.result()) == squares(frame)
    check_goes_on(engine, rows, frame)
