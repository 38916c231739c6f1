"""Metrics of the corpus and of the examples give the same natively and on Spark, shared and alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine import Dataset, Engine, SegmentGroup
from engine.backends.spark.backend import LocalSpark
from tests.corpus.frames import HERE, metric_paths, write_corpus_data
from tests.servers import engine_on
from tests.tiers import slow_one_in

_COMPARED = ("segment", "status", "rows", "value")
_EXAMPLES = sorted((HERE.parents[1] / "examples").glob("*.py"))
_METRICS = [path for path in _EXAMPLES if "def calc_metric" in path.read_text()]


@pytest.fixture(scope="module")
def spark(spark_backend: LocalSpark, shared_options: Mapping[str, Any]) -> Iterator[Engine]:
    with engine_on(spark_backend, **shared_options) as engine:
        yield engine


@pytest.fixture(scope="module")
def corpus(data_dir: Path) -> Dataset:
    folder = data_dir / "corpus-both-ways"
    folder.mkdir(exist_ok=True)
    return Dataset(write_corpus_data(folder), timestamp="ts")


@pytest.fixture(scope="module")
def payments(data_dir: Path) -> Dataset:
    folder = data_dir / "examples-both-ways"
    folder.mkdir(exist_ok=True)
    path = folder / "payments.parquet"
    path.write_bytes((HERE.parents[1] / "examples" / "payments.parquet").read_bytes())
    return Dataset(path, timestamp="ts")


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(8, sorted(metric_paths())))
def test_metrics_of_the_corpus_that_share_nothing(name: str, native_engine: Engine, corpus: Dataset) -> None:
    """What they give while they share is shown beside the corpus to be what plain PySpark gives."""
    source = metric_paths()[name].read_text()
    segments = [
        SegmentGroup.by_value("country", values=["DE", None]),
        SegmentGroup.by_buckets("age", [25, 40]),
    ]
    shared, alone = (
        native_engine.evaluate(source, corpus, segments=segments, fuse=fuse).results for fuse in (True, False)
    )
    for one, other in zip(shared, alone, strict=True):
        assert_alike(one.to_dict(), other.to_dict(), 1e-9)


@pytest.mark.spark
@pytest.mark.parametrize("path", slow_one_in(3, _METRICS), ids=lambda path: path.stem)
def test_examples(path: Path, native_engine: Engine, spark: Engine, payments: Dataset) -> None:
    segments = [SegmentGroup.by_value("country"), SegmentGroup.by_buckets("age", [20, 40, 60])]
    runs = [
        engine.evaluate(path.read_text(), payments, segments=segments, fuse=fuse)
        for engine in (spark, native_engine)
        for fuse in (True, False)
    ]
    assert runs[0].results
    for run in runs[1:]:
        for one, other in zip(runs[0].results, run.results, strict=True):
            assert_alike(one.to_dict(), other.to_dict(), 1e-12)


def assert_alike(one: dict[str, Any], other: dict[str, Any], tolerance: float) -> None:
    """Compare two results but for the order of summation."""
    first, second = ({name: each[name] for name in _COMPARED} for each in (one, other))
    if first["value"] is not None:
        first["value"] = pytest.approx(first["value"], rel=tolerance, abs=1e-12, nan_ok=True)
    assert second == first
