"""What becomes of a query: passed or refused, and whether DuckDB runs it over the test's table."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text import check_query, emit_duckdb, emit_snowflake
from tests.snowflake.text.table import COLUMNS, DUCKDB_SCHEMA, frame

FRAME = exp.select("*").from_(exp.to_table("t", dialect="duckdb"))


@cache
def database() -> Any:
    """DuckDB with the table as t."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE t ({DUCKDB_SCHEMA})")
    connection.register("given", frame())
    connection.execute("INSERT INTO t SELECT * FROM given")
    return connection


def run(text: str) -> Any:
    """The rows of a query of a guest, as DuckDB gives them, by pandas."""
    return database().execute(emit_duckdb(check_query(text, COLUMNS), FRAME)).df()


def verdict(text: str) -> str:
    """What the policy says of a query: "passes", or on which side it is refused, with the code."""
    return _emit(text)[0]


def outcome(text: str) -> str:
    """What becomes of a query: "runs" on DuckDB, or "fails" there, or `verdict`."""
    said, emitted = _emit(text)
    if said != "passes":
        return said
    try:
        database().execute(emitted).fetchall()
    except duckdb.Error as error:
        return f"fails: {str(error).splitlines()[0][:80]}"
    return "runs"


def _emit(text: str) -> tuple[str, str]:
    try:
        checked = check_query(text, COLUMNS)
        emit_snowflake(checked, FRAME)
    except PlanRefused as refusal:
        return f"refused: {refusal.code}", ""
    try:
        return "passes", emit_duckdb(checked, FRAME)
    except PlanRefused as refusal:
        return f"snowflake only: {refusal.code}", ""
