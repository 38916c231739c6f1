"""The engine's own plans as SQL: pairs in both dialects, executed on DuckDB, and what is none of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pyspark.sql.connect.proto as pb
import pytest
from sqlglot import exp, parse_one

from engine.frames.build import (
    Literal,
    aggregated,
    any_of,
    call,
    case,
    column,
    filtered,
    limited,
    literal,
    long,
    named,
    projected,
    sql,
    to_long,
)
from engine.writing import DIALECTS, Translator, Untranslatable

READ = pb.Relation(read=pb.Read(named_table=pb.Read.NamedTable(unparsed_identifier="t")))


def translator(dialect: str) -> Translator:
    return Translator(
        DIALECTS[dialect],
        lambda _: exp.select("*").from_("t"),
        lambda text: parse_one(text, dialect="duckdb"),
    )


def written(relation: pb.Relation, dialect: str) -> str:
    return translator(dialect).query(relation).sql(dialect=dialect)


def value_of(expression: pb.Expression) -> Any:
    text = written(projected(READ, [named(expression, "v")]), "duckdb")
    with duckdb.connect(":memory:") as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute("CREATE TABLE t AS SELECT 7 AS n, 'NaN'::DOUBLE AS x, DATE '2026-01-02' AS d")
        return database.sql(text).fetchall()[0][0]


MOMENT = 1_767_312_000_000_007  # 2026-01-02T00:00:00.000007 in microseconds

# An expression, what it is in Snowflake's dialect, and its value in DuckDB.
PAIRS: dict[str, tuple[pb.Expression, str, Any]] = {
    "whole division": (
        call("div", call("-", column("n"), long(1)), long(4)),
        """CAST(((("n" - CAST('1' AS DECIMAL(38, 0))) - MOD(("n" - CAST('1' AS DECIMAL(38, 0))), """
        """CAST('4' AS DECIMAL(38, 0)))) / CAST('4' AS DECIMAL(38, 0))) AS DECIMAL(38, 0))""",
        1,
    ),
    "NaN": (call("isnan", column("x")), """("x" = CAST('NaN' AS DOUBLE))""", True),
    "null": (call("not", call("isnull", column("n"))), '(NOT ("n" IS NULL))', True),
    "text": (literal(Literal(string='it\'s \\ "x"')), "'it\\'s \\\\ \"x\"'", 'it\'s \\ "x"'),
    "a day": (
        literal(Literal(date=20455)),
        "CAST('2026-01-02' AS DATE)",
        dt.date(2026, 1, 2),
    ),
    "days": (
        to_long(call("unix_date", column("d"))),
        """CAST(DATEDIFF('day', CAST('1970-01-01' AS DATE), "d") AS DECIMAL(38, 0))""",
        20455,
    ),
    "an instant": (
        literal(Literal(timestamp=MOMENT)),
        "CAST('2026-01-02T00:00:00.000007+00:00' AS TIMESTAMPLTZ)",
        dt.datetime(2026, 1, 2, 0, 0, 0, 7, tzinfo=dt.UTC),
    ),
    "a wall clock": (
        literal(Literal(timestamp_ntz=MOMENT)),
        "CAST('2026-01-02T00:00:00.000007' AS TIMESTAMPNTZ)",
        dt.datetime(2026, 1, 2, 0, 0, 0, 7),
    ),
    "microseconds": (
        call("unix_micros", literal(Literal(timestamp=MOMENT))),
        "DATE_PART('epoch_microsecond', CAST('2026-01-02T00:00:00.000007+00:00' AS TIMESTAMPLTZ))",
        MOMENT,
    ),
    "a choice": (
        case([(call(">=", column("n"), long(5)), long(1))], long(0)),
        """CASE WHEN ("n" >= CAST('5' AS DECIMAL(38, 0))) THEN CAST('1' AS DECIMAL(38, 0)) """
        """ELSE CAST('0' AS DECIMAL(38, 0)) END""",
        1,
    ),
    "any of": (
        any_of([call("==", column("n"), long(7)), sql("n > 9")]),
        """(("n" = CAST('7' AS DECIMAL(38, 0))) OR (n > 9))""",
        True,
    ),
    "a name that bites": (case([], long(3)), "CAST('3' AS DECIMAL(38, 0))", 3),
}


@pytest.mark.parametrize("name", PAIRS)
def test_expressions(name: str) -> None:
    expression, text, value = PAIRS[name]
    assert translator("snowflake").write(expression).sql(dialect="snowflake") == text
    assert value_of(expression) == value


def test_relations_nest_and_group_by_place() -> None:
    relation = limited(
        aggregated(
            filtered(READ, call(">=", column("n"), long(0))),
            [named(column('odd "name"'), "n")],
            [named(call("count", long(1)), "rows"), named(sql("sum(n)"), "n")],
        ),
        5,
    )
    assert written(relation, "duckdb") == (
        'SELECT * FROM (SELECT "odd ""name""" AS "n", COUNT(CAST(\'1\' AS BIGINT)) AS "rows", '
        'CAST(SUM("n") AS BIGINT) AS "n" FROM (SELECT * FROM (SELECT * FROM t) AS "_calcmetric_t" '
        'WHERE ("n" >= CAST(\'0\' AS BIGINT))) AS "_calcmetric_t" GROUP BY 1) AS "_calcmetric_t" LIMIT 5'
    )


STRANGE = {
    "a relation": pb.Relation(sql=pb.SQL(query="SELECT 1")),
    "a join": pb.Relation(join=pb.Join(left=READ, right=READ)),
    "a function": projected(READ, [call("reflect", long(1))]),
    "a path": projected(READ, [column("a", "b")]),
    "a lambda": projected(READ, [pb.Expression(lambda_function=pb.Expression.LambdaFunction())]),
    "a binary literal": projected(READ, [literal(Literal(binary=b"x"))]),
    "a cast": projected(READ, [pb.Expression(cast=pb.Expression.Cast(expr=long(1), type_str="INT"))]),
    "a rollup": pb.Relation(aggregate=pb.Aggregate(input=READ, group_type=pb.Aggregate.GROUP_TYPE_ROLLUP)),
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_the_engine_does_not_make_itself_is_not_written(name: str, dialect: str) -> None:
    with pytest.raises(Untranslatable):
        written(STRANGE[name], dialect)
