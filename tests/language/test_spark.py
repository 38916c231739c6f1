"""Genuine Spark Connect frames, columns and rows under the guards."""

# ruff: noqa: E501 - the sources under test are easier to read on one line

import textwrap

import pytest

from tests.language.running import codes_when_run, run
from tests.servers import plain_session

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frame(spark_backend):
    with plain_session(spark_backend) as session:
        rows = [(1, "a", 0.5, 10), (2, "a", 1.5, 20), (3, "b", None, 30)]
        yield session.createDataFrame(rows, "id int, g string, score double, age int")


HEAD = "import numpy as np\nimport pandas as pd\nfrom pyspark.sql import Window, functions as F, types as T\n"
HONEST = {
    "df.agg(F.avg('age')).first()[0]": 20,
    "df.agg({'age': 'max'}).collect()[0]['max(age)']": 30,
    "df.groupBy('g').agg(F.sum('age').alias('s')).orderBy(F.desc('s')).first().s": 30,
    "df.filter(df.age > 10).where(F.col('score').isNull()).count()": 1,
    "df.select('age').toPandas()['age'].mean()": 20,
    "df.select(df['age'].cast(T.DoubleType()).alias('a')).agg(F.max('a')).first()[0]": 30,
    "df.withColumn('r', F.row_number().over(Window.partitionBy('g').orderBy(F.col('age').desc()))).filter('r = 1').count()": 2,
    "df.na.fill(0.0).agg(F.sum('score')).first()[0]": 2,
    "df.join(df.alias('b').select(F.col('g').alias('h'), 'age'), F.col('g') == F.col('h')).count()": 5,
    "df.groupBy('g').pivot('id', [1, 2]).count().columns.count('1')": 1,
    "sum(r.age for r in df.select('age').collect())": 60,
    "len(df.schema.fieldNames()) + len(df.dtypes) + len(df.columns)": 12,
    "df.sparkSession.createDataFrame([(1,)], ['x']).count()": 1,
    "df.sparkSession.range(5).count()": 5,
    "df.transform(lambda d: d.limit(1)).cache().unpersist().count()": 1,
    "df.select(F.when(F.col('age').between(15, 35), 1).otherwise(0).alias('f')).agg(F.sum('f')).first()[0]": 2,
    "df.stat.corr('id', 'age')": 1,
    "df.select(F.transform(F.array('age'), lambda x: x + 1).alias('t')).first().t[0]": 11,
    "df.select(F.struct('id', 'age').alias('s')).select(F.col('s').age.alias('a')).first().a": 10,
    "next(df.orderBy('id').toLocalIterator()).asDict()['age']": 10,
    "df.toArrow().num_rows": 3,
}


@pytest.mark.parametrize("expression", HONEST)
def test_honest(frame, expression):
    assert run(f"{HEAD}def calc_metric(df):\n    return {expression}\n", frame) == pytest.approx(
        HONEST[expression]
    )


def test_views_and_sql(frame):
    text = """
    def calc_metric(df):
        df.createOrReplaceTempView("v")
        return df.sparkSession.sql("select max(age) as m from v").first()["m"]
    """
    assert run(textwrap.dedent(text), frame) == 30


REFUSED = (
    "df.write.csv('x')",
    "df.writeTo('x')",
    "df.rdd",
    "df.foreach(print)",
    "df.groupBy('g').applyInPandasWithState(lambda p: p, 'x int', 'x int', 'append', 'none')",
    "df.groupBy('g').apply(lambda p: p)",
    "df.pandas_api()",
    "df.explain()",
    "df.inputFiles()",
    "df.checkpoint()",
    "df.createGlobalTempView('v')",
    "df.sparkSession.read.text('/etc/hostname')",
    "getattr(df.sparkSession, 're' + 'ad')",
    "df.sparkSession.tvf.collations()",
    "df.sparkSession.catalog.dropTable('v')",
    "df.sparkSession.conf._client",
    "df.sparkSession.catalog.listTables()",
    "df.sparkSession.client",
    "df.sparkSession.udf.registerJavaFunction",
    "df.sparkSession.udtf",
    "df.sparkSession.stop()",
    "df.sparkSession.builder",
    "df.age.to_plan",
    "F.pandas_udtf(lambda x: x, 'int')",
    "getattr(F, 'ud' + 'tf')(lambda x: x)",
)


@pytest.mark.parametrize("expression", REFUSED)
def test_refused(frame, expression):
    (code,) = codes_when_run(f"{HEAD}def calc_metric(df):\n    return {expression}\n", frame)
    assert code == ("attribute-underscore" if "._" in expression else "attribute-refused")


def test_a_sql_template_reaches_no_attributes(frame):
    text = "def calc_metric(df):\n    return df.sparkSession.sql({!r}, x=df).first()[0]\n"
    assert run(text.format("select max(age) from {x}"), frame) == 30
    assert codes_when_run(text.format("select '{x.__class__}'"), frame) == {"call-refused"}


CLOSED = ("df", "df.sparkSession", "df.sparkSession.conf", "df.sparkSession.catalog", "df.sparkSession.tvf")


@pytest.mark.parametrize("holder", CLOSED)
def test_types_that_make_sessions_stay_closed(frame, holder):
    assert codes_when_run(f"def calc_metric(df):\n    return type({holder})\n", frame) == {"call-refused"}
