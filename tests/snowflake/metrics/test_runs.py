"""Whole runs of Snowpark metrics on DuckDB: what an author sees, limits, segments, windows and the report."""

from __future__ import annotations

import datetime as dt
import json
import math
import threading
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from engine import DataError, Dataset, Engine, Limits, SegmentGroup, SourceRefused, TimeRange, UsageError
from engine.cli.main import _run
from tests.snowflake.metrics.support import metric

GROUPS = SegmentGroup.by_value("g", values=["a", "b", "c"])


SUM = metric("return df.agg(F.sum('n')).collect()[0][0]")


def test_segments_windows_and_the_report(snow_engine: Engine, snow_rows: Dataset) -> None:
    segments = [
        SegmentGroup.by_value("g"),
        SegmentGroup.by_buckets("n", [0, 100, 200, 300]),
        SegmentGroup.where("some x", "x IS NOT NULL"),
        SegmentGroup.cross(SegmentGroup.by_value("g"), SegmentGroup.by_buckets("n", [0, 150])),
    ]
    time = TimeRange("2026-03-01T00:00:00Z", "2026-03-01T05:00:00Z")
    run = snow_engine.evaluate(SUM, snow_rows, segments=segments, time=time, every="1h")
    apart = snow_engine.evaluate(SUM, snow_rows, segments=segments, time=time, every="1h", fuse=False)
    assert len(run.results) == 1 + 5 + 5 * (3 + 3 + 1 + 3)
    assert [(r.frame, r.status, r.value, r.rows) for r in run.results if r.status == "ok"] == [
        (r.frame, r.status, r.value, r.rows) for r in apart.results if r.status == "ok"
    ]
    assert [(r.status, r.rows) for r in run.results] == [(r.status, r.rows) for r in apart.results]
    assert run.overall.value == sum(range(300))
    hours = [r.value for r in run.results if r.frame.segment is None and r.frame.window is not None]
    assert hours == [sum(range(60 * h, 60 * h + 60)) for h in range(5)]
    assert {shared.how for shared in run.report.sharing} <= {"families", "frame", "empty"}
    assert run.report.queries < apart.report.queries / 3


@pytest.mark.parametrize("fuse", [True, False])
def test_a_table_that_is_cut_by_its_first_column_has_its_columns_at_their_places(
    snow_engine: Engine, tmp_path: Path, data_dir: Path, fuse: bool
) -> None:
    folder = data_dir / "snowpark" / tmp_path.name
    rows = pa.table({"g": ["a", "b", "a"], "n": [1, 2, 4], "stra\u00dfe": ["x", None, "y"]})
    write_deltalake(str(folder), rows, partition_by=["g"])
    first = metric("return df.agg(F.sum('n')).collect()[0][0] if df.columns[:2] == ['G', 'N'] else -1")
    run = snow_engine.evaluate(first, Dataset(f"delta:{folder}"), segments=[GROUPS], fuse=fuse)
    assert [one.value for one in run.results if one.rows] == [7, 5, 2]


def test_dates_and_wall_clocks_have_windows_too(snow_engine: Engine, data_dir: Path) -> None:
    path = data_dir / "snowpark" / "days.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("day,at,n\n2026-01-01,2026-01-01 10:00:00,1\n2026-01-02,2026-01-02 23:59:59,2\n,,4\n")
    range_ = TimeRange("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    for column in ("day", "at"):
        run = snow_engine.evaluate(SUM, Dataset(path, timestamp=column), every="1d", time=range_)
        assert [r.value for r in run.results] == [3.0, 1.0, 2.0]


def test_values_of_every_kind_are_segments(snow_engine: Engine) -> None:
    table = pa.table(
        {
            "f": pa.array([math.nan, math.nan, -0.0, 0.0, None, 1.5], pa.float64(), from_pandas=False),
            "e": pa.array(
                [Decimal("1.10"), Decimal("1.10"), None, Decimal("2.00"), None, None], pa.decimal128(9, 2)
            ),
            "b": pa.array([True, True, False, None, None, None]),
            "d": pa.array([dt.date(2026, 1, 1)] * 3 + [None] * 2 + [dt.date(1969, 12, 31)]),
            "t": pa.array([dt.datetime(2026, 1, 1, 12, 0, 0, 7)] * 4 + [None] * 2, pa.timestamp("us")),
            "z": pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 5 + [None], pa.timestamp("us", "UTC")),
            "s": ["a", "it's", "A", "\\x", "", None],
            "i": pa.array([2**31, -1, -1, 0, None, None], pa.int64()),
        }
    )
    groups = [SegmentGroup.by_value(name) for name in table.column_names]
    groups += [
        SegmentGroup.by_value("f", values=[0.0, math.nan, 7.0]),
        SegmentGroup.by_value("s", values=["it's"]),
    ]
    count = metric("return df.count()")
    shared = snow_engine.evaluate(count, Dataset(table), segments=groups)
    apart = snow_engine.evaluate(count, Dataset(table), segments=groups, fuse=False)
    for run in (shared, apart):
        assert all(r.value == r.rows for r in run.results if r.rows), [
            r for r in run.results if r.value != r.rows
        ]
        found = {str(r.frame.segment): r.rows for r in run.results}
        assert (found["f = NaN"], found["f = 0.0"], found["f = null"], found["f = 1.5"]) == (2, 2, 1, 1)
        assert (found["e = 1.10"], found["b = True"], found["d = 1969-12-31"]) == (2, 2, 1)
        assert (found["s = it's"], found["s = \\x"], found["i = -1"], found["i = 2147483648"]) == (1, 1, 2, 1)
        assert found["t = 2026-01-01T12:00:00.000007"] == 4 and found["z = 2026-01-01T00:00:00+00:00"] == 5
    assert [r.to_dict() | {"seconds": 0} for r in shared.results] == [
        r.to_dict() | {"seconds": 0} for r in apart.results
    ]


def test_what_is_handed_over_is_read_as_well(snow_engine: Engine) -> None:
    import pandas as pd

    frame = pd.DataFrame({"n": [1, 2, None], "g": ["a", "b", None]})
    run = snow_engine.evaluate(SUM, Dataset(frame), segments=[SegmentGroup.by_value("g")])
    assert [(str(r.frame.segment), r.value) for r in run.results][1:3] == [("g = a", 1.0), ("g = b", 2.0)]
    assert run.overall.value == 3.0


# body -> status, and words of the message.
OUTCOMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "return df.agg(F.sum('nope')).collect()[0][0]": ("raised", ("NOPE", "line 5")),
    "return df.select(F.col('n') / 0).collect()[0][0]": ("raised", ("ivision by zero",)),
    "return df.select(F.cast('g', 'int')).collect()[0][0]": ("raised", ("onvert", "line 5")),
    "return df.select(F.seq8()).collect()[0][0]": ("refused", ("SEQ8",)),
    "return df.select(F.sql_expr('current_role()')).collect()[0][0]": ("refused", ("CURRENT_ROLE",)),
    "return df.select(F.sql_expr('evil.sch.zeroifnull(n)')).collect()[0][0]": ("refused", ()),
    "return df.select(F.sql_expr('(select max(n) from other)')).collect()[0][0]": ("refused", ("OTHER",)),
    "return df.select(F.call_function('system$whitelist')).collect()[0][0]": ("refused", ()),
    "return df.collect(block=False)": ("refused", ("one after the other", "block")),
    "return None": ("invalid_output", ("None",)),
    "return float('inf')": ("invalid_output", ()),
    "return df": ("invalid_output", ("Table", "reduce it")),
    "return df.collect()": ("invalid_output", ()),
    "raise ValueError('as the author says')": ("raised", ("as the author says",)),
    "return df.cache_result().filter(F.col('n') < 10).count()": ("ok", ()),
    "return sum(row['N'] for row in df.to_local_iterator())": ("ok", ()),
    "return float(df.to_pandas()['X'].mean())": ("ok", ()),
    "return np.nanmean(df.collect().columns.x)": ("ok", ()),
    "return np.nanmean(df.select('x').collect().columns['X'])": ("ok", ()),
    "return len(df.collect()) + df.first()['N']": ("ok", ()),
    "return df.collect()[1].as_dict()['N']": ("ok", ()),
    "return sum(len(p) for p in df.to_pandas_batches())": ("ok", ()),
    "return df.stat.approx_quantile('n', [0.5])[0]": ("ok", ()),
    "return df.na.fill({'x': 0.0}).agg(F.avg('x')).collect()[0][0]": ("ok", ()),
    "return df.describe('n').count()": ("ok", ()),
    "return len(df.schema.fields)": ("ok", ()),
}


@pytest.mark.parametrize("body", OUTCOMES)
def test_outcomes(snow_engine: Engine, snow_rows: Dataset, body: str) -> None:
    status, words = OUTCOMES[body]
    result = snow_engine.evaluate(metric(body), snow_rows).overall
    assert result.status == status, result
    said = "" if result.error is None else f"{result.error.message} {result.error.hint}"
    assert all(word in said for word in words), said
    assert "_calcmetric" not in said and "/" not in said.replace("/ 0", "").replace(" / ", "")


REFUSED = (
    "return df.session.sql('select 1').collect()",
    "return df.write.save_as_table('t')",
    "return df.create_or_replace_temp_view('v')",
    "return df.create_or_replace_view('v')",
    "df.copy_into_table('t')\nreturn 1",
    "return F.udf(lambda x: x)",
)


@pytest.mark.parametrize("body", REFUSED)
def test_what_the_language_refuses(snow_engine: Engine, snow_rows: Dataset, body: str) -> None:
    try:
        result = snow_engine.evaluate(metric(body), snow_rows).overall
    except SourceRefused as refused:
        assert all(problem.hint for problem in refused.problems)
    else:
        assert result.status == "refused" and result.error is not None and result.error.hint


# With the language layer off the stub and the gateway are what a guest meets.
STUBBED = {
    "return df.session.sql('select 1').collect()[0][0]": ("ok", ""),
    "return df.session.sql('create table t (a int)').collect()": ("refused", "only asks queries"),
    "return df.session.sql('select 1; select 2').collect()": ("refused", ""),
    "return df.session.table('OTHER').count()": ("refused", "OTHER"),
    "return df.session.sql('show tables').collect()": ("refused", ""),
    # It makes the folder first, which no worker may, wherever this Python and its packages are.
    "return df.session.file.get('@stage', '/no-such-folder/of-calcmetric')": ("raised", ""),
    "return df.session.file.put_stream(__import__('io').BytesIO(b'x'), '@s/x')": ("refused", ""),
    "return df.write.save_as_table('t')": ("refused", ""),
    "return df.create_or_replace_temp_view('v')": ("refused", ""),
    "return df.session.sql('select ?', params=[1]).collect()": ("refused", "bind"),
    "return df.session.call('system$cancel_all_queries')": ("refused", ""),
    "return df.session.create_dataframe([[1]], schema=['a']).count()": ("ok", ""),
    "df.session.close()\nreturn df.count()": ("any", ""),
}


@pytest.mark.parametrize("body", STUBBED)
def test_what_the_stub_and_the_gateway_refuse(bare: Engine, snow_rows: Dataset, body: str) -> None:
    status, words = STUBBED[body]
    result = bare.evaluate(metric(body), snow_rows).overall
    assert status in ("any", result.status), result
    assert words in str(result.error)


def test_limits(snow_engine: Engine, snow_rows: Dataset) -> None:
    slow = metric(
        """
        one, two, three = (df.select(F.col("n").alias(name)) for name in "abc")
        every = df.cross_join(one).cross_join(two).cross_join(three)
        return every.agg(F.sum(F.sqrt(F.col("n") * F.col("a") + F.col("b") * F.col("c")))).collect()[0][0]
        """
    )
    cases = [
        (slow, Limits(frame_seconds=1.0), "limit-frame-seconds"),
        (metric("return len(df.collect())"), Limits(fetched_rows=299), "limit-fetched-rows"),
        (metric("return len(df.to_pandas())"), Limits(fetched_bytes=1_000), "limit-fetched-bytes"),
        (metric("for _ in range(9):\n    df.count()\nreturn 1"), Limits(plans=8), "limit-plans"),
        (metric("while True:\n    pass"), Limits(frame_seconds=0.5), "limit-frame-seconds"),
    ]
    for source, limits, code in cases:
        result = snow_engine.evaluate(source, snow_rows, limits=limits).overall
        assert result.error is not None and result.error.code == code, result
    assert snow_engine.evaluate(SUM, snow_rows).overall.value == sum(range(300))


def test_a_cancelled_run_ends(snow_engine: Engine, snow_rows: Dataset) -> None:
    started = threading.Event()
    source = metric("while True:\n    df.count()")
    live = snow_engine.submit(source, snow_rows, on_progress=lambda _: started.set())
    assert started.wait(30)
    live.cancel()
    assert {result.status for result in live.result(timeout=30).results} == {"cancelled"}


def test_several_metrics_share_a_dataset(snow_engine: Engine, snow_rows: Dataset) -> None:
    runs = snow_engine.evaluate_many(
        {"sum": SUM, "rows": metric("return df.count()")}, snow_rows, segments=[GROUPS]
    )
    assert [run.overall.value for run in runs.values()] == [sum(range(300)), 300.0]


def test_a_dry_run(snow_engine: Engine, snow_rows: Dataset) -> None:
    plan = snow_engine.plan(SUM, snow_rows, segments=[GROUPS])
    assert plan.rows == (300, 100, 100, 100)
    assert plan.calls_per_frame == 1
    assert [(one.plan, one.answered_by, one.times) for one in plan.questions] == [
        ("rows, total", "duckdb", 1)
    ]


def test_mistakes_of_the_caller(snow_engine: Engine, snow_rows: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'nope'"):
        snow_engine.evaluate(SUM, snow_rows, segments=[SegmentGroup.by_value("nope")])
    with pytest.raises(DataError, match=r"segment .w.: a condition holds a query"):
        snow_engine.evaluate(SUM, snow_rows, segments=[SegmentGroup.where("w", "(select 1) = 1")])
    with pytest.raises(DataError, match="not Boolean"):
        snow_engine.evaluate(SUM, snow_rows, segments=[SegmentGroup.where("w", "n + 1")])
    with pytest.raises(DataError, match="outside"):
        (tmp_path / "x.parquet").write_bytes(b"")
        snow_engine.evaluate(SUM, Dataset(tmp_path / "x.parquet"))
    with pytest.raises(UsageError, match="duckdb"):
        Engine("nonsense")


def test_the_command_line(snow_rows: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sum.py").write_text(SUM)
    arguments = ["run", str(tmp_path / "sum.py"), "--data", str(snow_rows.source), "--backend", "duckdb"]
    assert _run([*arguments, "--by", "g", "--format", "json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [result["value"] for result in run["results"]] == [44850.0, 14850.0, 14950.0, 15050.0]
    assert run["backend"] == "duckdb"
