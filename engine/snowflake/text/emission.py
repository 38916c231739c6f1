"""Binding the frame to a checked query, and writing it for a backend. Trusted side, pure.

`frame` is a query of the engine's own making: the relation, its segment and its time range. It is put into
the text as a query in parentheses wherever the tree reads the placeholder; nothing else of the text depends
on it.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from engine.snowflake.text.check import CheckedQuery
from engine.snowflake.text.duckdb import DuckdbWriter
from engine.snowflake.text.emit import Writer

_WRITERS: Final = {"duckdb": DuckdbWriter, "snowflake": Writer}


def emit_snowflake(query: CheckedQuery, frame: exp.Expr, baseline: exp.Expr | None = None) -> str:
    """The text of a query for Snowflake.

    Args:
        query: checked.
        frame: the query (`sqlglot.exp.Query`) that gives the frame's rows; trusted.
        baseline: likewise for the second frame; None: there is none.

    Raises:
        PlanRefused: if the text becomes too long.
    """
    other = None if baseline is None else baseline.sql(dialect="snowflake")
    return Writer(frame.sql(dialect="snowflake"), baseline=other).write(query.tree)


def emit_duckdb(query: CheckedQuery, frame: exp.Expr, baseline: exp.Expr | None = None) -> str:
    """The text of a query for DuckDB.

    Args:
        query: checked.
        frame: the query (`sqlglot.exp.Query`) that gives the frame's rows; trusted.
        baseline: likewise for the second frame; None: there is none.

    Raises:
        PlanRefused: if something in it has no equal in DuckDB, or the text becomes too long.
    """
    other = None if baseline is None else baseline.sql(dialect="duckdb")
    return DuckdbWriter(frame.sql(dialect="duckdb"), baseline=other).write(query.tree)


def condition_for(condition: exp.Expr, dialect: str) -> exp.Expr:
    """A checked condition as a part of a trusted tree, which sqlglot writes just so.

    Args:
        condition: what `check_condition` gave.
        dialect: "snowflake" or "duckdb".

    Raises:
        PlanRefused: if something in it has no equal in DuckDB.
    """
    writer = _WRITERS[dialect]()
    return exp.Var(this=f"({writer.write(condition)})")
