"""Calls of registered functions in text become columns below it; what is not certain is refused."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.functions import Registered, has_functions
from tests.spark.plans.offline import placeholder


def function(name: str, kind: int = 101) -> pb.CommonInlineUserDefinedFunction:
    made = pb.CommonInlineUserDefinedFunction(function_name=name, deterministic=True)
    made.python_udf.eval_type, made.python_udf.command = kind, b"calcmetric-function-0"
    made.python_udf.output_type.double.SetInParent()
    return made


@pytest.fixture
def registered() -> Registered:
    made = Registered()
    made.define(function("twice"))
    made.define(function("middle", 202))
    return made


def project(*texts: str) -> pb.Plan:
    plan = pb.Plan()
    plan.root.project.input.CopyFrom(placeholder())
    for text in texts:
        plan.root.project.expressions.add().expression_string.expression = text
    return plan


def texts_of(relation: pb.Relation) -> list[str]:
    return [one.expression_string.expression for one in relation.project.expressions]


def layers_of(relation: pb.Relation) -> list[list[str]]:
    """The names of the columns that were made, layer by layer from below."""
    found = list[list[str]]()
    while relation.WhichOneof("rel_type") == "with_columns":
        found.insert(0, [alias.name[0] for alias in relation.with_columns.aliases])
        relation = relation.with_columns.input
    return found


def test_a_call_becomes_a_column_that_goes_again(registered):
    plan = project("n", "TWICE(k) + 1 as y", "twice(x)")
    registered.in_plan(plan)
    names = ["result_of_registered_1", "result_of_registered_2"]
    assert list(plan.root.drop.column_names) == names
    above = plan.root.drop.input
    assert texts_of(above) == ["n", f"`{names[0]}` + 1 as y", f"`{names[1]}` AS `twice(x)`"]
    assert layers_of(above.project.input) == [names]


def test_calls_in_calls_are_applied_to_one_another_or_in_layers(registered):
    plan = project("twice(twice(k)) as y", "twice(twice(k) + 1) as z")
    registered.in_plan(plan)
    assert [len(layer) for layer in layers_of(plan.root.drop.input.project.input)] == [2, 1]


def test_names_are_taken_that_stand_nowhere_else(registered):
    plan = project("result_of_registered_1 as x", "twice(k) as y")
    registered.in_plan(plan)
    assert list(plan.root.drop.column_names) == ["result_of_registered__1"]


def test_texts_without_calls_are_left_alone(registered):
    plan = project("n", "'twice(k)' as y", "v.twice as z")
    before = plan.SerializeToString()
    registered.in_plan(plan)
    assert plan.SerializeToString() == before


def test_an_aggregate_is_taken_alone(registered):
    plan = project("middle(k) as y")
    registered.in_plan(plan)
    [alias] = plan.root.project.expressions
    assert list(alias.alias.name) == ["y"]
    assert has_functions(plan)


@pytest.mark.parametrize(
    "text",
    [
        "twice(k + 1.5)",
        "twice(DISTINCT k) as y",
        "twice(*) as y",
        "twice(v => w => k) as y",
        "twice(`v` => k) as y",
        "twice(v =>) as y",
        "twice(k) over (order by n) as y",
        "twice(k) filter (where n > 1) as y",
        "transform(a, v -> twice(v)) as y",
        "exists (select twice(k)) as y",
        "middle(k) + 1 as y",
        "twice(k as y",
        "twice(1 + " * 11 + "k" + ")" * 11 + " as y",
        "+".join(["twice(k)"] * 101) + " as y",
    ],
)
def test_what_is_not_certain_in_text_is_refused(registered, text):
    with pytest.raises(PlanRefused):
        registered.in_plan(project(text))


def test_much_text_is_refused_before_it_is_read(registered):
    with pytest.raises(PlanRefused, match="KiB of text"):
        registered.in_plan(project(*["twice(k) as y" + " " * 60_000] * 3))


QUERIES = {
    "select n, twice(k) as y from v where twice(k) > 10": (
        "select n, `result_of_registered_1` as y from v where `result_of_registered_1` > 10"
    ),
    "select twice(k) from V": "select `result_of_registered_1` AS `twice(k)` from V",
    "select twice(v => k) from v": "select `result_of_registered_1` AS `twice(v => k)` from v",
    "select twice('a b') from v": "select `result_of_registered_1` AS `twice(a b)` from v",
    "select n * twice(k) y from v order by y limit 3": (
        "select n * `result_of_registered_1` y from v order by y limit 3"
    ),
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_over_one_view_has_columns_in_place_of_calls(registered, query):
    text, views = registered.in_query(query, {"v": placeholder()})
    assert text == QUERIES[query]
    assert layers_of(views["v"]) == [["result_of_registered_1"]]


@pytest.mark.parametrize(
    "query",
    [
        "select *, twice(k) as y from v",
        "select v.*, twice(k) as y from v",
        "select twice(v.k) as y from v w",
        "select twice(k) as y from v w join w",
        "select twice(k) as y from v as w, w",
        "select twice(k) as y from v, w",
        "select twice(k) as y from v join w",
        "select twice(k) as y from other",
        "select x from (select twice(k) as x from v)",
        "with a as (select 1) select twice(k) as y from v",
        "select twice(k) as y from v union select 1.0",
        "select -k as k from v order by twice(k)",
        "select k from v group by k having twice(k) > 1",
        "select twice(k) + 1.5 from v",
        "select twice(k) + 1 + 1 from v",
        "select -twice(k) from v",
        "select sum(distinct twice(k)) from v",
        "select first(twice(k)) from v",
        "select twice('\\n') from v",
        "select twice(1) as y where true",
        "select *, twice(1) as y",
        "select middle(k) as y from v",
        "select twice(k) as y from v lateral view explode(a) t as k",
    ],
)
def test_queries_in_which_a_name_may_mean_something_else_are_refused(registered, query):
    with pytest.raises(PlanRefused):
        registered.in_query(query, {"v": placeholder(), "w": placeholder()})


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("select a.s, twice(a.k) from v a", "select s, `{}` AS `twice(k)` from v"),
        ("select twice(v.k) y from v where v.k > 1", "select `{}` y from v where k > 1"),
        ("select s from v as `a` where twice(`a`.k) > 1", "select s from v where `{}` > 1"),
        (
            "select SUM(twice(k)) / count(*) from v",
            "select SUM( `{}`) / count(*) AS `(sum(twice(k)) / count(1))` from v",
        ),
        ("select twice(k) + 1 from v", "select `{}` + 1 AS `(twice(k) + 1)` from v"),
    ],
)
def test_the_one_table_may_have_a_name_and_columns_none(registered, query, text):
    found, _ = registered.in_query(query, {"v": placeholder()})
    assert found == text.format("result_of_registered_1")


def test_a_query_without_a_table_is_one_of_a_row(registered):
    text, views = registered.in_query("select twice(v => 1) as y", {})
    assert text == "select `result_of_registered__1` as y FROM result_of_registered_nowhere"
    [view] = views.values()
    assert layers_of(view) == [["result_of_registered__1"]]
    assert view.with_columns.input.HasField("local_relation")


@pytest.mark.parametrize("name", ["abs", "a b", "a.b", "", "x" * 200])
def test_names_of_spark_s_functions_and_odd_ones_are_refused(registered, name):
    with pytest.raises(PlanRefused):
        registered.define(function(name))


def test_nothing_is_registered_anew_once_a_query_has_called_it(registered):
    registered.define(function("twice"))
    registered.in_query("select twice(k) as y from v", {"v": placeholder()})
    with pytest.raises(PlanRefused, match="another name"):
        registered.define(function("Twice"))
