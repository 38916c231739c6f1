"""The Snowpark corpus on the Snowflake backend: the genuine connector, fakesnow in place of Snowflake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from engine import DataError, Dataset, Engine, Limits
from engine.backends import names
from engine.backends.snowflake.connection import parse_name
from engine.errors import BackendStartError
from tests.corpus.snowpark import fake_account, fake_cli
from tests.corpus.snowpark.bench import (
    APART,
    NAMES,
    Results,
    SnowBench,
    assert_apart_as_expected,
    assert_as_expected,
    metric_paths,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not fake_account.is_installed(), reason=fake_account.MISSING),
]


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory, table: pa.Table) -> Iterator[Path]:
    with fake_account.serve(tmp_path_factory.mktemp("fakesnow"), table) as path:
        yield path


@pytest.fixture(scope="module")
def bench(connections: Path) -> Iterator[SnowBench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            names, "Snowflake", partial(fake_account.FakeSnowflake, connections_file_path=connections)
        )
        with Engine(f"snowflake://{fake_account.NAME}") as engine:
            yield SnowBench(engine, Dataset(fake_account.TABLE, timestamp="ts"))


@pytest.mark.parametrize("name", NAMES)
def test_snowflake_gives_the_numbers_of_pandas(name: str, shared: Results, table: pa.Table) -> None:
    assert_as_expected(name, shared[name], table)


@pytest.mark.parametrize("names", APART)
def test_frames_that_ask_for_themselves_get_the_same(
    names: list[str], bench: SnowBench, table: pa.Table
) -> None:
    assert_apart_as_expected(names, bench, table)


def test_a_file_is_no_dataset_there(bench: SnowBench) -> None:
    with pytest.raises(DataError, match=r"DATABASE\.SCHEMA\.VIEW"):
        bench.engine.evaluate("def calc_metric(df):\n    return 1", Dataset("some/file.parquet"))


@pytest.mark.parametrize(
    ("name", "identifiers"),
    [
        ("t", ["T"]),
        ("db.sch.my_view", ["DB", "SCH", "MY_VIEW"]),
        ('"d b"."s.c"."it""s"', ["d b", "s.c", 'it"s']),
        ('DB."x".Y$1', ["DB", "x", "Y$1"]),
    ],
)
def test_names_of_tables(name: str, identifiers: list[str]) -> None:
    assert [part.this for part in parse_name(name)] == identifiers


@pytest.mark.parametrize(
    "name", ["", "a.b.c.d", "a..b", "a b", "a;b", '"a', "a.", "@stage", "t(1)", "a-b", "1a"]
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(DataError, match=r"DATABASE\.SCHEMA\.VIEW"):
        parse_name(name)


def test_what_goes_wrong_there(bench: SnowBench) -> None:
    unknown = "def calc_metric(df):\n    return df.agg({'nope': 'sum'}).collect()[0][0]\n"
    result = bench.engine.evaluate(unknown, bench.dataset).overall
    # Snowflake says 000904, which the author reads; fakesnow says something else, which nobody does.
    assert result.status == "backend_error" and "NOPE" not in str(result.error), result
    assert "localhost" not in str(result.error) and "fakesnow" not in str(result.error)
    with pytest.raises(DataError, match="cannot be read"):
        bench.engine.evaluate(unknown, Dataset("CORPUS.PUBLIC.NOT_THERE"))


def test_a_query_that_takes_too_long_is_a_limit(bench: SnowBench) -> None:
    endless = (  # 20,000 rows to the fourth: no machine ends it
        "from snowflake.snowpark import functions as F\n\n\ndef calc_metric(df):\n"
        "    a, b, c, d = (df.select(F.col('amount').alias(n)) for n in 'abcd')\n"
        "    rows = a.cross_join(b).cross_join(c).cross_join(d)\n"
        "    parts = F.col('a') * F.col('b') + F.col('c') * F.col('d')\n"
        "    return rows.agg(F.sum(F.sqrt(parts))).collect()[0][0]\n"
    )
    result = bench.engine.evaluate(endless, bench.dataset, limits=Limits(frame_seconds=1.5)).overall
    assert result.error is not None and result.error.code == "limit-frame-seconds", result
    after = bench.engine.evaluate(metric_paths()["fraud_rate"].read_text(), bench.dataset)
    assert after.overall.status == "ok"


def test_an_account_that_cannot_be_reached() -> None:
    with (
        pytest.raises(BackendStartError, match="connection 'nobody'"),
        Engine("snowflake://nobody") as engine,
    ):
        engine.evaluate("def calc_metric(df):\n    return 1", Dataset("T"))


def test_the_command_line_takes_a_connection_of_connections_toml(connections: Path) -> None:
    command = [sys.executable, "-m", fake_cli.__name__, "run", str(metric_paths()["fraud_rate"])]
    command += ["--backend", f"snowflake://{fake_account.NAME}", "--data", fake_account.TABLE]
    command += ["--by", "plan", "--format", "json"]
    environment = {**os.environ, "SNOWFLAKE_HOME": str(connections.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    assert run["backend"] == "snowflake://fake"
    assert [result["status"] for result in run["results"]] == ["ok"] * 4
