"""What holds of every text: it is refused, or what is sent reads the frame alone, whoever reads it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from engine.snowflake.text import (
    check_condition,
    condition_for,
)
from tests.snowflake.text.corpus import PLACES, recorded
from tests.snowflake.text.examine import examine, examine_condition
from tests.snowflake.text.mutants import mutants
from tests.snowflake.text.table import COLUMNS
from tests.snowflake.text.token_reading import find_harm
from tests.tiers import DEEP


@pytest.mark.slow
def test_what_snowpark_writes_holds_no_harm() -> None:
    assert all(examine(text) for text in recorded())


def test_the_second_reading_objects_to_harm() -> None:
    for text in (
        'SELECT "X" FROM "SECRET"', 'SELECT "X" FROM ("SECRET")', 'SELECT SECRET FROM (SELECT 1)',
        "SELECT 1; SELECT 2", 'SELECT "X" FROM "A"."B"', "SELECT MY_UDF(1)", "SELECT SYSTEM$WAIT(1)",
        "SELECT 1 -- x", "SELECT $1", 'SELECT "NEXTVAL"', 'SELECT "S"."NEXTVAL"', 'SELECT "S"."X"',
        "SELECT CURRENT_ROLE()", "SELECT (1", "SELECT @st", 'SELECT X FROM FRAME', "SELECT CURRENT_USER",
        'SELECT "A" FROM "CALCMETRIC_QX" JOIN "SECRET"', "SELECT 1 FROM (SELECT 1) JOIN TABLE(F())",
        "SELECT * FROM READ_TEXT('x')",
    ):  # fmt: skip
        assert find_harm(text, "snowflake"), text


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=DEEP), pytest.param(2, marks=DEEP)])
def test_mutants_are_refused_or_read_the_frame_alone(seed: int) -> None:
    passed = sum(examine(text) is not None for text in mutants(1_000, seed))
    assert passed > 30  # else nothing was tested


@pytest.mark.slow
@pytest.mark.parametrize("seed", [10, *(pytest.param(seed, marks=DEEP) for seed in range(11, 13))])
def test_many_mutants_are_refused_or_read_the_frame_alone(seed: int) -> None:
    assert sum(examine(text) is not None for text in mutants(10_000, seed)) > 500


ATOMS = st.sampled_from(
    """
    X; "X"; Y + 1; 'it''s'; 'a\\\\b'; -1; 1.5e3; NULL; TRUE; S || T; COUNT(1) OVER (); D::DATE; X IS NULL
    NOT FLAG; X % 2; S LIKE 'a!%' ESCAPE '!'; N IN (1, 2); X BETWEEN 1 AND 2; INTERVAL '2 days'
    CASE WHEN X > 1 THEN 'a' END; CAST(X AS NUMBER(10, 2)); DATE_TRUNC(month, D); IFF(FLAG, 1, 0)
    """.strip()
    .replace("\n", ";")
    .split(";")
)
BINARY = st.sampled_from(["+", "-", "*", "/", "AND", "OR", "=", "<", "||", "<>", "IS DISTINCT FROM"])


def trees(depth: int) -> st.SearchStrategy[str]:
    """Expressions, with and without parentheses."""
    if depth == 0:
        return ATOMS
    inner = trees(depth - 1)
    return st.one_of(
        ATOMS,
        st.builds(lambda a, o, b: f"{a} {o} {b}", inner, BINARY, inner),
        st.builds(lambda a, o, b: f"({a}) {o} ({b})", inner, BINARY, inner),
        st.builds(lambda a, b: f"COALESCE({a}, {b})", inner, inner),
        st.builds(lambda a: f"NOT ({a})", inner),
        st.builds(lambda a, b, c: f"CASE WHEN {a} THEN {b} ELSE {c} END", inner, inner, inner),
    )


@settings(max_examples=80, deadline=None)
@given(trees(3), st.sampled_from(PLACES))
@pytest.mark.slow
def test_honest_expressions_come_back_the_same(text: str, place: str) -> None:
    examine(place.replace("{}", text))


@settings(max_examples=50, deadline=None)
@given(trees(2))
def test_conditions_are_written_for_both_dialects(text: str) -> None:
    if not examine_condition(text):
        return
    tree = check_condition(text, COLUMNS)
    for dialect in ("snowflake", "duckdb"):
        select = exp.select("*").from_("t").where(condition_for(tree, dialect))
        assert condition_for(tree, dialect).this in select.sql(dialect)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_text_and_any_name_is_read_as_it_is(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    checked = examine(f"SELECT '{quoted}' AS A FROM FRAME")
    if checked is not None:
        assert checked.tree.expressions[0].this.this == value
    named = examine('SELECT X AS "' + value.replace('"', '""') + '" FROM FRAME')
    if named is not None:
        assert named.tree.expressions[0].alias == value
