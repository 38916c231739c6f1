"""Against a real Snowflake account, which this project has none of: skipped unless the environment names one.

    CALCMETRIC_SNOWFLAKE_CONNECTION   a connection of connections.toml, whose role has a warehouse
    CALCMETRIC_SNOWFLAKE_SCHEMA       DATABASE.SCHEMA in which it may make temporary tables

Everything that the SQL policy lets through of the recorded queries is EXPLAINed there, as it is written out;
the corpus runs on a temporary table, in the one session that sees it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp

from engine import Dataset, Engine
from engine.backends import names
from engine.backends.snowflake.backend import Snowflake
from engine.backends.snowflake.connection import parse_name
from engine.snowflake.text import check_query, emit_snowflake
from tests.corpus.snowpark.bench import NAMES, Results, SnowBench, assert_as_expected
from tests.snowflake.text.table import COLUMNS, frame

CONNECTION = os.environ.get("CALCMETRIC_SNOWFLAKE_CONNECTION", "")
SCHEMA = os.environ.get("CALCMETRIC_SNOWFLAKE_SCHEMA", "")
RECORDED = Path(__file__).parents[2] / "snowflake" / "text" / "data" / "recorded.jsonl"


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CONNECTION and SCHEMA),
        reason="no account: set CALCMETRIC_SNOWFLAKE_CONNECTION and CALCMETRIC_SNOWFLAKE_SCHEMA",
    ),
]


class OneSession(Snowflake):
    """Snowflake with one session for all runs, because a temporary table is seen in its own session only."""

    def __init__(self, address: str, *, connection: Any) -> None:
        super().__init__(address)
        self._connection = connection

    def take(self) -> Any:
        return self._connection

    def give_back(self, connection: Any) -> None:
        del connection


@pytest.fixture(scope="module")
def connection(table: pa.Table) -> Iterator[Any]:
    from snowflake.connector.pandas_tools import write_pandas

    made = Snowflake(f"snowflake://{CONNECTION}").take()
    database, schema = (part.this for part in parse_name(SCHEMA))
    write = partial(
        write_pandas, made, database=database, schema=schema, table_type="temporary", auto_create_table=True
    )
    try:
        write(
            table.rename_columns([name.upper() for name in table.column_names]).to_pandas(), "CALC_PAYMENTS"
        )
        write(frame(), "CALC_RECORDED")
        yield made
    finally:
        made.close()


def passing() -> list[tuple[str, str]]:
    """Every recorded query that the policy lets through."""
    lines = [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]
    pairs = [
        (line["call"], *pair) for line in lines for pair in zip(line["sql"], line["outcome"], strict=True)
    ]
    return [(call, text) for call, text, told in pairs if not told.startswith("refused")]


@pytest.mark.parametrize(("call", "text"), passing())
def test_snowflake_understands_what_is_written(call: str, text: str, connection: Any) -> None:
    rows = exp.select("*").from_(exp.Table(this=exp.to_identifier("CALC_RECORDED", quoted=True)))
    (table,) = rows.find_all(exp.Table)
    table.set("db", parse_name(SCHEMA)[-1])
    table.set("catalog", parse_name(SCHEMA)[0])
    written = emit_snowflake(check_query(text, COLUMNS), rows)
    connection.cursor().execute(f"EXPLAIN USING TEXT {written}")


@pytest.fixture(scope="module")
def bench(connection: Any) -> Iterator[SnowBench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "Snowflake", partial(OneSession, connection=connection))
        with Engine(f"snowflake://{CONNECTION}") as engine:
            yield SnowBench(engine, Dataset(f"{SCHEMA}.CALC_PAYMENTS", timestamp="ts"))


@pytest.mark.parametrize("name", NAMES)
def test_snowflake_gives_the_numbers_of_pandas(name: str, shared: Results, table: pa.Table) -> None:
    assert_as_expected(name, shared[name], table)
