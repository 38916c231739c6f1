"""Every metric of the Snowpark corpus on DuckDB: the numbers of pandas on all frames, shared and not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine
from tests.corpus.snowpark.bench import SnowBench, assert_as_expected, make_flat_table, metric_paths

NAMES = sorted(metric_paths())
Results = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return make_flat_table()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, table: pa.Table) -> Iterator[SnowBench]:
    folder = tmp_path_factory.mktemp("snowpark")
    pq.write_table(table, folder / "payments.parquet")
    with Engine("duckdb", roots=(folder,)) as engine:
        yield SnowBench(engine, Dataset(folder / "payments.parquet", timestamp="ts"))


@pytest.fixture(scope="module")
def shared(bench: SnowBench) -> Results:
    """All metrics, with questions shared between frames."""
    return bench.compute(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_duckdb_gives_the_numbers_of_pandas(name: str, shared: Results, table: pa.Table) -> None:
    assert_as_expected(name, shared[name], table)


@pytest.mark.parametrize(
    "names", [NAMES[::4], pytest.param([*NAMES[1::4], *NAMES[2::4], *NAMES[3::4]], marks=pytest.mark.slow)]
)
def test_frames_that_ask_for_themselves_get_the_same(
    names: list[str], bench: SnowBench, table: pa.Table
) -> None:
    for name, results in bench.compute(names, fuse=False).items():
        assert_as_expected(name, results, table)
