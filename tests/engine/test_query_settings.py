# ruff: noqa: E501 - metrics are easier to read with their lines whole
"""What a metric sets for its own questions: Spark's numbers under those settings, and nobody else's."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F  # noqa: N812

from engine import Dataset, Engine, Metric, SegmentGroup, TimeRange
from tests.metric_text import metric_text
from tests.servers import engine_on, plain_session
from tests.tiers import slow_one_in

pytestmark = [pytest.mark.spark, pytest.mark.slow]

ZONE: Final = "spark.sql.session.timeZone"
START: Final = dt.datetime(2026, 3, 28, 20, tzinfo=dt.UTC)  # in Berlin the clocks change in the night after
ROWS: Final = 60
HEAD: Final = """
import numpy as np
import pandas as pd
from pyspark.errors import PySparkException
from pyspark.sql import functions as F
"""
# Every way from an instant to a wall clock and back.
ASKED: Final = """
row = df.agg(
    F.sum(F.hour("at")).alias("hours"),
    F.sum(F.unix_timestamp(F.col("wall").cast("timestamp")) % 100_000).alias("instants"),
    F.count_distinct(F.to_date("at")).alias("days"),
    F.sum(F.length(F.col("at").cast("string"))).alias("text"),
    F.max(F.unix_timestamp(F.lit("2026-03-29 12:00:00"))).alias("read"),
    F.sum(F.expr("CASE WHEN at >= TIMESTAMP '2026-03-29 00:00:00' THEN 1 ELSE 0 END")).alias("later"),
).first()
"""
IN_A_ZONE: Final = metric_text(
    f"""
spark = df.sparkSession
if zone:
    spark.conf.set("{ZONE}", zone)
{ASKED.strip()}
return row.asDict()
""",
    HEAD,
    signature='df, *, zone: str = ""',
    returns="dict[str, float]",
)


def row(i: int) -> dict[str, Any]:
    """Row i, `i` hours after the start; its wall clock is that of UTC."""
    at = START + dt.timedelta(hours=i)
    return {"i": i, "g": "ab"[i % 2], "at": at, "wall": at.replace(tzinfo=None), "x": i * 1.5}


@pytest.fixture(scope="module")
def path(data_dir) -> str:
    folder = data_dir / "query-settings"
    folder.mkdir(exist_ok=True)
    schema = pa.schema(
        {
            "i": pa.int64(),
            "g": pa.string(),
            "at": pa.timestamp("us", "UTC"),
            "wall": pa.timestamp("us"),
            "x": pa.float64(),
        }
    )
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(ROWS)], schema), folder / "rows.parquet")
    return str(folder / "rows.parquet")


@pytest.fixture(scope="module")
def engine(spark_backend, shared_options) -> Iterator[Engine]:
    with engine_on(spark_backend, **shared_options) as made:
        yield made


@pytest.fixture(scope="module")
def spark(spark_backend) -> Iterator[Any]:
    with plain_session(spark_backend) as session:
        yield session


@functools.cache
def plainly(spark: Any, path: str, zone: str, kept: tuple[int, ...]) -> dict[str, float]:
    """What plain PySpark says of these rows in a time zone."""
    spark.conf.set(ZONE, zone)
    try:
        found: dict[str, Any] = {"df": spark.read.parquet(path).filter(F.col("i").isin(*kept)), "F": F}
        exec(ASKED, found)
        values: dict[str, float] = found["row"].asDict()
        return values
    finally:
        spark.conf.unset(ZONE)


ZONES: Final = {"tokyo": "Asia/Tokyo", "berlin": "Europe/Berlin", "far": "-11:30", "none": ""}


@pytest.mark.parametrize(
    ("clock", "names"),
    [
        ("at", ["tokyo", "none"]),
        pytest.param("at", ["berlin", "far"], marks=pytest.mark.deep),
        pytest.param("wall", ["far"], marks=pytest.mark.deep),
    ],
)
def test_frames_are_the_same_in_any_zone_and_numbers_are_those_of_spark(engine, spark, path, clock, names):
    """Metrics at once, each in a zone of its own, over the segments and windows of one dataset."""
    runs = engine.evaluate_many(
        {name: Metric(IN_A_ZONE, params={"zone": ZONES[name]}) for name in names},
        Dataset(path, timestamp=clock),
        segments=[SegmentGroup.by_value("g", values=["a"])],
        every="1d",
        time=TimeRange(START + dt.timedelta(hours=1), START + dt.timedelta(hours=40)),
    )
    for name, run in runs.items():
        assert run.frames == 7 and len(run.results) == 7 * 6
        for result in run.results:
            window, segment = result.frame.window, result.frame.segment
            start, end = (window.start, window.end) if window else (run.time.start, run.time.end)
            kept = [i for i in range(ROWS) if start <= row(i)["at"] < end and (not segment or not i % 2)]
            expected = plainly(spark, path, ZONES[name] or "UTC", tuple(kept))
            assert (result.status, result.value) == ("ok", expected[result.name]), (name, result)
        own = {one.reason for one in run.report.sharing} == {"settings of its own"}
        assert own == bool(ZONES[name])
    values = {name: [result.value for result in run.results] for name, run in runs.items()}
    assert len(set(map(tuple, values.values()))) == len(names)


def test_runs_side_by_side_have_each_its_own(engine, spark, path):
    expected = {name: plainly(spark, path, zone or "UTC", tuple(range(ROWS))) for name, zone in ZONES.items()}
    for _ in range(2):  # what a run leaves behind is there for the next
        live = {
            name: engine.submit(IN_A_ZONE, Dataset(path), params={"zone": zone})
            for name, zone in ZONES.items()
        }
        for name, run in live.items():
            assert {key: one.value for key, one in run.result().named.items()} == expected[name], name


def test_only_frames_that_set_a_zone_are_in_it(engine, path):
    """Also where the answer to the first question was sent with the call."""
    text = f"""
mine = np.random.rand() < 0.5
if mine:
    df.sparkSession.conf.set("{ZONE}", "Asia/Tokyo")
hours = df.agg(F.sum(F.hour("at"))).first()[0]
return hours + 10_000 * mine
"""
    groups = [SegmentGroup.by_buckets("i", range(0, ROWS + 1, 4))]
    run = engine.evaluate(metric_text(text, HEAD), Dataset(path), segments=groups)
    seen = set()
    for place, result in enumerate(run.results[1:]):
        mine = result.value >= 10_000
        hours = [row(i)["at"].astimezone(ZoneInfo("Asia/Tokyo" if mine else "UTC")).hour for i in range(ROWS)]
        assert result.value - 10_000 * mine == sum(hours[4 * place : 4 * place + 4])
        seen.add(mine)
    assert seen == {True, False}


SAME: Final = {
    "bad text is null": (
        'conf.set("spark.sql.ansi.enabled", "false")',
        'df.select(F.count(F.col("g").cast("int")))',
    ),
    "by zero is null": (
        'conf.set("spark.sql.ansi.enabled", False)',
        'df.select(F.count(F.col("x") / F.lit(0)))',
    ),
    "it overflows": (
        'conf.set("spark.sql.ansi.enabled", "FALSE")',
        'df.select(F.sum((F.col("i") + 2147483647).cast("int")))',
    ),
    "text and numbers": (
        'conf.set("spark.sql.ansi.enabled", "false")',
        'df.select(F.count_if(F.col("g") < 1))',
    ),
    "SQL": (
        'conf.set("spark.sql.ansi.enabled", "false")',
        'spark.sql("SELECT count(CAST(g AS INT)) FROM {d}", d=df)',
    ),
    "the last of a key": (
        'conf.set("spark.sql.mapKeyDedupPolicy", "LAST_WIN")',
        'df.select(F.sum(F.map_from_arrays(F.array("g", "g"), F.array("i", "x"))["a"]))',
    ),
    "both": (
        'conf.set("spark.sql.ansi.enabled", "false")\nconf.set("spark.sql.session.timeZone", "America/New_York")',
        'df.select(F.sum(F.hour("at")) + F.count(F.col("g").cast("int")))',
    ),
    "frames of pandas": (
        'conf.set("spark.sql.session.timeZone", "America/New_York")',
        'spark.createDataFrame(pd.DataFrame({"t": [pd.Timestamp("2026-03-01 10:00")]})).select(F.unix_timestamp("t"))',
    ),
    "rows": (
        'conf.set("spark.sql.session.timeZone", "America/New_York")',
        'spark.createDataFrame([("2026-03-01 10:00:00",)], ["t"]).select(F.unix_timestamp("t"))',
    ),
    "a type that is asked for": (
        'conf.set("spark.sql.ansi.enabled", "false")',
        'spark.range(1).select(F.lit(len((df.select(F.coalesce("g", F.lit(1))).dtypes[0][1]))))',
    ),
    "set and taken back": (
        'conf.set("spark.sql.session.timeZone", "Asia/Tokyo")\nconf.unset("spark.sql.session.timeZone")',
        'df.select(F.sum(F.hour("at")))',
    ),
}


@pytest.mark.parametrize("name", slow_one_in(3, SAME))
def test_numbers_are_those_of_spark_under_the_same_settings(engine, spark, path, name):
    before, asked = SAME[name]
    text = f"spark = df.sparkSession\nconf = spark.conf\n{before}\nreturn ({asked}).first()[0]"
    found: dict[str, Any] = {}
    exec(metric_text(text, HEAD), found)
    try:
        expected = found["calc_metric"](spark.read.parquet(path))
    finally:
        for key in ("spark.sql.session.timeZone", "spark.sql.ansi.enabled", "spark.sql.mapKeyDedupPolicy"):
            spark.conf.unset(key)
    result = engine.evaluate(metric_text(text, HEAD), Dataset(path)).overall
    assert (result.status, result.value) == ("ok", expected), result.error


def test_rows_in_pandas_are_in_the_zone(engine, spark, path):
    text = f'df.sparkSession.conf.set("{ZONE}", "America/New_York")\nreturn df.toPandas()["at"].dt.hour.sum()'
    expected = sum(row(i)["at"].astimezone(ZoneInfo("America/New_York")).hour for i in range(ROWS))
    assert engine.evaluate(metric_text(text, HEAD), Dataset(path)).overall.value == expected


def test_the_runs_time_is_that_of_the_zone(engine, path):
    text = f"""
df.sparkSession.conf.set("{ZONE}", "Asia/Tokyo")
asked = [F.current_date(), F.expr("current_date"), F.to_date(F.now()), F.to_date(F.localtimestamp())]
days = df.select(*(F.dayofmonth(day) for day in asked)).first()
assert len(set(days)) == 1, days
sql = df.sparkSession.sql("SELECT day(curdate()), hour(localtimestamp), hour(current_timestamp())").first()
return days[0] * 1_000_000 + sql[0] * 10_000 + sql[1] * 100 + sql[2]
"""
    run = engine.evaluate(metric_text(text, HEAD), Dataset(path), as_of="2026-03-31T20:00:00Z")
    assert run.overall.value == 1_010_505, run.overall.error  # the 1st of April, five in the morning


REFUSED: Final = {
    "a view with the old meaning": (
        'df.createTempView("v")\nspark.conf.set("spark.sql.ansi.enabled", "false")',
        "before the views are made",
    ),
    "many of them": (
        "for hour in range(1, 12):\n    spark.conf.set('spark.sql.session.timeZone', f'+{hour:02}:00')\n"
        "    df.count()",
        "from_utc_timestamp",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_apart_is_refused(engine, path, name):
    text, hint = REFUSED[name]
    result = engine.evaluate(
        metric_text(f"spark = df.sparkSession\n{text}\nreturn 1", HEAD), Dataset(path)
    ).overall
    assert result.status == "refused" and hint in result.error.hint, result


def test_a_metric_that_sets_many_takes_none_from_those_beside_it(engine, path):
    greedy = metric_text(f"spark = df.sparkSession\n{REFUSED['many of them'][0]}\nreturn 1", HEAD)
    modest = Metric(IN_A_ZONE, params={"zone": "Asia/Tokyo"})
    groups = [SegmentGroup.by_value("g")]
    runs = engine.evaluate_many({"greedy": greedy, "modest": modest}, Dataset(path), segments=groups)
    assert {result.status for result in runs["greedy"].results} == {"refused"}
    assert {result.status for result in runs["modest"].results} == {"ok"}


def test_a_segment_that_is_a_condition_is_not_asked_in_another_zone(engine, path):
    text = f'df.sparkSession.conf.set("{ZONE}", "Asia/Tokyo")\nreturn df.agg(F.sum(F.hour("at"))).first()[0]'
    groups = [SegmentGroup.where("late", "hour(at) > 12"), SegmentGroup.by_value("g")]
    run = engine.evaluate(metric_text(text, HEAD), Dataset(path), segments=groups)
    assert [result.status for result in run.results] == ["ok", "refused", "ok", "ok"]
    assert "condition in SQL" in run.results[1].error.message


@pytest.mark.parametrize(
    "zone", ["Nowhere/Place", "posix/UTC", "UTC; DROP", "", "+19:00", "../../etc/passwd"]
)
def test_a_zone_that_is_none_is_sparks_error(engine, path, zone):
    text = f"""
try:
    df.sparkSession.conf.set("{ZONE}", {zone!r})
except PySparkException as error:
    return float(error.getCondition() == "INVALID_CONF_VALUE.TIME_ZONE")
"""
    result = engine.evaluate(metric_text(text, HEAD), Dataset(path)).overall
    assert result.value == 1, result.error
    assert df_hour(engine, path) == sum(row(i)["at"].hour for i in range(ROWS))


def df_hour(engine: Engine, path: str) -> float | None:
    """The hours, to one who has set nothing."""
    text = 'return df.agg(F.sum(F.hour("at"))).first()[0]'
    return engine.evaluate(metric_text(text, HEAD), Dataset(path)).overall.value


CLOCKS: Final = {
    "put together": 'df.select(F.concat(F.lit("to"), F.lit("day")).alias("c"))',
    "spelled": 'df.select(F.concat(F.char(F.lit(110)), F.lit("ow")).alias("c"))',
    "in a step of its own": 'df.withColumn("c", F.concat(F.lit("to"), F.lit("day")))',
    "of one row": 'df.sparkSession.range(1).select(F.conv(F.lit(30668), 10, 36).alias("c"))',
    "of rows at hand": 'df.sparkSession.createDataFrame([(1,)], ["a"]).select(F.conv(F.lit(30668), 10, 36).alias("c"))',
}


@pytest.mark.parametrize("name", slow_one_in(2, CLOCKS))
def test_a_column_of_constants_is_never_read_as_the_clock(engine, path, name):
    text = f"""
frame = {CLOCKS[name]}
try:
    return frame.select(F.year(F.col("c").cast("date"))).first()[0]
except PySparkException as error:
    return float(error.getCondition() == "CAST_INVALID_INPUT")
"""
    result = engine.evaluate(metric_text(text, HEAD), Dataset(path)).overall
    assert (result.status, result.value) == ("ok", 1), result.error
