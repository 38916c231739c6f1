"""Guests that own their worker, against the gateway for SQL: the language layer is off for them.

A secret row lies outside of the run's range, a secret file inside of the roots; no request may give either.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, TimeRange
from engine.models.run import Run
from tests.engine.conftest import make_table

SECRET = 987_654_321
BEFORE = """
from sandbox.contract.framing import Kind, SqlMethod, Method
import socket, os

def ask(df, text, method=SqlMethod.QUERY):
    connection = df.session._conn._conn
    payload = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return list(connection._transport.request(method, payload))

def number(df, text):
    connection = df.session._conn._conn
    return float(connection.fetch(text)[1].rows()[0][0])
"""


@pytest.fixture(scope="module")
def secret_file(data_dir: Path) -> Path:
    folder = data_dir / "hostile"
    folder.mkdir()
    pq.write_table(pa.table({"n": [SECRET]}), folder / "theirs.parquet")
    return folder / "theirs.parquet"


@pytest.fixture(scope="module")
def guarded(data_dir: Path, secret_file: Path) -> Dataset:
    """The ordinary rows, and a secret one of long ago."""
    table = make_table()
    old = table.slice(0, 1).to_pylist()[0]
    old |= {"n": SECRET, "at": old["at"].replace(year=2020)}
    path = secret_file.parent / "mine.parquet"
    pq.write_table(pa.concat_tables([table, pa.Table.from_pylist([old], schema=table.schema)]), path)
    return Dataset(path, timestamp="at")


def run(engine: Engine, dataset: Dataset, body: str) -> Run:
    source = f"{BEFORE}\ndef calc_metric(df):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    range_ = TimeRange("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    return engine.evaluate(source, dataset, time=range_)


TEXTS = (
    "SELECT max(n) FROM read_parquet('{file}')",
    "SELECT max(n) FROM '{file}'",
    'SELECT max("N") FROM "{file}"',
    "SELECT max(n) FROM parquet_scan('{file}')",
    "SELECT max(n) FROM TABLE(read_parquet('{file}'))",
    "SELECT (SELECT max(n) FROM read_parquet('{file}')) FROM \"FRAME\"",
    'SELECT max("N") FROM "_calcmetric_t"',
    'SELECT max("N") FROM "_calcmetric_f"',
    'WITH "FRAME" AS (SELECT * FROM "_calcmetric_f") SELECT max("N") FROM "FRAME"',
    'SELECT max("N") FROM "FRAME" UNION ALL SELECT max(n) FROM read_parquet(\'{file}\')',
    'SELECT max("N") FROM (SELECT * FROM "FRAME") AS "F", LATERAL (SELECT * FROM "mine")',
    'SELECT max("N") FROM "FRAME" WHERE 1 = 1) OR (1 = 1',
    'SELECT max("N") FROM "FRAME") AS "FRAME" WHERE TRUE -- ',
    'SELECT max("N") FROM "FRAME" /* */ ; SELECT 1',
    "SELECT getenv('CALCMETRIC_DUCKDB')",
    "SELECT current_setting('allowed_directories')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_database_list()",
    "SELECT content FROM read_text('{file}')",
    "COPY (SELECT 1) TO '{file}'",
    "ATTACH '{file}' AS x",
    "PRAGMA database_list",
    "SET threads = 1",
    "INSTALL httpfs",
    'EXPLAIN SELECT * FROM "FRAME"',
    'DESCRIBE "FRAME"',
    "select system$cancel_all_queries(1)",
    "call system$wait(1)",
    "SELECT max(\"N\") FROM identifier('mine')",
    'SELECT max("N") FROM $1',
    "SELECT max($1) FROM @stage",
    'SELECT "SEQ".NEXTVAL',
    'SELECT max("N") FROM "FRAME" AT (OFFSET => -60)',
    'SELECT "FRAME".* EXCLUDE ("N"), metadata$filename FROM "FRAME"',
    "SELECT query('SELECT 1')",
    "SELECT max(n) FROM query_table(['{file}'])",
    "SELECT * FROM query('SELECT max(n) FROM read_parquet(''{file}'')')",
)


def test_no_text_reads_but_the_frame(bare: Engine, guarded: Dataset, secret_file: Path) -> None:
    texts = [text.replace("{file}", str(secret_file)) for text in TEXTS]
    body = f"""
    for text in {texts!r}:
        try:
            print("GOT", text, number(df, text))
        except Exception as error:
            print("HELD:", text, error)
    return df.count()
    """
    result = run(bare, guarded, body).overall
    assert result.value == 300.0
    assert result.printed.count("HELD:") == len(TEXTS) and "GOT" not in result.printed, result.printed
    assert str(SECRET) not in str(result)


BYTES = (
    r"b'\xff\xfe\x00SELECT'",
    "b''",
    r"b'SELECT \x00 FROM'",
    r"'SELECT \ud800'",
    "'SELECT ' + '(' * 5000 + '1' + ')' * 5000",
    "'SELECT ' + ' + '.join(['1'] * 100000)",
    "'SELECT ' + 'x' * (1 << 20)",
    "'SELECT * FROM ' + ', '.join(['\"FRAME\"'] * 200)",
)


def test_texts_that_are_none_are_refused(bare: Engine, guarded: Dataset) -> None:
    body = f"""
    for payload in ({", ".join(BYTES)}):
        try:
            print("GOT", len(ask(df, payload)))
        except Exception as error:
            print("HELD:", error)
    return df.count()
    """
    result = run(bare, guarded, body).overall
    assert result.value == 300.0
    assert result.printed.count("HELD:") == len(BYTES) and "GOT" not in result.printed, result.printed


FRAMES = (
    "ask(df, 'SELECT 1', Method.EXECUTE)\nreturn 1",
    "ask(df, 'SELECT 1', Method.ANALYZE)\nreturn 1",
    "df.session._conn._conn._transport._channel.send(Kind.REQUEST, b'')\nreturn 1",
    "df.session._conn._conn._transport._channel.send(Kind.REQUEST, bytes((99,)), b'SELECT 1')\nreturn 1",
    "df.session._conn._conn._transport._channel.send(Kind.USED)\nreturn 1",
    "df.session._conn._conn._transport._channel.send(Kind.START, b'')\nreturn 1",
)


@pytest.mark.parametrize("body", FRAMES)
def test_frames_that_no_honest_worker_sends_end_it(bare: Engine, guarded: Dataset, body: str) -> None:
    result = run(bare, guarded, body).overall
    assert result.status == "lost" and result.error is not None and result.error.code == "worker-garbage"


OUT = (
    "socket.create_connection(('127.0.0.1', 80), timeout=1)\nreturn 1",
    "return len(open('{file}', 'rb').read())",
    "return len(os.listdir('{folder}'))",
    "import subprocess\nsubprocess.run(['true'])\nreturn 1",
    "import snowflake.connector\nsnowflake.connector.connect(account='a', user='b', password='c')\nreturn 1",
    "import threading\nthreads = os.listdir('/proc/self/task')\nreturn 1",
)


@pytest.mark.parametrize("body", OUT)
def test_a_snowpark_worker_is_confined_like_any_other(
    bare: Engine, guarded: Dataset, secret_file: Path, body: str
) -> None:
    filled = body.replace("{file}", str(secret_file)).replace("{folder}", str(secret_file.parent))
    assert run(bare, guarded, filled).overall.status in ("raised", "lost", "limit")


def test_what_runs_in_a_worker_before_a_guest(bare: Engine, guarded: Dataset) -> None:
    body = """
    import sys
    names = ("HOME", "USER", "SNOWFLAKE_HOME", "PATH")
    print({name: os.environ.get(name) for name in names})
    print("pyspark.sql" in sys.modules, "grpc" in sys.modules)
    return len(df.session._conn._conn._session_parameters)
    """
    result = run(bare, guarded, body).overall
    assert result.status == "ok", result
    assert "'HOME': '/nonexistent'" in result.printed and "False False" in result.printed


def test_the_next_run_is_an_ordinary_one(bare: Engine, guarded: Dataset) -> None:
    run_ = run(bare, guarded, "return df.count()")
    assert run_.overall.value == 300.0
