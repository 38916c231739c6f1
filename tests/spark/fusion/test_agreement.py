"""Fused and frame by frame, plans give the same answers: a table of plans over awkward data."""

from __future__ import annotations

import datetime as dt
import functools
import math
from decimal import Decimal

import pyarrow as pa
import pytest

from engine import SegmentGroup, TimeRange
from tests.servers import ASKS_SPARK, engine_on
from tests.spark.fusion.agreement import Plan, differences, run_both, write_rows
from tests.tiers import DEEP

pytestmark = pytest.mark.slow

NAN, INF = math.nan, math.inf

# One or two frames of each kind: on Spark some plans take a second each.
GROUPS = [
    SegmentGroup.by_value("g", values=["x", None]),
    SegmentGroup.by_value("h", values=["two", "nobody"]),
    SegmentGroup.by_buckets("a", [10, 30, 50]),
    SegmentGroup.by_terms({"odd": "a % 2 = 1"}),
    SegmentGroup.cross(SegmentGroup.by_value("g", values=["y"]), SegmentGroup.where("positive", "b > 0")),
]

# Plans for which there is a rule, so that all frames with rows share their answers.
SHARED = [
    "df.agg(F.count('*'), F.sum('a'), F.avg('b'), F.min('c'), F.max('d'))",
    "df.filter('a > 3').agg(F.avg('score'), F.stddev('score'), F.corr('score', 'w'))",
    "df.agg((F.sum('a') / F.count('*')).alias('share'), F.round(F.avg('w'), 2).alias('r'))",
    "df.select(F.avg('w').alias('m')).withColumn('twice', F.col('m') * 2)",
    "df.groupBy('h').agg(F.count('*').alias('n'), F.avg('w')).orderBy('h')",
    "df.groupBy('h', 'flag').count()",
    "df.groupBy('h').agg(F.avg('w').alias('m')).agg(F.sum('m'), F.count('m'))",
    "df.select('h', 'flag').distinct()",
    "df.select('a', 'w').filter('w > 0.5')",
    "df.withColumn('z', F.col('w') * 2).drop('t').withColumnRenamed('z', 'zz').select('zz', '*')",
    "df.agg(F.countDistinct('h'), F.expr('percentile(w, 0.5)'))",
    "df.groupBy('h').agg(F.sort_array(F.collect_list('a')))",
    "df.select(F.explode('xs').alias('x')).groupBy('x').count()",
    "df.groupBy('flag').pivot('h', ['one', 'two']).agg(F.sum('a'))",
    "df.na.fill(0).agg(F.sum('a'), F.sum('w'))",
    "df.na.drop().select('a', 'w')",
]
# And those for which there is none, or not always; they must agree all the same.
OTHERS = [
    "df.join(df.groupBy('h').agg(F.avg('w').alias('m')), 'h').agg(F.sum(F.col('w') - F.col('m')))",
    "df.union(df).agg(F.count('*'))",
    "df.orderBy('id').limit(3).select('id', 'a')",
    "df.orderBy(F.desc('w'), 'id').select('id').limit(1)",
    "df.select('a').describe()",
    "df.agg(F.sum(F.col('a') / (F.col('a') - F.col('a') + F.col('zero'))))",
    "df.select(F.col('id'), F.rank().over(Window.partitionBy('h').orderBy('a')).alias('r'))",
    "df.select('id', F.sum('a').over(Window.partitionBy('h')).alias('s'))",
    "df.agg(F.first('nothing'), F.max('b'), F.min('b'), F.sum('b'))",
    "df.agg(F.sum('dec'), F.avg('dec'), F.max('dec'), F.min('t'), F.max('t'))",
    "df.agg(F.variance('b'), F.skewness('w'), F.kurtosis('w'), F.covar_samp('w', 'score'))",
    "df.agg(F.stddev('far'), F.corr('far', 'w'))",
    "df.agg(F.bool_and('flag'), F.bool_or('flag'), F.count_if('flag'))",
    "df.rollup('h').agg(F.count('*').alias('n'))",
    "df.dropDuplicates()",
    "df.dropDuplicates(['h']).select('h')",
    "df.select(F.col('nothing') + 1)",
    "df.select('_calcmetric_key0', F.col('k0') + 1)",
    "df.filter('a > 1000').agg(F.count('*'), F.sum('a'), F.avg('w'))",
    "df.filter('a > 1000').groupBy('h').count()",
    "df.groupBy('h').count().filter('count > 3').agg(F.count('*'))",
    "df.agg(F.count('*').alias('n')).filter('n > 3')",
    "df.selectExpr('a + 1 as b1', 'upper(h) as u').groupBy('u').agg(F.sum('b1'))",
    "df.select(F.expr('sum(a)'), F.expr('count(distinct h)'))",
    "df.select(F.struct('*').alias('s')).select('s.a')",
    "df.alias('q').select('q.a', 'q.h')",
    "df.toDF(*['x' + c for c in df.columns]).agg(F.sum('xa'))",
    "df.where(df['a'] > 2).select(df['w'], df['h']).groupBy(df['h']).agg(F.max(df['w']))",
]


def awkward() -> pa.Table:
    """Nulls, NaN, infinities, -0.0, duplicates, rare segments, unicode, columns called like our own keys."""
    rows = 60
    g = ["x", "y", None, "ü✓", "'; --", ""]
    h = ["one", "two", None]
    b = [1.5, -0.0, 0.0, NAN, INF, -INF, None, 7.25, -3.0, 1e300]
    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "g": pa.array([g[i % 4] if i < 56 else g[4 + i % 2] for i in range(rows)]),
            "h": pa.array([h[(i * 7 // 3) % 3] for i in range(rows)]),
            "a": pa.array([None if i % 13 == 5 else (i * 17) % 53 for i in range(rows)], pa.int32()),
            "b": pa.array([b[(i * 3) % 10] for i in range(rows)], pa.float64()),
            "w": pa.array([((i * 37) % 101) / 101 for i in range(rows)], pa.float64()),
            "score": pa.array([None if i % 11 == 3 else ((i * 29) % 97) / 97 for i in range(rows)]),
            "far": pa.array([1e5 + ((i * 31) % 89) / 89 for i in range(rows)], pa.float64()),
            "zero": pa.array([0 if i == 59 else 1 for i in range(rows)], pa.int32()),
            "flag": pa.array([None if i % 9 == 4 else i % 3 == 0 for i in range(rows)]),
            "c": pa.array([f"name {i % 7}" for i in range(rows)]),
            "d": pa.array([dt.date(2026, 1, 1) + dt.timedelta(i % 20) for i in range(rows)]),
            "t": pa.array(
                [dt.datetime(2026, 1, 1 + i % 5, i % 24, tzinfo=dt.UTC) for i in range(rows)],
                pa.timestamp("us", "UTC"),
            ),
            "dec": pa.array([Decimal(i * 7) / 100 for i in range(rows)], pa.decimal128(12, 2)),
            "xs": pa.array([[i % 3, i % 4] if i % 5 else None for i in range(rows)], pa.list_(pa.int32())),
            "k0": pa.array(range(rows), pa.int64()),
            "_calcmetric_key0": pa.array([str(i % 2) for i in range(rows)]),
        }
    )


@pytest.fixture(scope="module", params=ASKS_SPARK)
def engine(request, data_dir, shared_options):
    backend = request.param
    path = data_dir / f"awkward-{backend}.parquet"
    write_rows(path, awkward())
    with engine_on(request.getfixturevalue(f"{backend}_backend"), **shared_options) as engine:
        yield engine, path


@pytest.fixture(scope="module")
def both_ways(engine):
    """Plans, and their runs fused and frame by frame; made once, since Spark takes minutes for them."""

    @functools.cache
    def run(texts):
        plans = [Plan(text, "orderBy" in text) for text in texts]
        on, data = engine
        return plans, *run_both(on, plans, data, GROUPS)

    return run


@pytest.mark.spark
@pytest.mark.parametrize(
    ("engine", "texts"),
    [
        pytest.param("native", [*SHARED, *OTHERS][::12], id="some"),
        pytest.param("native", SHARED, id="all shared"),
        pytest.param("native", OTHERS[::2], id="every other of the others", marks=DEEP),
        pytest.param("native", OTHERS, id="all others", marks=DEEP),
        pytest.param("spark", SHARED[::2], id="some shared on spark", marks=DEEP),
        pytest.param("spark", SHARED, id="all shared on spark", marks=DEEP),
        pytest.param("spark", OTHERS, id="all others on spark", marks=DEEP),
    ],
    indirect=["engine"],
    scope="module",
)
def test_plans_agree(both_ways, texts):
    plans, fused, apart = both_ways(tuple(texts))
    assert not (found := differences(plans, fused, apart)), "\n".join(found[:10])
    assert fused.report.queries < apart.report.queries


@pytest.mark.spark
@pytest.mark.parametrize(
    "engine", ["native", pytest.param("spark", marks=pytest.mark.deep)], indirect=True, scope="module"
)
def test_windows_agree(engine):
    on, data = engine
    plans = [Plan(text, "orderBy" in text) for text in SHARED[:3]]
    fused, apart = run_both(
        on,
        plans,
        data,
        GROUPS[:2],
        every="1d",
        time=TimeRange(start="2026-01-01T00:00Z", end="2026-01-07T00:00Z"),
    )
    assert len(fused.results) > 20
    assert not (found := differences(plans, fused, apart)), "\n".join(found[:10])


@pytest.mark.spark
@pytest.mark.parametrize("engine", ["native"], indirect=True, scope="module")
def test_what_can_be_shared_is_shared(both_ways):
    _, fused, _ = both_ways(tuple(SHARED))
    # A family of one has nobody to share with, and what fails on an empty frame has no answer to share.
    # Why Spark was needed, too, may follow.
    reasons = {one.reason.partition(";")[0] for one in fused.report.sharing if one.how == "frame"}
    known = {"the only frame of its kind", "the shared query failed (without a condition)"}
    assert reasons <= known
    assert {one.how for one in fused.report.sharing} == {"cells", "rows", "families", "empty", "frame"}
