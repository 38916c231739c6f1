"""Every metric of the corpus through the product: the numbers of plain PySpark, on all seven frames.

Each metric is two runs: one over the whole time with three segment groups, one over the last week.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine import Dataset, Engine, SegmentGroup, TimeRange
from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from tests.corpus.expected import load_expected
from tests.corpus.frames import AS_OF, FRAMES, SEGMENTS, WEEK_AGO, metric_paths, write_corpus_data
from tests.servers import engine_on
from tests.tiers import slow_one_in

EXPECTED = load_expected()
NAMES = sorted(metric_paths())

# By default every tenth metric that is answered natively.
ON_SPARK = {"above_own_mean", "string_cleaning"}
QUICK = [name for name in NAMES[::10] if name not in ON_SPARK]


@dataclass(frozen=True, slots=True)
class Bench:
    """An engine, and the dataset that it may read."""

    engine: Engine
    dataset: Dataset

    def compute(self, name: str) -> dict[str, dict[str, Any]]:
        """The JSON result of each of the seven frames."""
        source = metric_paths()[name].read_text()
        whole = self.engine.evaluate(source, self.dataset, segments=list(SEGMENTS))
        week = self.engine.evaluate(source, self.dataset, time=TimeRange(WEEK_AGO, AS_OF))
        results: list[dict[str, Any]] = [result.to_dict() for result in whole.results]
        found = {_key(result["segment"]): result for result in results}
        return {
            frame.name: week.overall.to_dict() if frame.last_week else found[frame.segment]
            for frame in FRAMES
        }


def _key(segment: dict[str, Any] | None) -> tuple[str, str | None] | None:
    return None if segment is None else (segment["group"], segment["value"])


@pytest.fixture(scope="module")
def dataset(data_dir: Path) -> Dataset:
    folder = data_dir / "corpus"
    folder.mkdir(exist_ok=True)
    return Dataset(write_corpus_data(folder), timestamp="ts")


@pytest.fixture(scope="module")
def spark(spark_backend: LocalSpark, dataset: Dataset, shared_options: Mapping[str, Any]) -> Iterator[Bench]:
    with engine_on(spark_backend, **shared_options) as engine:
        yield Bench(engine, dataset)


@pytest.fixture(scope="module")
def native(
    native_backend: NativeSpark, dataset: Dataset, shared_options: Mapping[str, Any]
) -> Iterator[Bench]:
    with engine_on(native_backend, **shared_options) as engine:
        yield Bench(engine, dataset)


def assert_as_expected(result: dict[str, Any], want: dict[str, Any], rows: int, tolerance: float) -> None:
    """Compare one result with the outcome that plain PySpark had."""
    assert result["rows"] == rows
    outcome = want.get("outcome")
    if outcome is None:
        assert result["status"] == "ok", result
        assert math.isclose(result["value"], want["value"], rel_tol=tolerance, abs_tol=1e-12), result
        return
    assert result["value"] is None
    if outcome == "invalid" or (outcome == "none" and rows):
        assert result["status"] == "invalid_output", result
    elif rows == 0:
        assert result["status"] == "no_data", result
    elif outcome == "nan":
        assert result["status"] == "nan", result
    else:
        assert result["status"] == "raised", result
        assert want["type"] in result["error"]["message"]


def assert_all_as_expected(name: str, results: dict[str, dict[str, Any]]) -> None:
    """Compare all seven frames of a metric."""
    entry = EXPECTED["metrics"][name]
    for frame, rows in EXPECTED["frames"].items():
        assert_as_expected(results[frame], entry["frames"][frame], rows, entry["tolerance"])


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(12, NAMES))
def test_spark_gives_the_numbers_of_plain_pyspark(name: str, spark: Bench) -> None:
    assert_all_as_expected(name, spark.compute(name))


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(3, NAMES, quick=QUICK))
def test_native_answers_give_the_numbers_of_plain_pyspark(name: str, native: Bench) -> None:
    assert_all_as_expected(name, native.compute(name))


# Frames enough that every way to share a query is taken; on Spark, where a frame that shares nothing takes a
# second, one or two of every kind.
MANY = (
    SegmentGroup.by_value("country"),
    SegmentGroup.by_value("plan"),
    SegmentGroup.by_buckets("age", [18, 25, 40, 65], outer=True),
    SegmentGroup.by_terms({"young": "age < 30", "business": "plan = 'business'"}),
)
FEW = (
    SegmentGroup.by_value("country", values=["DE", None]),
    SegmentGroup.by_value("plan", top=1),
    SegmentGroup.by_buckets("age", [25, 40]),
    SegmentGroup.by_terms({"young": "age < 30"}),
)


def assert_both_ways_agree(name: str, bench: Bench, groups: Sequence[SegmentGroup]) -> None:
    """Compare the frames of a run that shares queries with those of one that does not."""
    source = metric_paths()[name].read_text()
    fused, apart = (
        bench.engine.evaluate(source, bench.dataset, segments=groups, fuse=fuse) for fuse in (True, False)
    )
    tolerance = max(EXPECTED["metrics"][name]["tolerance"], 1e-8)
    for one, other in zip(fused.results, apart.results, strict=True):
        assert (one.frame, one.rows, one.status) == (other.frame, other.rows, other.status)
        assert one.value == pytest.approx(other.value, rel=tolerance, abs=1e-12, nan_ok=True), one.frame


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(6, NAMES[4::4]))
def test_both_ways_agree_natively(name: str, native: Bench) -> None:
    assert_both_ways_agree(name, native, MANY)


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(6, NAMES[::7]))
def test_both_ways_agree_on_spark(name: str, spark: Bench) -> None:
    assert_both_ways_agree(name, spark, FEW)
