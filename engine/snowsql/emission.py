"""Binding the frame to a checked query, and writing it for a backend. Trusted side, pure.

`frame` is a query of the engine's own making: the relation, its segment and its time range. It is put into
the text as a query in parentheses wherever the tree reads the placeholder; nothing else of the text depends
on it.
"""

from __future__ import annotations

from typing import Any

from engine.snowsql.check import CheckedQuery
from engine.snowsql.duckdb import DuckdbWriter
from engine.snowsql.emit import Writer


def emit_snowflake(query: CheckedQuery, frame: Any) -> str:
    """The text of a query for Snowflake.

    Args:
        query: checked.
        frame: the query (`sqlglot.exp.Query`) that gives the frame's rows; trusted.

    Raises:
        PlanRefused: if the text becomes too long.
    """
    return Writer(frame.sql(dialect="snowflake")).write(query.tree)


def emit_duckdb(query: CheckedQuery, frame: Any) -> str:
    """The text of a query for DuckDB.

    Args:
        query: checked.
        frame: the query (`sqlglot.exp.Query`) that gives the frame's rows; trusted.

    Raises:
        PlanRefused: if something in it has no equal in DuckDB, or the text becomes too long.
    """
    return DuckdbWriter(frame.sql(dialect="duckdb")).write(query.tree)


def condition_for(condition: Any, dialect: str) -> Any:
    """A checked condition as a part of a trusted tree, which sqlglot writes just so.

    Args:
        condition: what `check_condition` gave.
        dialect: "snowflake" or "duckdb".

    Raises:
        PlanRefused: if something in it has no equal in DuckDB.
    """
    from sqlglot import exp

    writer = DuckdbWriter() if dialect == "duckdb" else Writer()
    return exp.Var(this=f"({writer.write(condition)})")
