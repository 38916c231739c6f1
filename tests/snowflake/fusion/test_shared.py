"""Shared Snowpark questions: which are, by pairs, and that they give each frame its own answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from engine.snowflake.fusion import add_group_keys, choose
from engine.snowflake.text import check_query, emit_duckdb

COLUMNS = ("G", "A", "B", "S", "D")
KEY = "_CALCMETRIC_K0"
GROUPS = ("x", "y", "z", None)

SHARED = {
    'SELECT * FROM "FRAME"': "rows",
    'SELECT "A", "B" FROM "FRAME" WHERE ("A" > 1 :: INT)': "rows",
    'SELECT * FROM (SELECT * FROM "FRAME") ORDER BY "A" ASC NULLS FIRST, "B"': "rows",
    'SELECT avg("A") AS "M" FROM ( SELECT * FROM "FRAME") LIMIT 1': "families",
    'SELECT count(1), sum("A") FROM (SELECT "A", ("B" * 2 :: INT) AS "Z" FROM "FRAME")': "families",
    'SELECT "S", count(1) AS "N" FROM (SELECT * FROM "FRAME") GROUP BY "S"': "families",
    'SELECT DISTINCT "S", "D" FROM "FRAME"': "families",
    'SELECT count(1) FROM (SELECT DISTINCT "S" FROM "FRAME") LIMIT 1': "families",
    'SELECT avg("N") FROM (SELECT "S", count(1) AS "N" FROM "FRAME" GROUP BY "S") WHERE "N" > 1': "families",
    'SELECT ("X" / "Y") AS "R" FROM (SELECT sum("A") AS "X", count("B") AS "Y" FROM "FRAME")': "families",
    'SELECT median("A"), count(DISTINCT "S") FROM "FRAME"': "families",
    'SELECT count(*) FROM "FRAME"': "families",
}
UNSHARED = {
    'SELECT * FROM "FRAME" LIMIT 3': "a limit",
    'SELECT "S", count(1) FROM "FRAME" GROUP BY "S" LIMIT 3': "a limit",
    'SELECT avg("A") FROM "FRAME" LIMIT 0': "a limit",
    'SELECT avg("A") FROM (SELECT * FROM "FRAME" ORDER BY "B" LIMIT 5)': "a limit",
    'SELECT * FROM (SELECT sum("A") AS "X" FROM "FRAME") WHERE ("X" > 1)': "a filter over aggregates",
    'SELECT "S", sum("A") OVER (PARTITION BY "S") FROM "FRAME"': "a window function",
    'SELECT "A" FROM "FRAME" WHERE ("A" > (SELECT avg("A") FROM "FRAME"))': "a subquery",
    'SELECT any_value("S") FROM "FRAME"': "the aggregate ANY_VALUE",
    'SELECT listagg("S") FROM "FRAME"': "the aggregate LISTAGG",
    'SELECT "A", random() FROM "FRAME"': "the function RANDOM",
    'SELECT current_timestamp() FROM "FRAME"': "the function CURRENT_TIMESTAMP",
    '(SELECT "A" FROM "FRAME") UNION ALL (SELECT "B" FROM "FRAME")': "a union",
    'SELECT count(1) FROM "FRAME" SAMPLE (10)': "a join or something else",
    'SELECT "S", count(1) FROM "FRAME" GROUP BY 1': "GROUP BY a place",
    'SELECT "S", count(1) FROM "FRAME" GROUP BY ROLLUP("S")': "ROLLUP",
    'SELECT count(1) FROM "FRAME" HAVING count(1) > 1': "HAVING",
    'SELECT * FROM (SELECT *, * FROM "FRAME")': "all columns twice",
    'WITH "Q" AS (SELECT * FROM "FRAME") SELECT * FROM "Q"': "a query with a name",
    'SELECT count(1) FROM "FRAME" AS "L" INNER JOIN "FRAME" AS "R" ON ("L"."A" = "R"."A")': "a join",
}


@pytest.mark.parametrize("text", SHARED)
def test_questions_that_are_shared(text: str) -> None:
    choice = choose(check_query(text, COLUMNS))
    assert (choice.how, choice.reason) == (SHARED[text], "")


@pytest.mark.parametrize("text", UNSHARED)
def test_questions_that_each_frame_asks_by_itself(text: str) -> None:
    choice = choose(check_query(text, COLUMNS))
    assert choice.how == "frame"
    assert UNSHARED[text] in choice.reason


def test_a_star_in_a_call_would_take_the_keys_in() -> None:
    choice = choose(check_query('SELECT count(*) FROM "FRAME"', COLUMNS))
    assert choice.how == "families"


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as made:
        made.execute("CREATE TABLE t (G VARCHAR, A BIGINT, B DOUBLE, S VARCHAR, D DATE)")
        made.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?)",
            [
                (
                    GROUPS[i % 3] if i % 7 else None,
                    None if i % 5 == 0 else i % 11,
                    i / 3,
                    "pqr"[i % 3 - i % 2],
                    day,
                )
                for i, day in ((i, f"2026-01-{1 + i % 9:02}") for i in range(60))
            ],
        )
        yield made


def rows_of(database: duckdb.DuckDBPyConnection, text: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    found = database.sql(text)
    return found.columns, found.fetchall()


def assert_shared_equals_own(database: duckdb.DuckDBPyConnection, text: str) -> None:
    query = check_query(text, COLUMNS)
    assert choose(query).how != "frame", text
    keyed = emit_duckdb(
        add_group_keys(query, [KEY]), parse_one(f'SELECT *, "G" AS "{KEY}" FROM t', dialect="duckdb")
    )
    names, shared = rows_of(database, keyed)
    place = names.index(KEY)
    for group in GROUPS:
        frame = (
            exp.select("*")
            .from_("t")
            .where(f"G IS NOT DISTINCT FROM {'NULL' if group is None else repr(group)}")
        )
        own_names, own = rows_of(database, emit_duckdb(query, frame))
        mine = [tuple(v for i, v in enumerate(row) if i != place) for row in shared if row[place] == group]
        assert [name for i, name in enumerate(names) if i != place] == own_names
        assert_same_rows(mine, own, ordered="ORDER BY" in text)


def assert_same_rows(mine: list[tuple[Any, ...]], own: list[tuple[Any, ...]], *, ordered: bool) -> None:
    if not ordered:
        mine, own = sorted(mine, key=repr), sorted(own, key=repr)
    assert len(mine) == len(own)
    for left, right in zip(mine, own, strict=True):
        for a, b in zip(left, right, strict=True):
            if isinstance(a, float) and isinstance(b, float):
                assert math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (a != a and b != b)
            else:
                assert a == b


@pytest.mark.parametrize("text", SHARED)
def test_shared_answers_are_the_frames_own(text: str, database: duckdb.DuckDBPyConnection) -> None:
    assert_shared_equals_own(database, text)


_VALUES = st.sampled_from(
    ['"A"', '"B"', '("A" + 1)', '("B" * 2.5)', 'coalesce("A", 0)', 'iff(("A" > 4), 1, 0)', 'abs("B")']
)
_CONDITIONS = st.sampled_from(
    ['("A" > 3)', '("B" < 12.5)', "(\"S\" = 'p')", '("A" IS NULL)', "(\"S\" IN ('q', 'r'))", '("A" > 100)']
)
_AGGREGATES = st.sampled_from(
    ["sum", "avg", "min", "max", "count", "stddev", "median", "var_pop", "count_if_big", "corr_b"]
)


def _aggregate(name: str, value: str) -> str:
    if name == "count_if_big":
        return f"count_if(({value} > 2))"
    return f'corr({value}, "B")' if name == "corr_b" else f"{name}({value})"


@st.composite
def questions(draw: st.DrawFn) -> str:
    text = '"FRAME"'
    for _ in range(draw(st.integers(0, 2))):  # filters and projections that keep every name
        where = f" WHERE {draw(_CONDITIONS)}" if draw(st.booleans()) else ""
        kept = "*" if draw(st.booleans()) else f'{draw(_VALUES)} AS "A", "B", "S", "D"'
        text = f"(SELECT {kept} FROM {text}{where})"
    shape = draw(st.sampled_from(["rows", "total", "groups", "distinct", "total of groups", "over total"]))
    one, two = (_aggregate(draw(_AGGREGATES), draw(_VALUES)) for _ in range(2))
    if shape == "rows":
        return f'SELECT {draw(_VALUES)} AS "V", "S" FROM {text}'
    if shape == "distinct":
        return f'SELECT DISTINCT "S", {draw(_VALUES)} AS "V" FROM {text}'
    if shape == "groups":
        return f'SELECT "S", {one} AS "V", {two} AS "W" FROM {text} GROUP BY "S"'
    if shape == "total of groups":
        return f'SELECT max("V"), count(1) FROM (SELECT "S", {one} AS "V" FROM {text} GROUP BY "S")'
    if shape == "over total":
        return f'SELECT ("V" + 1) AS "X", "W" FROM (SELECT {one} AS "V", {two} AS "W" FROM {text}) LIMIT 1'
    return f'SELECT {one} AS "V", {two} AS "W" FROM {text} LIMIT 1'


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=questions())
def test_generated_questions(text: str, database: duckdb.DuckDBPyConnection) -> None:
    query = check_query(text, COLUMNS)
    keyed = emit_duckdb(
        add_group_keys(query, [KEY]), parse_one(f'SELECT *, "G" AS "{KEY}" FROM t', dialect="duckdb")
    )
    names, shared = rows_of(database, keyed)
    place = names.index(KEY)
    there = {row[place] for row in shared}
    for group in GROUPS:
        if group not in there:  # answered by what an empty frame gets
            continue
        assert_group(database, query, names, shared, group)


def assert_group(
    database: duckdb.DuckDBPyConnection, query: Any, names: list[str], shared: list[Any], group: str | None
) -> None:
    place = names.index(KEY)
    frame = (
        exp.select("*").from_("t").where(f"G IS NOT DISTINCT FROM {'NULL' if group is None else repr(group)}")
    )
    own_names, own = rows_of(database, emit_duckdb(query, frame))
    mine = [tuple(v for i, v in enumerate(row) if i != place) for row in shared if row[place] == group]
    assert [name for i, name in enumerate(names) if i != place] == own_names
    assert_same_rows(mine, own, ordered=False)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=questions())
def test_a_frame_that_is_absent_from_the_shared_answer_gets_that_of_an_empty_one(
    text: str, database: duckdb.DuckDBPyConnection
) -> None:
    query = check_query(text, COLUMNS)
    keyed = emit_duckdb(
        add_group_keys(query, [KEY]), parse_one(f'SELECT *, "G" AS "{KEY}" FROM t', dialect="duckdb")
    )
    names, shared = rows_of(database, keyed)
    there = {row[names.index(KEY)] for row in shared}
    nothing = rows_of(database, emit_duckdb(query, exp.select("*").from_("t").where("FALSE")))
    for group in set(GROUPS) - there:
        frame = (
            exp.select("*")
            .from_("t")
            .where(f"G IS NOT DISTINCT FROM {'NULL' if group is None else repr(group)}")
        )
        assert rows_of(database, emit_duckdb(query, frame)) == nothing
