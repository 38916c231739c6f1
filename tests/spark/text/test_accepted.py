"""What authors write passes, as they wrote it."""

from __future__ import annotations

import pytest

from engine.errors import PlanRefused
from engine.spark.text import check_expression, check_query, check_schema, check_type, inspect_expression
from engine.spark.text.lexer import lex
from tests.spark.text.frame import VIEWS, expressions, queries

FIELD = '{"type": "struct", "fields": [{"name": "a", "type": "long", %s}]}'
EXPRESSIONS = [text for section in expressions().values() for text in section]


def test_the_corpora_are_large_enough_to_mean_something() -> None:
    assert len(EXPRESSIONS) >= 500
    assert len(queries()) >= 80


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_keeps_its_lexemes(text: str) -> None:
    sent = check_expression(text)
    assert [lexeme.text for lexeme in lex(sent)] == [lexeme.text for lexeme in lex(text)]
    assert check_expression(sent) == sent


@pytest.mark.parametrize("text", queries())
def test_a_query_keeps_its_lexemes(text: str) -> None:
    sent = check_query(text, views=VIEWS)
    kept = [lexeme.text.lower().strip("`") for lexeme in lex(sent.text)]
    assert kept == [lexeme.text.lower().strip("`") for lexeme in lex(text.rstrip(";"))]
    assert check_query(sent.text, views=VIEWS) == sent


def test_comments_hints_and_blanks_are_left_out() -> None:
    assert check_expression("id /* x */\n + -- y\\\n z\n 1") == "id + 1"
    assert check_query("select /*+ BROADCAST(v), MERGE(w) */ 1", views=VIEWS).text == "select 1"


def test_a_comment_that_a_backslash_carries_on_hides_no_text() -> None:
    """Spark's comment goes on after a backslash at the line's end; so does the one that is removed here."""
    assert check_expression("id -- note \\\n reflect('a', 'b')") == "id"


def test_views_come_back_as_they_are_spelled() -> None:
    checked = check_query(
        "select a.id from SCORED a join `Other` on true", views=("Scored", "other", "third")
    )
    assert checked.views == ("Scored", "other")
    assert checked.text == "select a.id from `Scored` a join `other` on true"


def test_a_common_table_expression_hides_a_view() -> None:
    assert check_query("with v as (select 1) select * from v", views=VIEWS).views == ()
    assert check_query("with v as (select * from v) select * from v", views=VIEWS).views == ("v",)


def test_parameters_stand_for_values_in_queries_only() -> None:
    checked = check_query("select :low + ? from v where s = :name", views=VIEWS)
    assert checked.text == "select :low + ? from v where s = :name"
    with pytest.raises(PlanRefused, match="args"):
        check_expression(":low")


def test_what_an_expression_uses_is_told() -> None:
    found = inspect_expression("SUM(x) / count(*) + `Abs`(1)")
    assert found.functions == ("abs", "count", "sum")
    assert found.stars
    assert not inspect_expression("2 * 3").stars


def test_a_column_may_be_called_user_if_the_frame_has_it() -> None:
    assert inspect_expression("count(user)", columns=("User", "age")).functions == ("count",)
    assert check_query("select v.user from v", views=VIEWS).text == "select v.user from v"
    with pytest.raises(PlanRefused, match="server's user"):
        check_expression("count(user)")


def test_long_chains_and_long_lists_pass() -> None:
    chain = " or ".join(f"n = {number}" for number in range(240))
    assert check_expression(chain) == chain
    many = f"n in ({', '.join(map(str, range(3000)))})"
    assert check_expression(many) == many


def test_ordinary_nesting_passes() -> None:
    nested = "(" * 20 + "n" + ")" * 20
    assert check_expression(nested) == nested


@pytest.mark.parametrize(
    "text",
    [
        "int", "INT", "decimal(12,2)", "decimal", "dec(5)", "array<struct<a:int>>", "struct<>",
        "map<string,array<array<int>>>", "struct<a:int COMMENT 'it''s', b: string NOT NULL>", "varchar(10)",
        "timestamp_ntz", "timestamp without time zone", "interval day to second", "interval year", "interval",
        "string collate UTF8_LCASE", "a INT, b STRING", "a: int, b: string", "date DATE", "map MAP<int,int>",
        "`a b` INT NOT NULL COMMENT 'x'", "variant", "struct<end:int,`from`:int,select:int>", "interval INT",
    ],
)  # fmt: skip
def test_types_pass(text: str) -> None:
    assert check_type(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "udt", "java.lang.Object", "a INT DEFAULT 1", "a INT GENERATED ALWAYS AS (1)", "array<int",
        "int>",
        "array<>", "a INT,", "struct<a int", "decimal(x)", "decimal((1))", "int; int", "a INT COMMENT b",
        "interval fortnight", "array" * 3, "array<" * 70 + "int" + ">" * 70, "identifier('int')",
        "interval day to fortnight", "struct<_metadata:int>", "int(1)",
    ],
)  # fmt: skip
def test_other_types_are_refused(text: str) -> None:
    with pytest.raises(PlanRefused):
        check_type(text)


def test_a_schema_as_json_is_written_anew() -> None:
    field = '{"name": "a", "type": "decimal(3,1)", "nullable": true, "metadata": {"comment": "x"}}'
    nested = '{"type": "array", "elementType": {"type": "map", "keyType": "string", "valueType": "long", '
    nested += '"valueContainsNull": false}, "containsNull": true}'
    text = f'{{"type": "struct", "fields": [{field}, {{"name": "b", "type": {nested}}}]}}'
    sent = check_schema(text)
    assert '"decimal(3,1)"' in sent
    assert "comment" not in sent
    assert check_schema(sent) == sent
    assert check_schema("a INT") == "a INT"
    assert check_schema('"integer"') == '"integer"'


@pytest.mark.parametrize(
    "text",
    [
        "{", '{"type": "udt", "class": "x.Y"}', '{"type": "struct"}', '{"type": "struct", "fields": {}}',
        '{"type": "struct", "fields": [1]}', '{"type": "struct", "fields": [{"name": 1, "type": "long"}]}',
        '{"type": "struct", "fields": [], "fields": []}',
        "[" * 3000, '{"a":' * 3000, '"udt"', '{"type": ["long"]}',
        FIELD % '"metadata": {"EXISTS_DEFAULT": "now()"}', FIELD % '"metadata": {"CURRENT_DEFAULT": "1"}',
        FIELD % '"extra": 1', FIELD % '"metadata": []',
        '{"type": "array", "elementType": {"type": "udt", "class": "x.Y"}, "containsNull": true}',
        '{"type": "array", "elementType": "long", "containsNull": true, "x": 1}', '{"type": "long"}',
        '{"type":"array","containsNull":true,"elementType":' * 70 + '"long"' + "}" * 70,
    ],
)  # fmt: skip
def test_other_schemas_are_refused(text: str) -> None:
    with pytest.raises(PlanRefused):
        check_schema(text)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("WITH Big AS (SELECT 1) SELECT * FROM BIG", "WITH Big AS (SELECT 1) SELECT * FROM `Big`"),
        ("WITH `İ` AS (SELECT 1) SELECT * FROM `i̇`", "WITH `İ` AS (SELECT 1) SELECT * FROM `İ`"),
        (
            "WITH a AS (SELECT 1) SELECT * FROM (WITH A AS (SELECT 2) SELECT * FROM a) JOIN A",
            "WITH a AS (SELECT 1) SELECT * FROM (WITH A AS (SELECT 2) SELECT * FROM `A`) JOIN `a`",
        ),
    ],
)
def test_a_subquery_is_read_by_the_name_it_was_given_for_a_session_may_be_case_sensitive(
    text: str, sent: str
) -> None:
    assert check_query(text, views=()).text == sent
