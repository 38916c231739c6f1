"""Which rows operators pick that leave it open, on several files: as plain PySpark with its defaults does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset
from engine.backends.spark.backend import LocalSpark
from tests.servers import engine_on
from tests.tiers import DEEP

pytestmark = [pytest.mark.spark, *DEEP]

PICKS = {
    "first": "df.first()['v']",
    "limit": "sum(row['v'] for row in df.limit(3).collect())",
    "limit before a sum": "df.limit(100).agg(F.sum('v')).first()[0]",
    "dropDuplicates": "df.dropDuplicates(['k']).agg(F.sum('v')).first()[0]",
    "first of a group": "df.groupBy('k').agg(F.first('v').alias('f')).agg(F.sum('f')).first()[0]",
    "ties": "df.orderBy('o').first()['v']",
}
PLAIN = """\
import json, sys
from tests.corpus.plain import run_spark
from pyspark.sql import functions as F
with run_spark() as spark:
    spark.conf.unset("spark.sql.shuffle.partitions")
    df = spark.read.parquet(sys.argv[1])
    print(json.dumps({name: eval(text) for name, text in json.loads(sys.argv[2]).items()}))
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(data_dir: Path) -> Path:
    made = data_dir / "picks"
    made.mkdir(exist_ok=True)
    for number in range(6):
        rows = range(number * 4000, number * 4000 + 4000)
        columns = {
            "k": [row * 7919 % 50 for row in rows],
            "v": [row * 31 % 24_001 for row in rows],
            "o": [row * 13 % 3 for row in rows],
        }
        pq.write_table(pa.table(columns), made / f"{number}.parquet")
    return made


def test_rows_are_picked_as_plain_pyspark_picks_them(
    spark_backend: LocalSpark, shared_options: dict[str, Any], folder: Path
) -> None:
    command = [sys.executable, "-c", PLAIN, str(folder), json.dumps(PICKS)]
    plain = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, check=True, cwd=ROOT)
    wanted = json.loads(plain.stdout.splitlines()[-1])
    found = {}
    with engine_on(spark_backend, **shared_options) as engine:
        for name, text in PICKS.items():
            source = f"from pyspark.sql import functions as F\ndef calc_metric(df):\n    return {text}\n"
            found[name] = engine.evaluate(source, Dataset(folder)).results[0].value
    assert found == wanted
