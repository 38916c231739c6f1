"""Snowpark metrics of two frames on DuckDB: numbers by segment and window, and what they cannot see."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Baseline, Dataset, Engine, SegmentGroup, TimeRange
from engine.models.frame import Segment
from engine.models.layers import Layers
from tests.snowflake.metrics.support import metric

GROUPS = (SegmentGroup.by_value("g", top=2), SegmentGroup.by_buckets("n", [0, 100, 200, 300]))
START, END = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (2, 5))
SPAN = TimeRange(START, END)


def two(body: str) -> str:
    """A metric of two frames with this body."""
    return metric(body).replace("def calc_metric(df)", "def calc_metric(df, baseline)")


SUMS = two(
    "part = lambda frame: frame.agg(F.sum('n')).collect()[0][0] or 0\nreturn part(df) - part(baseline)"
)
BOTH = two("return df.select('n').union_all(baseline.select('n')).agg(F.sum('n')).collect()[0][0]")
NEW = two("return df.join(baseline.select('g').distinct(), 'g', 'leftanti').count()")
SQL = two("""
session = df.session
text = 'SELECT a.s - b.s FROM (SELECT SUM(n) s FROM "FRAME") a, (SELECT SUM(n) s FROM "BASELINE_FRAME") b'
return session.sql(text).collect()[0][0]
""")


@pytest.fixture(scope="module")
def rows(snow_rows: Dataset) -> pd.DataFrame:
    return pd.read_parquet(snow_rows.source)


@pytest.fixture(scope="module")
def other(rows, data_dir) -> tuple[pd.DataFrame, Dataset]:
    """A third of the rows, without one group."""
    kept = rows[(rows["n"] % 3 == 0) & (rows["g"] != "b")]
    path = data_dir / "snowpark" / "training.parquet"
    pq.write_table(pa.Table.from_pandas(kept, preserve_index=False), path)
    return kept, Dataset(path)


def inside(rows: pd.DataFrame, segment: Segment | None) -> pd.DataFrame:
    if segment is None:
        return rows
    if segment.group == "g":
        return rows[rows["g"].isna()] if segment.value is None else rows[rows["g"] == segment.value]
    low, high = str(segment.value).strip("[)").split(",")
    return rows[(rows["n"] >= int(low)) & (rows["n"] < int(high))]


@pytest.mark.parametrize("fuse", [True, False])
def test_against_other_data(snow_engine, snow_rows, rows, other, fuse):
    kept, training = other
    formulas = {
        SUMS: lambda a, b: a["n"].sum() - b["n"].sum(),
        BOTH: lambda a, b: a["n"].sum() + b["n"].sum(),
        NEW: lambda a, b: (~a["g"].isin(b["g"]) & a["g"].notna()).sum() + a["g"].isna().sum(),
    }
    for source, formula in formulas.items():
        run = snow_engine.evaluate(
            source, snow_rows, segments=GROUPS, baseline=Baseline.data(training), fuse=fuse
        )
        for result in run.results:
            mine, theirs = (inside(one, result.frame.segment) for one in (rows, kept))
            assert (result.rows, result.baseline_rows) == (len(mine), len(theirs)), result
            if len(mine) and len(theirs):
                assert result.status == "ok", result
                assert result.value == formula(mine, theirs), result


def test_the_report_tells_of_each_question_about_which_frames_it_is(snow_engine, snow_rows, other):
    _, training = other
    for source, wanted in ((SUMS, {"", "baseline: "}), (BOTH, {""})):
        run = snow_engine.evaluate(source, snow_rows, segments=GROUPS, baseline=Baseline.data(training))
        told = run.report.sharing
        assert {"baseline: " * one.plan.startswith("baseline: ") for one in told} == wanted
        assert sum(one.frames for one in told) == len(wanted) * len(run.results)
        if source is BOTH:
            assert {(one.how, one.reason) for one in told} == {("frame", "a query over both frames")}


@pytest.mark.parametrize("fuse", [True, False])
def test_against_the_window_before(snow_engine, snow_rows, rows, fuse):
    run = snow_engine.evaluate(
        SUMS, snow_rows, segments=GROUPS, baseline=Baseline.previous(), time=SPAN, every="1h", fuse=fuse
    )
    for result in run.results:
        window = result.frame.window
        start, end = (START, END) if window is None else (window.start, window.end)
        before = start - (end - start)
        parts = [
            inside(rows[(rows["at"] >= low) & (rows["at"] < high)], result.frame.segment)
            for low, high in ((start, end), (before, start))
        ]
        assert (result.rows, result.baseline_rows) == tuple(map(len, parts)), result
        assert result.value == parts[0]["n"].sum() - parts[1]["n"].sum(), result


def test_the_other_frame_by_its_name(snow_engine, snow_rows, other, data_dir, worker_pool):
    _, training = other
    run = snow_engine.evaluate(SQL, snow_rows, baseline=Baseline.data(training))
    assert run.overall.status in ("ok", "refused"), run.overall
    alone = metric("""return df.session.table('"BASELINE_FRAME"').count()""")
    for layers in (Layers(), Layers(language=False)):
        with Engine("duckdb", roots=(data_dir,), pool=worker_pool, layers=layers) as engine:
            refused = engine.evaluate(alone, snow_rows, baseline=Baseline.data(training))
            assert refused.overall.status in ("refused", "raised"), refused.overall
