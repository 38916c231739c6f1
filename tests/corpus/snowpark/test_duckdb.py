"""Every metric of the Snowpark corpus on DuckDB: the numbers of pandas on all frames, shared and not."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine
from engine.pool.pool import WorkerPool
from tests.corpus.snowpark.bench import (
    APART,
    NAMES,
    QUICK,
    Results,
    SnowBench,
    assert_apart_as_expected,
    assert_as_expected,
)
from tests.tiers import slow_one_in


@pytest.fixture(scope="module")
def bench(
    tmp_path_factory: pytest.TempPathFactory, table: pa.Table, worker_pool: WorkerPool
) -> Iterator[SnowBench]:
    folder = tmp_path_factory.mktemp("snowpark")
    pq.write_table(table, folder / "payments.parquet")
    with Engine("duckdb", roots=(folder,), pool=worker_pool) as engine:
        yield SnowBench(engine, Dataset(folder / "payments.parquet", timestamp="ts"))


@pytest.mark.parametrize("name", slow_one_in(2, NAMES, quick=QUICK))
def test_duckdb_gives_the_numbers_of_pandas(name: str, shared: Results, table: pa.Table) -> None:
    assert_as_expected(name, shared[name], table)


@pytest.mark.parametrize("names", APART)
def test_frames_that_ask_for_themselves_get_the_same(
    names: list[str], bench: SnowBench, table: pa.Table
) -> None:
    assert_apart_as_expected(names, bench, table)
