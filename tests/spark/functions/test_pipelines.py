"""Random pipelines give the same with functions of the author as with Spark's own in their place."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, SegmentGroup
from tests.servers import NATIVE_DEEP, engine_on
from tests.spark.functions.pipelines import BY_AUTHOR, BY_SPARK, TABLE, Pipelines, source
from tests.tiers import DEEP

_IN_ONE_CALL = 20


@pytest.fixture(scope="session")
def data(data_dir: Path) -> Path:
    folder = data_dir / "pipelines"
    folder.mkdir()
    pq.write_table(TABLE, folder / "rows.parquet")
    return folder / "rows.parquet"


@pytest.fixture
def engine(shared_server, shared_options):
    with engine_on(shared_server, **shared_options) as made:
        yield made


def printed(engine: Engine, data: Path, functions: str, pipelines: list[str]) -> dict[str, list[str]]:
    """What each frame prints, by its segment."""
    run = engine.evaluate(
        source(functions, pipelines), Dataset(str(data)), segments=[SegmentGroup.by_value("country")]
    )
    assert all(result.status == "ok" for result in run.results), run.results
    return {str(result.frame.segment): result.printed.splitlines() for result in run.results}


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("shared_server", NATIVE_DEEP, indirect=True)
@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=DEEP) for first in range(20, 1_000, 20))])
def test_functions_of_the_author_are_as_spark_s_own(engine, data, first):
    pipelines = [Pipelines(seed).draw() for seed in range(first, first + _IN_ONE_CALL)]
    mine, wanted = (printed(engine, data, functions, pipelines) for functions in (BY_AUTHOR, BY_SPARK))
    assert wanted["None"] and not any(line.startswith("raised") for line in wanted["None"])
    for segment, lines in wanted.items():
        told = zip(pipelines, mine[segment], lines, strict=True)
        assert [(one, got, line) for one, got, line in told if got != line] == [], segment
