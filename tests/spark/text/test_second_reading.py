"""The second reading agrees with the first on what authors write, and refuses the rest by itself."""

from __future__ import annotations

import pytest

from engine.errors import PlanRefused
from engine.spark.text import check_expression, check_query
from engine.spark.text.node_table import EXPRESSION_NODES, NODE_PARTS, QUERY_NODES
from engine.spark.text.second_reading import _read_once, confirm, read_again
from tests.spark.text.frame import VIEWS
from tests.waiting import within

# What authors write and the corpora lack: words that open statements elsewhere, and forms of calls.
ORDINARY = [
    "comment like 'a%'", "set + 1", "show = 1", "describe", "cache is null", "load > 1", "update + 1",
    "delete", "insert", "replace(a, 'x', '')", "rollback", "grant", "returning", "notnull", "glob", "top + 1",
    "current_date - d", "date_add(current_date, 1)", "current_timestamp", "localtimestamp", "year + 1",
    "mask(s, upperChar => 'X')", "interval", "position", "format", "a.b.c.d", "`a b`.`c`", "x.y[0].z",
    "count(distinct struct(a, b))", "struct(a x, b as y).x", "struct(struct(a, struct(b)))", "n >>> 1 >>> 2",
    "n >> 1", "cast(a as array<array<array<int>>>)", "n !> 1 and n !< 0", "substr(s from 2 for 1)",
    "s = \"it's\"", "s = 'say \"\"'", r"s = 'back\\'", r"s like '%\'%'", "'--'", "'/*'", "`--`", "r'\\'",
    "any(flag) and s like any ('a', 'b')", "interval '1-2' year to month",
    "row_number() over (partition by a, b order by c desc, d) = 1", "`Abs`(x)", "sum(x) over w",
]  # fmt: skip


ORDINARY_QUERIES = [
    "values (1), (2) order by col1 limit 1", "select * from (values (1, 2)) as t(a, b) join v on t.a = v.id",
    "select x from v union select x from w order by x limit 3", "select * from v tablesample (10 rows) t",
    "with a as (select 1 as k), b as (select k from a) (select * from b)", "select 1",
    "select * from v tablesample (50 percent) where x > ? and s = :name",
    "select * from v a left join w b using (id) lateral view explode(a.arr) t as e where e > 1",
    "select s, count(*) filter (where x > 1) from v group by rollup (s) having count(*) > 1 order by all",
    "select * from (v join w using (id))", "select t.* from lateral (select 1) t", "select v.user from v",
    "select * from v pivot (sum(x) for n in (1, 2)) p",
    "select sum(x) over w from v window w as (order by id)",
    "select * from (select id, x from v) unpivot (val for nam in (id as `i`, x))",
]  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY_QUERIES)
def test_ordinary_queries_pass_both_readers(text: str) -> None:
    assert check_query(text, views=VIEWS).text == text


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_expressions_pass_both_readers(text: str) -> None:
    assert check_expression(text) == text


# Forms of Spark that the first reader knows and sqlglot does not. They are rare, and are refused: what only
# one reader has understood is not sent.
READ_BY_ONE_READER = {
    "a sample of a subquery with an alias": "select * from (select x from v) tablesample (50 percent) t",
    "VALUES in parentheses after WITH": "with t as (select 1) (values (1, 2))",
    "an alias inside IN (...)": "select x in (n as m) from v",
    "a sign in front of parentheses after IN (...)": "select n in (1, 2) + -(x + 1) from v",
    "a condition as the text of TRIM": "select trim(both from flag is true) from v",
    "more than a dozen structs inside one another": f"select {'struct(' * 16}1{')' * 16} from v",
}


@pytest.mark.parametrize("form", READ_BY_ONE_READER)
def test_what_only_one_reader_knows_is_refused_with_a_way_out(form: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        check_query(READ_BY_ONE_READER[form], views=VIEWS)
    assert refusal.value.code in ("sql-ambiguous", "sql-too-deep")
    assert refusal.value.hint


# Each would be one gap in the first reader; here that one has no say.
FORBIDDEN_EXPRESSIONS = [
    "reflect('java.lang.Runtime', 'x')", "a.b.abs(x)", "_metadata", "v._Metadata.file_path", "`__metadata`.x",
    "transform(arr, _metadata -> 1)", "(select 1)", "exists (select 1 from v)", "a in (select a from v)",
    "id; id", "abs(1) union select 1", "@x", "a -> 1 from v", "x is json", "cast(a as int format 'x')",
    "next value for s", "current_user()", "id as _metadata", "?",
]  # fmt: skip
FORBIDDEN_QUERIES = [
    "create table t as select 1", "insert into t select 1", "drop table t", "delete from v", "set a = 1",
    "update v set a = 1", "merge into v using w on true when matched then delete", "show tables", "use x",
    "describe v", "explain select 1", "refresh table v", "cache table v", "analyze table v", "call p()",
    "select 1; select 2", "select * from text.`/etc/passwd`", "select * from a.b.v",
    "select transform(a) using 'cat' from v", "select * from v version as of 1",
    "select * from v for system_time as of '2024-01-01'", "select a into t from v", "select * from abs(1)",
    "select * from v for update", "select as struct 1", "with recursive t as (select 1) select * from t",
    "select /*+ BROADCAST(v) */ 1 from v", "select * from read_files('/etc')", "id + 1", "",
    "select * from values w, text.`/etc/passwd`", "select * from values (1), secret", "values (v.x)",
]  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN_EXPRESSIONS)
def test_forbidden_expressions_are_refused_without_the_first_reader(text: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        read_again(text, False)
    assert refusal.value.message


@pytest.mark.parametrize("text", FORBIDDEN_QUERIES)
def test_forbidden_queries_are_refused_without_the_first_reader(text: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        read_again(text, True)
    assert refusal.value.message


def test_what_is_found_must_be_what_the_first_reader_found() -> None:
    confirm("abs(id) + substr(s, 1)", query=False, tables=(), functions=("abs", "substr"))
    confirm("select abs(id) from v", query=True, tables=("v",), functions=("abs",))
    with pytest.raises(PlanRefused, match="function sqrt"):
        confirm("abs(sqrt(id))", query=False, tables=(), functions=("abs",))
    with pytest.raises(PlanRefused, match="function sqrt"):
        confirm("abs(id)", query=False, tables=(), functions=("abs", "sqrt"))
    with pytest.raises(PlanRefused, match="table w"):
        confirm("select * from v join w", query=True, tables=("v",), functions=())


def test_tables_are_found_wherever_they_are_read() -> None:
    text = "with t as (select * from a) select (select 1 from b) from t join c where x in (select x from d)"
    assert read_again(text, True).tables == {"a", "b", "c", "d", "t"}


def test_long_chains_have_two_readings() -> None:
    for chain in (" or ".join(["n = 1"] * 240), " + ".join(["n"] * 500), " || ".join(["s"] * 500)):
        assert check_expression(chain) == chain
        assert check_query(f"select {chain} from v", views=VIEWS).views == ("v",)


@pytest.mark.parametrize("opening", ["struct(", "decimal(", "date(", "map(", "case when a then ", "cast("])
def test_nesting_that_sqlglot_tries_in_many_ways_ends_soon(opening: str) -> None:
    with within(2), pytest.raises(PlanRefused):
        read_again(opening * 50 + "1", False)


def test_the_depth_that_can_be_read_does_not_depend_on_the_caller() -> None:
    def dive(levels: int, depth: int) -> int:
        return (
            dive(levels - 1, depth)
            if levels
            else len(read_again("(" * depth + "n" + ")" * depth, False).tables)
        )

    assert dive(400, 35) == 0
    with pytest.raises(PlanRefused) as refusal:
        read_again("(" * 200 + "n" + ")" * 200, False)
    assert refusal.value.code == "sql-too-deep"


def test_the_same_text_is_read_once() -> None:
    text = "abs(id) + 20240229"
    before = _read_once.cache_info().hits
    assert check_expression(text) == check_expression(text) == text
    assert _read_once.cache_info().hits > before


def test_every_listed_node_is_one_of_sqlglot() -> None:
    from sqlglot import exp

    assert {kind for kind in QUERY_NODES if getattr(exp, kind.__name__) is not kind} == set()
    assert EXPRESSION_NODES < QUERY_NODES
    assert set(NODE_PARTS) <= QUERY_NODES
    for kind, parts in NODE_PARTS.items():
        assert parts <= set(kind.arg_types), kind


ASKS = [
    ("session_user", False), ("`\u017fession_user`", False), ("coalesce(`u\u017fer`, 1)", False),
    ("select user from v", True), ("select `sess\u0131on_user` from v", True),
    ("select * from v pivot (count(1) for session_user in ('a' as y))", True),
    ("select * from v pivot (count(1) for (n, session_user) in ((1, 'a') as y))", True),
    ("select * from v unpivot (x for y in (session_user, n))", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "query"), ASKS)
def test_names_that_ask_about_the_server_are_refused_by_the_second_reader_alone(
    text: str, query: bool
) -> None:
    tables = ("v",) if query else ()
    functions = read_again(text, query).functions
    with pytest.raises(PlanRefused) as refusal:
        confirm(text, query=query, tables=tables, functions=functions)
    assert refusal.value.code == "server-name"
    confirm(text, query=query, tables=tables, functions=functions, columns=("User", "session_user"))


@pytest.mark.parametrize("text", ["v.user", "user.name", "struct(1 as user)", "`user_id`", "n as user"])
def test_names_that_only_look_like_questions_about_the_server_pass_the_second_reader(text: str) -> None:
    assert not read_again(text, False).asks
