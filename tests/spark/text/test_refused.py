"""What must not pass, does not, wherever it is hidden; and nothing but a refusal ever comes out."""

from __future__ import annotations

import contextlib

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import PlanRefused
from engine.spark.text import check_expression, check_query, check_schema, check_type
from engine.spark.text.lexer import MAX_TEXT_BYTES, lex
from tests.spark.text.frame import DATA, VIEWS, expressions, queries
from tests.spark.text.hostile import hostile
from tests.waiting import within

MEANINGS = {
    "function-refused", "function-qualified", "hidden-column", "schema-refused", "server-name",
    "sql-subquery", "sql-substitution",
}  # fmt: skip


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(hostile()) >= 400


@pytest.mark.parametrize(("kind", "text"), hostile())
def test_hostile_text_is_refused(kind: str, text: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        check_expression(text) if kind == "expression" else check_query(text, views=VIEWS)
    assert refusal.value.code
    assert refusal.value.message


def refused_for_what_it_does() -> list[str]:
    """The hostile expressions that are refused for their meaning, not for their form."""
    found = []
    for kind, text in hostile():
        if kind == "expression" and text.count("(") == text.count(")"):
            with pytest.raises(PlanRefused) as refusal:
                check_expression(text)
            if refusal.value.code in MEANINGS and "--" not in text:
                found.append(text)
    return found


def test_hostile_expressions_are_refused_inside_others_and_in_queries() -> None:
    found = refused_for_what_it_does()
    assert len(found) > 80
    for text in found:
        for wrapped in (
            f"transform(arr, q -> coalesce({text}, 1))",
            f"case when n > 1 then {text} end",
            f"m[{text}]",
        ):
            with pytest.raises(PlanRefused):
                check_expression(wrapped)
        if check_is_about_expressions_only(text):
            continue
        for query in (
            f"select * from (select coalesce({text}, 1) as q from v) t",
            f"select * from v order by {text}",
        ):
            with pytest.raises(PlanRefused):
                check_query(query, views=VIEWS)


def check_is_about_expressions_only(text: str) -> bool:
    """Whether a query may hold what the expression is refused for: a subquery over the views, a parameter."""
    return "select" in text.lower() or "values" in text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000, "abs(" * 2000 + "1" + ")" * 2000, "case when " * 900, "not " * 5000 + "true",
        "- " * 5000 + "1", "a -> " * 2000 + "1", "array<" * 5000, "cast(" * 1500, "[" * 3000, "'" * 60001,
        "a." * 5000 + "b", "1 + " * 9000 + "1", "(select " * 2000, "struct(" * 1000, "interval " * 2000,
        "x::" * 2000, "/*" * 20000, "`" * 60001, "((((((((((" + "(1,2)," * 3000, "f(x)(" * 1000, "a[" * 2000,
        "sum(x) over (" * 1000, "1" * 60000,
    ],
)  # fmt: skip
def test_deep_and_long_text_is_refused_or_read_at_once(text: str) -> None:
    for check in (check_expression, check_type, lambda sql: check_query(f"select {sql}", views=VIEWS)):
        with within(5), contextlib.suppress(PlanRefused):
            check(text)


def test_deep_text_is_refused_the_same_from_a_deep_stack() -> None:
    def dive(levels: int) -> str:
        if levels:
            return dive(levels - 1)
        with pytest.raises(PlanRefused) as refusal:
            check_expression("(" * 300 + "1" + ")" * 300)
        return refusal.value.code

    assert dive(0) == dive(300) == "sql-too-deep"


def test_text_beyond_the_limit_is_refused() -> None:
    with pytest.raises(PlanRefused, match="KiB"):
        check_expression("1" + " " * MAX_TEXT_BYTES)
    with pytest.raises(PlanRefused, match="KiB"):
        check_expression("'" + "é" * (MAX_TEXT_BYTES // 2) + "'")
    with pytest.raises(PlanRefused, match="words and signs"):
        check_expression("id in (" + "1," * 5000 + "1)")


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x0b", "\x0c", "\x1a", "\x7f", "\x85", "\u2028", "\ud800"]
)
def test_control_characters_are_refused_even_in_strings(character: str) -> None:
    for text in (f"id{character}", f"'a{character}'", f"`a{character}`", f"id /*{character}*/"):
        with pytest.raises(PlanRefused, match="control character"):
            check_expression(text)


_WORDS = st.sampled_from((DATA / "words.txt").read_text(encoding="utf-8").split())
_TEXTS = st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=40).map(" ".join))


@settings(max_examples=500, deadline=None)
@given(_TEXTS)
def test_any_text_is_returned_or_refused(text: str) -> None:
    for check in (check_expression, check_type, check_schema, lambda sql: check_query(sql, views=VIEWS).text):
        try:
            sent = check(text)
        except PlanRefused:
            continue
        assert "${" not in sent


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(queries()), st.lists(st.tuples(st.floats(0, 1), _WORDS, st.booleans()), max_size=4))
def test_no_mutation_of_a_query_reads_another_table(query: str, edits: list[tuple[float, str, bool]]) -> None:
    lexemes = [lexeme.text for lexeme in lex(query)]
    for place, word, replace in edits:
        index = int(place * len(lexemes))
        lexemes[index : index + replace] = [word]
    text = " ".join(lexemes)
    try:
        checked = check_query(text, views=VIEWS)
    except PlanRefused:
        return
    assert set(checked.views) <= set(VIEWS)
    assert tables_by_another_parser(checked.text) <= set(VIEWS)


def tables_by_another_parser(text: str) -> set[str]:
    """The tables that sqlglot finds, without common table expressions; none where it cannot read."""
    try:
        tree = sqlglot.parse_one(text, read="spark")
    except sqlglot.errors.SqlglotError:
        return set()
    defined = {cte.alias.lower() for cte in tree.find_all(sqlglot.exp.CTE)}
    tables = [
        table for table in tree.find_all(sqlglot.exp.Table) if isinstance(table.this, sqlglot.exp.Identifier)
    ]
    assert not any(table.db or table.catalog for table in tables)
    return {table.name.lower() for table in tables} - defined


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from([text for section in expressions().values() for text in section]),
    st.sampled_from(
        [text for kind, text in hostile() if kind == "expression" and "(" in text and "select" in text]
    ),
    st.floats(0, 1),
)
def test_no_query_can_be_spliced_into_an_expression(text: str, splice: str, place: float) -> None:
    lexemes = [lexeme.text for lexeme in lex(text)]
    lexemes.insert(int(place * len(lexemes)), splice)
    with pytest.raises(PlanRefused):
        check_expression(" ".join(lexemes))
