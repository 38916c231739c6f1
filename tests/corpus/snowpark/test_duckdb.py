"""Every metric of the Snowpark corpus on DuckDB: the numbers of pandas on all frames, shared and not."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine
from tests.corpus.snowpark.bench import SnowBench, assert_as_expected, make_flat_table, metric_paths

NAMES = sorted(metric_paths())


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return make_flat_table()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, table: pa.Table) -> Iterator[SnowBench]:
    folder = tmp_path_factory.mktemp("snowpark")
    pq.write_table(table, folder / "payments.parquet")
    with Engine("duckdb", roots=(folder,)) as engine:
        yield SnowBench(engine, Dataset(folder / "payments.parquet", timestamp="ts"))


@pytest.mark.parametrize("name", NAMES)
def test_duckdb_gives_the_numbers_of_pandas(name: str, bench: SnowBench, table: pa.Table) -> None:
    assert_as_expected(name, bench.compute(name), table)


@pytest.mark.parametrize("name", [*NAMES[::4], *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES)])
def test_frames_that_ask_for_themselves_get_the_same(name: str, bench: SnowBench, table: pa.Table) -> None:
    assert_as_expected(name, bench.compute(name, fuse=False), table)
