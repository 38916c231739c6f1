"""Columns that cannot be read, as a metric's author and a caller hear of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, SegmentGroup
from engine.errors import DataError
from engine.models.left_out import LeftOut
from engine.models.result import FrameError
from engine.results.unreadable import name_unreadable
from tests.servers import engine_on

LEFT_OUT = {name: LeftOut(name.upper(), "duration[ns]", "why") for name in ("t", "a.b")}


@pytest.mark.parametrize(
    "text",
    [
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] there is no column `t`; did you mean `x`?",
        "[UNRESOLVED_COLUMN] there is no column `df`.`T`",
        "there is no column `a.b`; did you mean `x`?",
        "[UNRESOLVED_COLUMN] A column, variable, or function parameter with name `t` cannot be resolved.",
        "[ATTRIBUTE_NOT_SUPPORTED] Attribute `t` is not supported.",
        "[KEY_NOT_EXISTS] Key `t` is not exist.",
        "(1105): The DataFrame does not contain the column named T.",
        'Binder Error: Referenced column "T" not found in FROM clause!',
        'Table "frame" does not have a column named "T"',
        "SQL compilation error: invalid identifier 'T'",
        "'DataFrame' object has no attribute 't'",
        "AttributeError: Table object has no attribute t",
        "AttributeError: Row object has no attribute T",
        '(1304): Column "T" referenced that exists in the SELECT clause - but this',
        'Unable to rename column "T" because it doesn\'t exist.',
        "KeyError: 'No StructField named T'",
        '[CANNOT_RESOLVE_DATAFRAME_COLUMN] Cannot resolve dataframe column "t". It is probably',
        "[UNRESOLVED_USING_COLUMN_FOR_JOIN] USING column `t` cannot be resolved on the left side",
        'The Spark Connect plan is invalid. Cannot resolve column name "t" among (x, g).',
        "pyspark.PySparkValueError: t",
        "KeyError: 't'",
        "'t'",
    ],
)
def test_every_way_to_say_that_there_is_no_such_column_is_understood(text):
    found = name_unreadable(FrameError("raised", text, 7), LEFT_OUT)
    assert found is not None
    assert (found.code, found.line) == ("column-unreadable", 7)
    assert "duration[ns]" in found.message


@pytest.mark.parametrize(
    "text", ["there is no column `tt`", "division by zero in t", "KeyError: 'x'", "t", "", "'t' " * 1_000_000]
)
def test_other_errors_stay_what_they_are(text):
    assert name_unreadable(FrameError("raised", text), LEFT_OUT) is None
    assert name_unreadable(FrameError("raised", "there is no column `t`"), {}) is None


@pytest.fixture(scope="module")
def data(data_dir: Path) -> Path:
    folder = data_dir / "left-out"
    folder.mkdir(exist_ok=True)
    table = {"X": [1.0, 2.0], "D": pa.array([1, 2], pa.duration("s")), "G": ["a", "b"]}
    pq.write_table(pa.table(table), folder / "a.parquet")
    return folder / "a.parquet"


@pytest.fixture(scope="module")
def engine(data_dir: Path) -> Iterator[Engine]:
    with Engine("duckdb", roots=(data_dir,), workers=1) as made:
        yield made


def metric(body: str) -> str:
    return f"from snowflake.snowpark import functions as F\ndef calc_metric(df):\n    return {body}\n"


def test_a_run_that_does_not_name_it_warns_and_counts(engine, data):
    groups = [SegmentGroup.by_value("G"), SegmentGroup.where("some", "X > 1")]
    run = engine.evaluate(metric("float(df.agg(F.sum('X')).collect()[0][0])"), Dataset(data), segments=groups)
    assert [result.value for result in run.results] == [3.0, 1.0, 2.0, 2.0]
    [warning] = run.report.warnings
    assert warning.code == "column-unreadable"
    assert "'D' is left out: its type is duration[s]" in warning.message
    assert engine.plan(metric("1"), Dataset(data)).warnings == (warning,)


@pytest.mark.parametrize(
    "body",
    [
        *(
            "df.agg(F.max('D')).collect()[0][0]",
            "df['D']",
            "df.to_pandas()['D'].max()",
            "df.select('D').count()",
        ),
        *(
            "df.D",
            "df.first().D",
            "df.first()['D']",
            "df.filter('d > 1').count()",
            "df.select('*', 'D').count()",
        ),
        *(
            "df.select_expr('max(d)').collect()[0][0]",
            "df.sort('D').first()[0]",
            "df.group_by('D').count().count()",
        ),
        *(
            "df.with_column_renamed('D', 'E').count()",
            "df.schema['D'].name",
            "df.drop_duplicates('D').count()",
        ),
    ],
)
def test_a_metric_that_names_it_is_told_why(engine, data, body):
    result = engine.evaluate(metric(body), Dataset(data)).overall
    assert (result.status, result.error.code, result.error.line) == ("refused", "column-unreadable", 3)
    assert "duration[s]" in result.error.message


@pytest.mark.parametrize(
    "options",
    [
        {"segments": [SegmentGroup.by_value("d")]},
        {"segments": [SegmentGroup.cross(SegmentGroup.by_value("G"), SegmentGroup.by_buckets("D", [1, 2]))]},
        {"segments": [SegmentGroup.where("some", "D > 1")]},
        {"timestamp": "D"},
    ],
)
def test_a_segment_or_timestamp_that_names_it_is_refused(engine, data, options):
    dataset = Dataset(data, timestamp=options.pop("timestamp", None))
    with pytest.raises(DataError, match=r"'D' cannot be read: its type is duration\[s\].*column-unreadable"):
        engine.evaluate(metric("1"), dataset, **options)


def test_data_without_a_column_that_can_be_read_is_refused(engine):
    table = pa.table({"d": pa.array([1], pa.duration("s"))})
    with pytest.raises(DataError, match=r"none of its columns can be read: 'd' \(duration\[s\]\)"):
        engine.evaluate(metric("1"), Dataset(table))


SPARK = """
from pyspark.sql import functions as F


def calc_metric(df):
    tries = {
        "attribute": lambda: df.select(df.d).count(),
        "item": lambda: df.select(df["d"]).count(),
        "name": lambda: df.select("d").count(),
        "column": lambda: df.select(F.col("D")).count(),
        "text": lambda: df.filter("d > 1").count(),
        "field": lambda: df.select("s.d").count(),
        "sort": lambda: df.orderBy("d").first(),
        "join": lambda: df.join(df, "d").count(),
        "duplicates": lambda: df.dropDuplicates(["d"]).count(),
        "row": lambda: df.first()["d"],
        "rows": lambda: df.first().d,
        "star": lambda: df.select("*").count(),
        "dropped": lambda: df.drop("d").count(),
    }
    return float(tries["NAME"]())
"""


@pytest.mark.spark
@pytest.mark.slow
def test_every_way_to_name_it_on_spark(spark_backend, shared_options):
    part = pa.StructArray.from_arrays([pa.array([1, 2]), pa.array([1, 2], pa.duration("s"))], ["a", "d"])
    table = pa.table({"x": [1.0, 2.0], "d": pa.array([1, 2], pa.duration("s")), "s": part})
    names = re.findall(r'"(\w+)": lambda', SPARK)
    with engine_on(spark_backend, **shared_options) as made:
        runs = made.evaluate_many({name: SPARK.replace("NAME", name) for name in names}, Dataset(table))
    found = {name: run.overall for name, run in runs.items()}
    assert {name: found.pop(name).value for name in ("star", "dropped")} == {"star": 2.0, "dropped": 2.0}
    assert {name: one.error and one.error.code for name, one in found.items()} == dict.fromkeys(
        found, "column-unreadable"
    )
