"""What a call of calc_metric sets, and its views, are its own: no other call sees any of it."""

from __future__ import annotations

import pytest

from engine import Dataset, Engine, SegmentGroup
from tests.backends.little import little_spark
from tests.metric_text import metric_text
from tests.servers import ASKS_SPARK, engine_on
from tests.tiers import all_but

HEAD = """
import pandas as pd
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F
"""


@pytest.fixture(scope="module")
def values(data_dir):
    folder = data_dir / "own-settings"
    folder.mkdir(exist_ok=True)
    (folder / "x.csv").write_text("g,x\na,1\na,2\nb,3\n")
    return Dataset(folder / "x.csv")


@pytest.fixture(scope="module", params=ASKS_SPARK)
def engine(request, shared_options):
    server = request.getfixturevalue(f"{request.param}_backend")
    with engine_on(server, **shared_options) as engine:
        yield engine


def body(text: str) -> str:
    return metric_text("spark = df.sparkSession\n" + text.strip(), HEAD)


ON_SPARK = ("a range", "how local data is read", "moments of pandas", "rows of a map", "rows of an array")
WORKS = {
    "a setting is read": ("return float(spark.conf.get('spark.sql.ansi.enabled') == 'true')", 1),
    "a default": ("return float(spark.conf.get('spark.my.own', '7'))", 7),
    "what is not there": ("return float(spark.conf.get('spark.my.own', None) is None)", 1),
    "no such setting": (
        "try:\n    spark.conf.get('spark.master')\nexcept Exception as e:\n"
        "    return float(e.getCondition() == 'SQL_CONF_NOT_FOUND')",
        1,
    ),
    "what holds is set": (
        "spark.conf.set('spark.sql.session.timeZone', 'UTC')\n"
        "spark.conf.set('spark.sql.ansi.enabled', True)\nreturn df.count()",
        3,
    ),
    "how it runs": (
        "spark.conf.set('spark.sql.shuffle.partitions', 7)\nassert df.groupBy('g').count().count() == 2\n"
        "return float(spark.conf.get('spark.sql.shuffle.partitions'))",
        7,
    ),
    "taken back": (
        "spark.conf.set('spark.sql.shuffle.partitions', 7)\n"
        "spark.conf.unset('spark.sql.shuffle.partitions')\n"
        "return float(spark.conf.get('spark.sql.shuffle.partitions'))",
        200,
    ),
    "what may be set": (
        "return spark.conf.isModifiable('spark.sql.shuffle.partitions') + 2 * "
        "spark.conf.isModifiable('spark.sql.ansi.enabled') + 4 * "
        "spark.conf.isModifiable('spark.sql.caseSensitive')",
        3,
    ),
    "a note of its own": ("spark.conf.set('my.key', 4)\nreturn float(spark.conf.get('my.key'))", 4),
    "all": ("return float(len(spark.conf.getAll) > 20)", 1),
    "how local data is read": (
        "spark.conf.set('spark.sql.pyspark.inferNestedDictAsStruct.enabled', True)\n"
        "return float(spark.createDataFrame([({'a': 1},)], ['s']).select('s.a').first()[0])",
        1,
    ),
    "a view is there, and dropped": (
        "assert not spark.catalog.tableExists('v')\ndf.createTempView('v')\n"
        "assert spark.catalog.tableExists('V')\n"
        "assert spark.catalog.dropTempView('v')\nassert not spark.catalog.tableExists('v')\n"
        "return float(not spark.catalog.dropTempView('v'))",
        1,
    ),
    "a view is made again": (
        "df.createTempView('v')\nspark.catalog.dropTempView('v')\ndf.filter('x > 1').createTempView('v')\n"
        "return spark.sql('select count(*) from v').first()[0]",
        2,
    ),
    "a view twice": (
        "df.createTempView('v')\ntry:\n    df.createTempView('v')\nexcept AnalysisException as e:\n"
        "    return float(e.getCondition() == 'TEMP_TABLE_OR_VIEW_ALREADY_EXISTS')",
        1,
    ),
    "rows of an array": ("return spark.tvf.explode(F.array(F.lit(1), F.lit(2))).count()", 2),
    "rows of a map": (
        "return spark.tvf.explode_outer(F.create_map(F.lit('a'), F.lit(4))).first()['value']",
        4,
    ),
    "a range": ("return spark.tvf.range(3).count()", 3),
    "moments of pandas": (
        "made = spark.createDataFrame([(pd.Timestamp('2026-03-01 10:00'), pd.Timedelta('1h'))], ['t', 'd'])\n"
        "return made.select(F.hour('t')).first()[0]",
        10,
    ),
    "moments of pandas in a zone": (
        "made = spark.createDataFrame([{'t': pd.Timestamp('2026-03-01 10:00', tz='Europe/Berlin')}])\n"
        "return made.select(F.hour('t')).first()[0]",
        9,
    ),
    "no moment": (
        "made = spark.createDataFrame([(1, pd.NaT), (2, pd.Timestamp('2026-03-01'))], 'n int, t timestamp')\n"
        "return made.filter('t is null').first()['n']",
        1,
    ),
}


@pytest.mark.parametrize("name", all_but(ON_SPARK, WORKS))
def test_as_on_spark(engine, values, name):
    text, value = WORKS[name]
    result = engine.evaluate(body(text), values).overall
    assert (result.status, result.value) == ("ok", value), result.error


def test_what_a_call_sets_is_not_there_in_the_next(engine, values):
    text = """
key = 'spark.sql.shuffle.partitions'
seen = float(spark.conf.get(key)) + spark.catalog.tableExists('v')
spark.conf.set(key, 7)
df.createOrReplaceTempView('v')
return seen
"""
    run = engine.evaluate(body(text), values, segments=[SegmentGroup.by_value("g")])
    assert [result.value for result in run.results] == [200] * 3


@pytest.mark.slow
@pytest.mark.spark
def test_rows_are_numbered_in_each_segment_by_itself(spark_backend, shared_options, values):
    text = "return df.zipWithIndex('at').orderBy('at').agg(F.sum('at') * 10 + F.max('at')).first()[0]"
    with engine_on(spark_backend, **shared_options) as engine:
        run = engine.evaluate(body(text), values, segments=[SegmentGroup.by_value("g")])
    assert [result.value for result in run.results] == [32, 11, 0]


REFUSED = {
    "case": ("spark.conf.set('spark.sql.caseSensitive', 'true')", "differ only in case"),
    "the type of timestamps": ("spark.conf.set('spark.sql.timestampType', 'TIMESTAMP_NTZ')", "name the type"),
    "anything": ("spark.conf.set('spark.sql.warehouse.dir', '/tmp')", "into the query"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_all_frames_share_is_refused(engine, values, name):
    text, hint = REFUSED[name]
    result = engine.evaluate(body(f"{text}\nreturn 1"), values).overall
    assert result.status == "refused" and hint in result.error.hint


@pytest.mark.parametrize(
    "text",
    [
        "spark.conf.set('spark.sql.session.timeZone', 'Asia/Tokyo')",
        "spark.conf.set('spark.sql.ansi.enabled', False)",
    ],
)
def test_a_server_that_is_not_known_to_follow_a_setting_is_not_told_of_it(
    data_dir, worker_pool, values, text
):
    with little_spark(), Engine("spark", roots=(data_dir,), pool=worker_pool) as engine:
        result = engine.evaluate(body(f"{text}\nreturn df.count()"), values).overall
        assert (
            result.status == "refused"
            and result.error is not None
            and "F.from_utc_timestamp" in result.error.hint
        )
        assert engine.evaluate(body("return df.count()"), values).overall.value == 3
