"""Functions that are applied once to the rows of all frames give what each frame gives by itself."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, SegmentGroup, TimeRange
from engine.models.result import Result
from engine.models.run import Run
from tests.servers import NATIVE, NATIVE_DEEP, engine_on

GROUPS = (
    SegmentGroup.by_value("country"),
    SegmentGroup.cross(SegmentGroup.by_value("channel"), SegmentGroup.where("big", "amount > 60")),
)
# By what a question gives; the last one captures what differs by frame.
SHARED = """
import math

import numpy as np
import pandas as pd

from pyspark.sql import functions as F

RATE = 1.5


def scaled(value, by=(2, 3)):
    return value * by[0] + RATE


@F.udf("double")
def plain(amount):
    return None if amount is None else scaled(amount)


@F.pandas_udf("double")
def batches(amount: pd.Series, score: pd.Series) -> pd.Series:
    return np.log1p(amount) * (1 - score)


@F.arrow_udf("bigint")
def arrow(number):
    return number


@F.udf("string")
def word(country):
    return "nothing" if country is None else country.lower()


def calc_metric(df) -> dict[str, float]:
    joined = df.withColumn("w", word("country")).withColumn("b", batches("amount", "score"))
    rows = joined.filter(plain("amount") > 100).select("b", "w").orderBy("b").toPandas()
    least_ones = df.filter("amount > 70").select(plain("amount").alias("x"))
    least = df.agg(F.avg("score")).first()[0] or 0.0
    return {
        "sum": df.agg(F.sum(batches("amount", "score"))).first()[0] or 0.0,
        "nulls": float(df.filter(plain("amount").isNull()).count()),
        "nested": df.select(plain(batches("amount", "score")).alias("x")).agg(F.max("x")).first()[0] or 0.0,
        "keys": float(df.groupBy(word("country").alias("w")).agg(F.countDistinct("k").alias("c"))
                      .agg(F.sum("c")).first()[0] or 0),
        "whole": float(df.agg(F.sum(arrow("k"))).first()[0] or 0),
        "rows": float(rows["b"].sum()) + len(set(rows["w"])),
        "first": sum(row["x"] for row in least_ones.orderBy("x").limit(3).collect()) + 0.0,
        "apart": float(df.filter(F.udf(lambda v: v > least, "boolean")("score")).count()),
    }
"""
APART = """
import numpy as np
import pandas as pd

from pyspark.sql import functions as F

SEEN = []
COUNT = 0


@F.udf("double")
def seen(amount):
    SEEN.append(amount)
    return float(len(SEEN))


@F.udf("double")
def counted(amount):
    global COUNT
    COUNT += 1
    return float(COUNT)


@F.udf("double")
def drawn(amount):
    return np.random.rand()


@F.udf("double")
def told(amount):
    print("row")
    return 1.0


@F.udf("double")
def strict(amount):
    if amount is None:
        raise ValueError("no amount")
    return 1.0


@F.udf("double")
def any_time(amount):
    return 1.0


def most(df, function):
    return df.agg(F.max(function("amount"))).first()[0] or 0.0


def calc_metric(df) -> dict[str, float]:
    found = {one.__name__: most(df, one) for one in (seen, counted, drawn, told)}
    try:
        found["strict"] = most(df, strict)
    finally:
        drawn_once = df.select(any_time.asNondeterministic()("amount").alias("a"))
        found["any_time"] = drawn_once.agg(F.max("a")).first()[0] or 0.0
    return found
"""


@pytest.fixture(scope="session")  # tests are put in the order of their servers, so a module is come back to
def payments(data_dir) -> Dataset:
    folder, draw, rows = data_dir / "together", np.random.default_rng(3), 400
    folder.mkdir()
    amounts = draw.exponential(50, rows).round(2)
    columns = {
        "amount": pa.array(amounts, mask=draw.random(rows) < 0.05),
        "score": pa.array(draw.random(rows)),
        "country": pa.array(draw.choice(np.array(["DE", "FR", None], object), rows)),
        "channel": pa.array(draw.choice(["web", "app"], rows)),
        "k": pa.array(draw.integers(0, 9, rows)),
        "t": pa.array(1_767_225_600_000_000 + draw.integers(0, 4 * 86_400, rows) * 1_000_000).cast(
            pa.timestamp("us", "UTC")
        ),
    }
    pq.write_table(pa.table(columns), folder / "payments.parquet")
    return Dataset(str(folder / "payments.parquet"), timestamp="t")


def both(
    engine: Engine, source: str, data: Dataset, time: TimeRange | None = None, every: str | None = None
) -> tuple[Run, Run]:
    """The run, fused and not."""
    fused, apart = (
        engine.evaluate(source, data, segments=GROUPS, time=time, every=every, fuse=fuse)
        for fuse in (True, False)
    )
    return fused, apart


def check_same(fused: Run, apart: Run) -> None:
    for one, other in zip(fused.results, apart.results, strict=True):
        assert (one.frame.segment, one.name, one.status) == (other.frame.segment, other.name, other.status)
        assert one.printed == other.printed
        if one.value is None:
            assert other.value is None
        else:
            assert other.value is not None
            assert one.value == pytest.approx(other.value, rel=1e-12, abs=0, nan_ok=True), (one, other)


def segment_of(result: Result) -> object:
    segment = result.frame.segment
    return "everywhere" if segment is None else segment.value


def expected(data: Dataset, country: object) -> dict[str, float]:
    """Some of what the metric gives for a country; of "everywhere" for all rows."""
    rows = pq.read_table(str(data.source)).to_pylist()
    mine = [row for row in rows if country in ("everywhere", row["country"])]
    fees = [math.log1p(row["amount"]) * (1 - row["score"]) for row in mine if row["amount"] is not None]
    nulls = sum(row["amount"] is None for row in mine)
    return {"sum": sum(fees), "nulls": float(nulls), "whole": float(sum(row["k"] for row in mine))}


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_functions_are_applied_once_for_all_frames(shared_server, shared_options, payments):
    with engine_on(shared_server, **shared_options) as engine:
        run = engine.evaluate(SHARED, payments, segments=GROUPS)
    assert {one.status for one in run.results} == {"ok"}
    frames = len({one.frame.index for one in run.results})
    once = [one for one in run.report.sharing if "functions once for all frames" in one.plan + one.reason]
    assert sum(one.frames for one in once) >= 7 * frames, run.report.sharing
    [differing] = [one for one in run.report.sharing if one.reason == "functions that differ between frames"]
    assert 0 < differing.frames < frames
    for country in ("everywhere", "DE", "FR"):
        values = {one.name: one.value for one in run.results if segment_of(one) == country}
        for name, value in expected(payments, country).items():
            assert math.isclose(values[name], value, rel_tol=1e-12), (country, name)


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize(
    "shared_server", ["native", pytest.param("spark", marks=pytest.mark.deep)], indirect=True
)
def test_frames_have_what_functions_give_for_their_rows_alone(shared_server, shared_options, payments):
    days = TimeRange("2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")
    with engine_on(shared_server, **shared_options) as engine:
        check_same(*both(engine, SHARED, payments))
        check_same(*both(engine, SHARED, payments, days, "1d"))


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", NATIVE_DEEP, indirect=True)
def test_functions_that_keep_print_or_draw_anything_are_applied_by_frame(
    shared_server, shared_options, payments
):
    with engine_on(shared_server, **shared_options) as engine:
        fused, apart = both(engine, APART, payments)
    check_same(fused, apart)
    told = " ".join(one.reason for one in fused.report.sharing)
    for words in (
        "'seen' uses what may change",
        "'counted' changes what it uses",
        "'drawn' may draw random numbers",
        "that prints",
        "that raises for a row",
        "'any_time' is nondeterministic",
    ):
        assert words in told, told
