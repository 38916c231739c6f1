"""Workers without the wall, for a person's own code: the same program, and so the same results.

The wall keeps them from telling what they ran. These workers may, so that where coverage is measured it is
measured here, for all that a worker runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from engine import Dataset, Engine
from engine.backends.native.backend import NativeSpark
from engine.models.run import Run
from engine.pool import zygote
from engine.pool.worker import Worker
from tests.engine.support import BY_GROUP, metric
from tests.servers import engine_on
from tests.snowflake.metrics.support import metric as snowpark_metric

UNCONFINED: Final = "unconfined-for-my-own-code-only"

_BEFORE = '''
import datetime as dt
import statistics
import warnings

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Window
from pyspark.sql import types as T

@F.udf("double")
def half(v):
    return None if v is None else v / 2

@F.pandas_udf("double")
def doubled(s: pd.Series) -> pd.Series:
    return s * 2

@F.pandas_udf("double")
def spread(s: pd.Series) -> float:
    return float(s.max() - s.min())

def sevens(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"n": frame["n"] * 7})

def parts(frames):
    for frame in frames:
        yield frame[["n"]]

class Counter:
    """Counts."""

    def __init__(self):
        self.seen = 0

    def see(self, row):
        self.seen += row.n
        return self
'''

METRICS: Final = {
    "aggregate": "return df.agg(F.sum('n')).first()[0]",
    "collected": "return statistics.median(row.n for row in df.select('n').collect())",
    "pandas": "return df.toPandas()['x'].quantile(0.3)",
    "text of pandas": "return df.toPandas().query('n > 10').eval('n + x').sum()",
    "arrow": "return pc.sum(df.toArrow()['n']).as_py()",
    "sql": "df.createOrReplaceTempView('t'); return df.sparkSession.sql('SELECT avg(x) FROM t').first()[0]",
    "sql of frames": "return df.sparkSession.sql('SELECT max(n) FROM {f}', f=df).first()[0]",
    "made here": "return df.sparkSession.createDataFrame([(1, 'a')], 'k int, s string').count()",
    "dates": "return (dt.datetime(2026, 3, 2, tzinfo=dt.UTC) - df.agg(F.min('at')).first()[0].replace("
    "tzinfo=dt.UTC)).total_seconds()",
    "window": "w = Window.partitionBy('g').orderBy('n')\n"
    "return df.select((F.col('n') - F.lag('n').over(w)).alias('d')).agg(F.avg('d')).first()[0]",
    "schema": "return len(df.schema.fields) + len(df.columns) + len(df.dtypes)",
    "shown": "df.printSchema(); print(df); return df.limit(3).count()",
    "cached": "rows = df.filter('n % 2 = 0').cache(); return rows.count() + rows.agg(F.max('n')).first()[0]",
    "class": "counter = Counter()\nfor row in df.toLocalIterator(): counter.see(row)\nreturn counter.seen",
    "random": "return np.random.default_rng().random() + np.random.rand()",
    "warned": "warnings.warn('careful'); return df.count()",
    "udf": "return df.select(half('n').alias('h')).agg(F.sum('h')).first()[0]",
    "pandas_udf": "return df.select(doubled('x').alias('d')).agg(F.max('d')).first()[0]",
    "own aggregate": "return df.groupBy('g').agg(spread('n').alias('s')).agg(F.sum('s')).first()[0]",
    "groups": "return df.groupBy('g').applyInPandas(sevens, 'n long').agg(F.sum('n')).first()[0]",
    "batches": "return df.mapInPandas(parts, 'n long').count()",
    "science": "from scipy import stats\nreturn stats.skew(df.select('n').toPandas()['n'])",
    "statsmodels": "from statsmodels.stats.proportion import proportion_confint\n"
    "return proportion_confint(3, df.count())[1]",
    "decorated": "return df.transform(lambda one: one.where('n > 5')).count()",
    "raised": "raise ValueError('no')",
    "raised in a function": "return df.select(F.udf(lambda v: 1 // 0, 'int')('n').alias('a')).first().a",
    "caught": "try:\n    int('x')\nexcept Exception as error:\n    return len(str(error)) > 0 and 1",
    "nothing": "df.count()",
    "text": "return 'two'",
    "infinite": "return float('inf')",
    "frame": "return df",
    "refused": "return df.sparkSession.table('secrets').count()",
}

SNOWPARK_METRICS: Final = {
    "aggregate": "return df.agg(F.sum('n')).collect()[0][0]",
    "collected": "return sum(row['N'] for row in df.select('n').collect())",
    "pandas": "return df.to_pandas()['X'].quantile(0.3)",
    "grouped": "return df.group_by('g').agg(F.avg('x').alias('a')).agg(F.max('a')).collect()[0][0]",
    "sql": "return df.session.sql('SELECT 1 AS one').collect()[0][0]",
    "iterated": "return sum(row[0] for row in df.select('n').to_local_iterator())",
    "made here": "return df.session.create_dataframe([[1, 'a']], schema=['k', 's']).count()",
    "schema": "return len(df.schema.fields) + len(df.columns)",
    "shown": "df.show(2); return df.limit(3).count()",
    "raised": "raise ValueError('no')",
    "wrong column": "return df.agg(F.sum('m')).collect()[0][0]",
    "nothing": "df.count()",
    "text": "return 'two'",
    "refused": "return df.session.table('secrets').count()",
}


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let workers be measured where this process is.

    They are forked, and end by themselves, not by SIGKILL, so that they can write what was measured.
    """
    if "COVERAGE_PROCESS_CONFIG" not in os.environ:
        return
    settings, environment = tmp_path / "coverage.toml", zygote.program_environment
    data = json.dumps(str(Path(__file__).parents[2] / ".coverage"))
    settings.write_text(
        f"[tool.coverage.run]\nbranch = true\nparallel = true\npatch = ['_exit', 'fork']\n"
        f"source_pkgs = ['engine', 'sandbox']\ndata_file = {data}\n"
    )
    monkeypatch.setattr(
        zygote, "program_environment", lambda: {**environment(), "COVERAGE_PROCESS_START": str(settings)}
    )
    monkeypatch.setattr(Worker, "close", _end_by_itself)


def _end_by_itself(worker: Worker, reason: str = "") -> None:
    worker.channel.close()
    worker.wait_end()


def _seen(runs: Mapping[str, Run]) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: [(one.frame, one.status, one.value, one.rows, one.error, one.printed) for one in run.results]
        for name, run in runs.items()
    }


def test_metrics_give_what_they_give_behind_the_wall(
    native_backend: NativeSpark, data_dir: Path, spool_dir: Path, rows: Dataset
) -> None:
    sources = {name: metric(body, _BEFORE) for name, body in METRICS.items()}
    seen = []
    for isolation in ("landlock", UNCONFINED):
        options = {"isolation": isolation, "roots": (data_dir,), "extra_imports": ("standard",), "workers": 2}
        with engine_on(native_backend, spool_dir, **options) as engine:
            seen.append(_seen(engine.evaluate_many(sources, rows, segments=[BY_GROUP])))
    assert seen[0] == seen[1]


def test_metrics_of_snowpark_give_what_they_give_behind_the_wall(rows_file: Path) -> None:
    sources = {name: snowpark_metric(body) for name, body in SNOWPARK_METRICS.items()}
    seen = []
    for isolation in ("landlock", UNCONFINED):
        with Engine("duckdb", roots=(rows_file.parent,), isolation=isolation, workers=2) as engine:
            seen.append(_seen(engine.evaluate_many(sources, Dataset(rows_file, timestamp="at"))))
    assert seen[0] == seen[1]
