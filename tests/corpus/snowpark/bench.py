"""What the Snowpark corpus runs on: the corpus dataset without its nested columns, and its frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from engine import Dataset, Engine, SegmentGroup, TimeRange
from engine.models.run import Run
from tests.corpus import frames
from tests.corpus.formulas import FORMULAS
from tests.corpus.frames import AS_OF, FRAMES, WEEK_AGO, make_corpus_table
from tests.tiers import DEEP

HERE = Path(__file__).parent
NESTED = ("tags", "device", "attrs", "payload", "note")
SEGMENTS = (
    SegmentGroup.by_value("country", values=["DE", None, "ZZ"]),
    SegmentGroup.where("business", "plan = 'business'"),
    SegmentGroup.by_buckets("age", [25, 40]),
)
# Second moments and what is divided by a difference; see `engine.spark.fusion`.
TOLERANCE = 1e-8
# By metric, then by frame.
Results = dict[str, dict[str, dict[str, Any]]]


def metric_paths() -> dict[str, Path]:
    """The metrics, by name: those of the corpus in Snowpark's style."""
    return frames.metric_paths(HERE)


NAMES = sorted(metric_paths())
# By default a part of the metrics, of which the second has no shared queries.
QUICK = NAMES[::4]
APART = (NAMES[::9], pytest.param([name for name in NAMES if name not in NAMES[::9]], marks=DEEP))


def make_flat_table() -> pa.Table:
    """The corpus dataset without nested columns and long texts."""
    return make_corpus_table().drop_columns(list(NESTED))


@dataclass(frozen=True, slots=True)
class SnowBench:
    """An engine, and the dataset that it may read."""

    engine: Engine
    dataset: Dataset

    def compute(self, names: Sequence[str], *, fuse: bool = True) -> Results:
        """The JSON results of metrics, on each of the seven frames."""
        sources = {name: metric_paths()[name].read_text() for name in names}
        whole = self.engine.evaluate_many(sources, self.dataset, segments=list(SEGMENTS), fuse=fuse)
        week = self.engine.evaluate_many(sources, self.dataset, time=TimeRange(WEEK_AGO, AS_OF), fuse=fuse)
        return {
            name: _by_frame(*pair) for name, *pair in zip(names, whole.values(), week.values(), strict=True)
        }


def _by_frame(whole: Run, week: Run) -> dict[str, dict[str, Any]]:
    results: list[dict[str, Any]] = [result.to_dict() for result in whole.results]
    found = {_key(result["segment"]): result for result in results}
    return {
        frame.name: week.overall.to_dict() if frame.last_week else found[frame.segment] for frame in FRAMES
    }


def expected(name: str, table: pa.Table) -> dict[str, tuple[int, float]]:
    """Rows and number of each frame that has rows, by pandas."""
    rows = table.to_pandas()
    parts = {frame.name: rows[frame.mask(rows)] for frame in FRAMES}
    return {where: (len(part), _number(name, part)) for where, part in parts.items() if len(part)}


def assert_apart_as_expected(names: Sequence[str], bench: SnowBench, table: pa.Table) -> None:
    """Compare all frames of metrics, each of which asks for itself."""
    for name, results in bench.compute(names, fuse=False).items():
        assert_as_expected(name, results, table)


def assert_as_expected(name: str, results: dict[str, dict[str, Any]], table: pa.Table) -> None:
    """Compare all frames with what pandas gives; the empty one has no data, or a count of nought."""
    for where, (rows, value) in expected(name, table).items():
        result = results[where]
        assert result["rows"] == rows, (where, result)
        if math.isnan(value):
            assert result["status"] in ("nan", "raised", "invalid_output"), (where, result)
        else:
            assert result["status"] == "ok", (where, result)
            assert math.isclose(result["value"], value, rel_tol=TOLERANCE, abs_tol=1e-12), (
                where,
                result,
                value,
            )
    empty = results["empty"]
    assert empty["rows"] == 0
    assert empty["status"] == "no_data" or empty["value"] == 0, empty


def _number(name: str, part: pd.DataFrame) -> float:
    return float(FORMULAS[name](part))


def _key(segment: dict[str, Any] | None) -> tuple[str, str | None] | None:
    return None if segment is None else (segment["group"], segment["value"])
