"""Fused and frame by frame, generated plans over generated data give the same answers."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine import SegmentGroup
from tests.servers import engine_on
from tests.spark.fusion.agreement import Plan, differences, run_both, write_rows

_FLOATS = st.sampled_from(
    [0.0, -0.0, 1.0, -1.5, 2.25, 1e9 + 0.5, 1e-9, 3.0, math.nan, math.inf, -math.inf, None]
)
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["x", "x", "x", "y", "ü", None, "rare"]),
        st.sampled_from(["one", "two", None]),
        st.one_of(st.none(), st.integers(-50, 50)),
        _FLOATS,
        st.floats(-100, 100, width=32),
    ),
    min_size=1,
    max_size=40,
)

# Steps that keep the columns g, h, a, b and w; each a piece of Python text after `df`.
_STEPS = st.sampled_from(
    [
        "",
        ".filter(F.col('a') > 0)",
        ".filter('w is not null and a <> 7')",
        ".where(F.col('g').isNull() | (F.col('h') == 'one'))",
        ".withColumn('w', F.col('w') + 1)",
        ".withColumn('a', F.when(F.col('a') > 3, F.col('a')))",
        ".select('*')",
        ".select('g', 'h', 'a', 'b', F.col('w').cast('double').alias('w'))",
        ".alias('q')",
        ".na.fill({'a': 0})",
        ".na.fill(1)",
        ".na.drop(subset=['a'])",
        ".dropDuplicates()",
        ".distinct()",
        ".orderBy('a', 'w')",
        ".repartition(2)",
        ".withColumn('w', F.sum('w').over(Window.partitionBy('h')))",
        ".withColumn('a', F.dense_rank().over(Window.partitionBy('g').orderBy('a')))",
        ".withColumnRenamed('w', 'v').withColumnRenamed('v', 'w')",
        ".drop('nothing')",
    ]
)
_AGGREGATES = st.sampled_from(
    [
        "F.count('*')",
        "F.count('a')",
        "F.sum('a')",
        "F.avg('w')",
        "F.min('a')",
        "F.max('b')",
        "F.min('b')",
        "F.max('h')",
        "F.sum('b')",
        "F.stddev('w')",
        "F.var_pop('w')",
        "F.corr('w', 'a')",
        "F.covar_samp('w', 'a')",
        "F.skewness('w')",
        "F.bool_or(F.col('a') > 0)",
        "F.count_if(F.col('a') > 0)",
        "F.countDistinct('h')",
        "F.collect_set('h')",
        "F.sort_array(F.collect_list('a'))",
        "F.round(F.avg('w'), 3)",
        "F.sum('w') / F.count('*')",
        "F.sum(F.col('w') * F.col('a'))",
        "F.sum(F.when(F.col('h') == 'one', 1).otherwise(0))",
        "F.max('a') - F.min('a')",
        "F.expr('sum(a) / count(*)')",
    ]
)
_ENDS = st.one_of(
    st.lists(_AGGREGATES, min_size=1, max_size=4).map(lambda items: f".agg({', '.join(items)})"),
    st.lists(_AGGREGATES, min_size=1, max_size=3).map(lambda items: f".groupBy('h').agg({', '.join(items)})"),
    st.lists(_AGGREGATES, min_size=1, max_size=2).map(lambda items: f".select({', '.join(items)})"),
    _AGGREGATES.map(lambda item: f".groupBy('h').agg({item}.alias('m')).agg(F.count('m'), F.max('m'))"),
    _AGGREGATES.map(lambda item: f".groupBy('h').agg({item}.alias('m')).filter('m is not null')"),
    _AGGREGATES.map(lambda item: f".agg({item}.alias('m')).filter('m is not null')"),
    _AGGREGATES.map(lambda item: f".agg({item}.alias('m')).select(F.col('m'), F.lit(1).alias('k'))"),
    st.sampled_from([".count_rows", ".select('a', 'w')", ".groupBy('g', 'h').count()", ".cube('h').count()"]),
    st.sampled_from(
        [".select('h').distinct()", ".orderBy('w', 'a', 'h', 'g', 'b').limit(2).select('a', 'w')"]
    ),
).map(lambda end: ".agg(F.count(F.lit(1)))" if end == ".count_rows" else end)
_PLANS = st.builds(lambda steps, end: Plan("df" + "".join(steps) + end), st.lists(_STEPS, max_size=3), _ENDS)
_GROUPS = st.sampled_from(
    [
        [SegmentGroup.by_value("g")],
        [SegmentGroup.by_value("g", top=2), SegmentGroup.by_buckets("a", [-20, 0, 20, 40])],
        [SegmentGroup.by_terms({"high": "w > 10", "low": "w < 20"}), SegmentGroup.by_value("h")],
        [SegmentGroup.cross(SegmentGroup.by_value("g"), SegmentGroup.by_value("h"))],
    ]
)


@pytest.fixture(scope="module")
def native(native_backend, data_dir, shared_options):
    with engine_on(native_backend, **shared_options) as engine:
        yield engine, data_dir / "generated-native.parquet"


@pytest.fixture(scope="module")
def spark(spark_backend, data_dir, shared_options):
    with engine_on(spark_backend, **shared_options) as engine:
        yield engine, data_dir / "generated-spark.parquet"


def check(where: Any, rows: Any, plans: Any, groups: Any) -> None:
    engine, path = where
    g, h, a, b, w = zip(*rows, strict=True)
    table = {
        "g": pa.array(g, pa.string()),
        "h": pa.array(h, pa.string()),
        "a": pa.array(a, pa.int32()),
        "b": pa.array(b, pa.float64()),
        "w": pa.array(w, pa.float64()),
        "t": pa.array([0] * len(rows), pa.timestamp("us", "UTC")),
    }
    fused, apart = run_both(engine, plans, write_rows(path, pa.table(table)), groups)
    assert not (found := differences(plans, fused, apart)), "\n".join(found[:5])


# Without shrinking: each example is two runs on a real server.
SETTINGS = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.spark
@given(_ROWS, st.lists(_PLANS, min_size=3, max_size=4), _GROUPS)
@settings(SETTINGS, max_examples=1)
def test_a_few_natively(native, rows, plans, groups):
    check(native, rows, plans, groups)


@pytest.mark.spark
@pytest.mark.slow
@given(_ROWS, st.lists(_PLANS, min_size=6, max_size=12), _GROUPS)
@settings(SETTINGS, max_examples=4)
def test_many_natively(native, rows, plans, groups):
    check(native, rows, plans, groups)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.deep
@given(_ROWS, st.lists(_PLANS, min_size=6, max_size=12), _GROUPS)
@settings(SETTINGS, max_examples=6)
def test_many_on_spark(spark, rows, plans, groups):
    check(spark, rows, plans, groups)
