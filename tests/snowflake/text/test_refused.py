"""What must not pass, does not, wherever it is hidden; and nothing but a refusal ever comes out."""

from __future__ import annotations

import time
from collections.abc import Iterable

import duckdb
import pytest

from engine.errors import PlanRefused
from engine.snowflake.text import check_columns, check_condition, check_query, emit_duckdb
from engine.snowflake.text.caps import MAX_COLUMNS, MAX_CTES, MAX_FRAME_READS, MAX_TEXT_BYTES
from tests.snowflake.text.corpus import PLACES, hostile
from tests.snowflake.text.outcomes import FRAME, run
from tests.snowflake.text.table import COLUMNS

EXPRESSIONS = [text for kind, text in hostile() if kind == "expression"]
QUERIES = [text for kind, text in hostile() if kind == "query"]
# Of those, what is refused for what it does, wherever it stands, and has an end.
NESTABLE = [text for text in EXPRESSIONS if text.count("(") == text.count(")") and "--" not in text]


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(EXPRESSIONS) >= 150 and len(QUERIES) >= 150 and len(NESTABLE) >= 150


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_hostile_expressions_are_refused_in_some_places(text: str) -> None:
    index = EXPRESSIONS.index(text)
    refuse_in(text, [PLACES[0], *(PLACES[(index + step) % len(PLACES)] for step in range(0, 30, 6))])


@pytest.mark.slow
@pytest.mark.parametrize("text", NESTABLE)
def test_hostile_expressions_are_refused_everywhere(text: str) -> None:
    refuse_in(text, PLACES)


def refuse_in(text: str, places: Iterable[str]) -> None:
    for place in places if text in NESTABLE else PLACES[:1]:
        with pytest.raises(PlanRefused) as refusal:
            check_query(place.replace("{}", text), COLUMNS)
        assert refusal.value.code and refusal.value.message


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_hostile_expressions_are_no_conditions(text: str) -> None:
    for condition in (text, f"({text}) = 1", f"NOT COALESCE({text}, TRUE)", f"X = 1 OR X > {text}"):
        with pytest.raises(PlanRefused):
            check_condition(condition, COLUMNS)


@pytest.mark.parametrize("text", QUERIES)
def test_hostile_queries_are_refused_everywhere(text: str) -> None:
    for query in (
        text,
        f"SELECT * FROM ({text}) Q",
        f"WITH W AS ({text}) SELECT * FROM W",
        f"{text} LIMIT 1",
    ):
        with pytest.raises(PlanRefused) as refusal:
            check_query(query, COLUMNS)
        assert refusal.value.code and refusal.value.message


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("SELECT * FROM SECRET", "read-refused", "'SECRET'"),
        ("SELECT MY_UDF(X) FROM FRAME", "function-refused", "MY_UDF"),
        ("SELECT SYSTEM$WAIT(1) FROM FRAME", "function-refused", "SYSTEM$WAIT"),
        ("SELECT A.B.C(X) FROM FRAME", "function-qualified", "several parts"),
        ("SELECT METADATA$FILENAME FROM FRAME", "hidden-column", "METADATA$FILENAME"),
        ("SELECT S.NEXTVAL FROM FRAME AS S", "hidden-column", "NEXTVAL"),
        ("SELECT $1 FROM FRAME", "sql-refused", "$1"),
        ("SELECT X::GEOGRAPHY FROM FRAME", "type-refused", "GEOGRAPHY"),
        ("SELECT 1; SELECT 2", "sql-statements", "more than one"),
        ("CREATE TABLE T AS SELECT 1", "sql-statement", "'CREATE'"),
        ("SELECT Q.X FROM FRAME", "table-refused", "'Q'"),
        ("SELECT X AS CALCMETRIC_A FROM FRAME", "sql-refused", "reserved"),
        ("SELECT 'a\\0' FROM FRAME", "sql-character", "U+0000"),
        ("SELECT CURRENT_DATE FROM FRAME", "sql-syntax", "CURRENT_DATE"),
        ("SELECT X FROM", "sql-syntax", "not understood"),
        ('SELECT "CURRENT_USER" FROM FRAME', "sql-refused", "'CURRENT_USER'"),
        ("SELECT user FROM FRAME", "sql-refused", "'USER'"),
        (
            "WITH Q AS (SELECT 1 AS N) SELECT * FROM "
            "(WITH Q AS (SELECT N FROM Q UNION ALL SELECT N + 1 FROM Q) SELECT N FROM Q)",
            "read-refused",
            "'Q'",
        ),
    ],
)
def test_a_refusal_names_the_thing(text: str, code: str, told: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        check_query(text, COLUMNS)
    assert refusal.value.code == code
    assert told in refusal.value.message


def test_columns_may_be_called_what_duckdb_takes_for_values() -> None:
    assert check_query("SELECT USER, MAX(X) FROM FRAME GROUP BY USER", ("X", "USER")).reads == 1
    assert check_query(
        "SELECT LOCALTIME FROM (SELECT X AS LOCALTIME FROM FRAME)".replace("LOCALTIME", '"LOCALTIME"'),
        COLUMNS,
    )
    with pytest.raises(PlanRefused):
        check_query('SELECT "User" FROM FRAME', ("X", "USER"))


@pytest.mark.parametrize("name", ["FRAME", "F", "Q"])
def test_a_source_is_no_value(name: str) -> None:
    """DuckDB would give the whole row as a struct, with the keys of a shared query."""
    text = f'SELECT COUNT("{name}") AS N, MAX(F.X) AS M FROM FRAME AS F CROSS JOIN (SELECT 1 AS ONE) Q, FRAME'
    with pytest.raises(duckdb.BinderException, match="not found"):
        run(text)


@pytest.mark.parametrize("text", ["SUM(X) > 1", "RANDOM() > 0", "TS < CURRENT_TIMESTAMP()"])
def test_a_condition_is_of_one_row_and_always_the_same(text: str) -> None:
    with pytest.raises(PlanRefused, match="more than one row"):
        check_condition(text, COLUMNS)


@pytest.mark.parametrize(
    "name", ["CALCMETRIC_KEY", "_calcmetric_x", "METADATA$FILENAME", "NextVal", "", "a" * 300]
)
def test_columns_of_the_data_may_not_have_such_names(name: str) -> None:
    with pytest.raises(PlanRefused):
        check_columns(("X", name))
    with pytest.raises(PlanRefused):
        check_query("SELECT X FROM FRAME", ("X", name))


def test_there_is_a_bound_to_everything() -> None:
    many = ", ".join(f"X AS C{i}" for i in range(MAX_COLUMNS + 1))
    joins = " CROSS JOIN ".join(f"FRAME AS F{i}" for i in range(20))
    unions = " UNION ALL ".join(["SELECT X FROM FRAME"] * (MAX_FRAME_READS + 1))
    rows = ", ".join(["(1)"] * 2_001)
    named = ", ".join(f"C{i} AS (SELECT X FROM FRAME)" for i in range(MAX_CTES + 1))
    for text in (
        f"SELECT {many} FROM FRAME",
        f"SELECT F1.X FROM {joins}",
        unions,
        f"WITH {named} SELECT X FROM C1",
        f"SELECT COLUMN1 FROM VALUES {rows}",
        "SELECT '" + "a" * 70_000 + "' FROM FRAME",
        "SELECT 1" + "0" * 100 + " FROM FRAME",
        "SELECT X AS " + "A" * 300 + " FROM FRAME",
        "SELECT X FROM FRAME" + " " * MAX_TEXT_BYTES,
    ):
        with pytest.raises(PlanRefused):
            check_query(text, COLUMNS)
    with pytest.raises(PlanRefused):
        check_columns(tuple(f"C{i}" for i in range(MAX_COLUMNS + 1)))
    with pytest.raises(PlanRefused, match="twice"):
        check_columns(("X", "Y", "X"))


def test_text_that_doubles_when_it_is_written_out_is_refused() -> None:
    text = "X"
    for _ in range(30):
        text = f"CONCAT({text}, DIV0(1, {text}))"
        if len(text) > 20_000:
            break
    checked = check_query(f"SELECT {text} AS A FROM FRAME", COLUMNS)
    with pytest.raises(PlanRefused, match="too long"):
        emit_duckdb(checked, FRAME)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000, "ABS(" * 2000 + "1" + ")" * 2000, "CASE WHEN " * 900, "NOT " * 5000 + "TRUE",
        "- " * 5000 + "1", "CAST(" * 1500, "[" * 3000, "'" * 60001, "A." * 5000 + "B", "1 + " * 9000 + "1",
        "(SELECT " * 2000, "X::" * 2000, "/*" * 20000, '"' * 60001, "((((((((((" + "(1,2)," * 3000,
        "F(X)(" * 1000, "A[" * 2000, "SUM(X) OVER (" * 1000, "1" * 60000, "A:" * 3000, "INTERVAL " * 2000,
        "((((((((((1" + ")" * 10 + " + ((((((((((1" * 300, "{fn " * 2000, "X::OBJECT(A " * 500, "IN (" * 2000,
    ],
)  # fmt: skip
def test_deep_and_long_text_is_refused_or_read_at_once(text: str) -> None:
    started = time.process_time()
    for check in (check_condition, lambda sql, columns: check_query(f"SELECT {sql} FROM FRAME", columns)):
        try:
            check(text, COLUMNS)
        except PlanRefused:
            continue
    assert time.process_time() - started < 10


def test_nothing_that_a_guest_writes_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for text in ("SELECT T:1.5 FROM FRAME", "SELECT T:a[* FROM FRAME", *QUERIES):
        with pytest.raises(PlanRefused):
            check_query(text, COLUMNS)
    assert caplog.records == []


def test_long_chains_pass() -> None:
    flat = " OR ".join(f"ID = {i}" for i in range(500))
    nested = "ID = 0"
    for i in range(1, 250):
        nested = f"({nested} OR (ID = {i}))"
    for condition in (flat, nested):
        checked = check_query(f"SELECT COUNT(1) AS C FROM FRAME WHERE {condition}", COLUMNS)
        assert checked.reads == 1


def test_the_answer_does_not_depend_on_the_callers_stack() -> None:
    text = "SELECT " + "(" * 150 + "1" + ")" * 150 + " AS A FROM FRAME"

    def dive(levels: int) -> str:
        return dive(levels - 1) if levels else check_query(text, COLUMNS).text

    assert dive(700) == 'SELECT 1 AS "A" FROM "FRAME"'


@pytest.mark.parametrize("text", ["n >", "n between 1", "not", "(", "case when n then", "n and", "n like"])
def test_what_is_missing_is_said_in_the_words_of_sql(text: str) -> None:
    with pytest.raises(PlanRefused, match="something is missing at line 1, column") as refusal:
        check_condition(text, COLUMNS)
    assert "sqlglot" not in refusal.value.message
