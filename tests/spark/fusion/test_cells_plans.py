"""Which plans can be rolled up, and what of them is asked for each cell."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812

from engine.frames.build import call, column, literal, long
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.cells import guardable, plan_cells, row_condition, states_under
from engine.spark.fusion.cells.plan import CellsPlan
from engine.spark.fusion.chain import parse_chain
from engine.spark.plans import Fetch, parse_request
from engine.spark.plans.trees import with_plan_ids
from sandbox.contract.framing import Method


@pytest.fixture
def plan(offline):
    def make(metric, **options):
        parsed = parse_request(Method.EXECUTE, offline.fetch(metric(offline.df)))
        assert isinstance(parsed, Fetch)
        return plan_cells(parse_chain(parsed.relation), **options)

    return make


def functions(plan: CellsPlan) -> list[str]:
    return [state.unresolved_function.function_name for state in plan.states]


def test_the_number_of_rows_is_always_asked_first(plan):
    assert plan(lambda df: df.agg(F.max("a"))).states[0] == call("count", long(1))
    counted = plan(lambda df: df.agg(F.count("*"), F.count(F.lit(1)), F.count(F.lit("x"))))
    assert counted.states == (call("count", long(1)),)
    assert counted.outputs == (0, 1, 2)


def test_equal_states_and_equal_aggregates_are_asked_once(plan):
    one = plan(lambda df: df.agg(F.avg("b")))
    assert functions(one) == ["count", "sum", "sum", "count"]
    several = plan(
        lambda df: df.agg(F.avg("b"), F.mean("b").alias("m"), F.avg("b"), F.sum("b"), F.count("b"))
    )
    assert functions(several) == functions(one)
    assert several.outputs == (0, 0, 0, 1, 2)


def test_columns_of_aggregates_alone_need_no_projection(plan):
    bare = plan(lambda df: df.select(F.min("a").alias("x"), F.max("b")).orderBy("x").limit(1))
    assert bare.outputs == (0, 1)
    assert bare.finishing == bare.upper == ()


def test_what_is_computed_of_aggregates_is_left_to_the_backend(plan):
    made = plan(
        lambda df: df.filter("a > 1").agg((F.sum("b") / F.count("*")).alias("r"), F.sum("b").alias("s"))
    )
    assert made.outputs is None
    assert made.position == 1
    ratio, total = made.finishing
    assert ratio.alias.expr == call("/", column("_calcmetric_a0"), column("_calcmetric_a1"))
    assert total.alias.expr == column("_calcmetric_a0")


def test_steps_above_are_kept_but_for_sorts_and_limits(plan):
    made = plan(
        lambda df: df.agg(F.avg("b").alias("m")).orderBy("m").withColumn("n", F.col("m") * 2).limit(3)
    )
    assert [step.WhichOneof("rel_type") for step in made.upper] == ["with_columns"]
    assert made.common.HasField("plan_id")


def test_steps_below_are_kept_but_for_what_moves_rows(plan):
    made = plan(
        lambda df: (
            df.repartition(3)
            .filter("a > 1")
            .orderBy("a")
            .select("a", F.explode("xs").alias("x"))
            .agg(F.sum("x"))
        )
    )
    assert [step.WhichOneof("rel_type") for step in made.lower] == ["filter", "project"]
    assert not guardable(made)


def test_text_within_an_aggregate_is_passed_on(plan):
    made = plan(lambda df: df.agg(F.sum(F.expr("a * b")), F.count_if(F.expr("a > 1 AND c LIKE 'x%'"))))
    assert made.outputs == (0, 1)


def test_call_function_is_a_call(plan):
    assert plan(lambda df: df.agg(F.call_function("avg", "b"))).outputs == (0,)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (lambda df: df, "no global aggregate"),
        (lambda df: df.groupBy("a").agg(F.sum("b")), "grouped"),
        (lambda df: df.groupBy("a").count().agg(F.max("count")), "grouped"),
        (lambda df: df.groupBy().pivot("c", ["x"]).agg(F.sum("b")), "grouped"),
        (lambda df: df.agg(F.median("b")), "median"),
        (lambda df: df.agg(F.first("b")), "first"),
        (lambda df: df.agg(F.max_by("a", "b")), "max_by"),
        (lambda df: df.agg(F.approx_count_distinct("b")), "approx_count_distinct"),
        (lambda df: df.agg(F.collect_list("b")), "collect_list"),
        (lambda df: df.agg(F.countDistinct("b")), "distinct"),
        (lambda df: df.agg(F.sum_distinct("b")), "distinct"),
        (lambda df: df.agg(F.expr("avg(b)")), "text"),
        (lambda df: df.agg(F.avg("b") + F.expr("1")), "text"),
        (lambda df: df.agg(F.sum(F.rand())), "random"),
        (lambda df: df.agg(F.avg("b") + F.rand()), "random"),
        (lambda df: df.filter(F.rand() < 0.5).agg(F.sum("b")), "random"),
        (lambda df: df.agg(F.sum(F.expr("sum(b)"))), "aggregate of aggregates"),
        (lambda df: df.agg(F.count(F.struct("*"))), "all columns"),
        (lambda df: df.agg(F.avg("b"), F.col("a")), "a column beside"),
        (lambda df: df.select(F.avg("b"), "*"), "all columns"),
        (lambda df: df.select(F.avg("b").over(Window.partitionBy("a")), F.sum("a")), "window"),
        (lambda df: df.withColumn("r", F.rank().over(Window.partitionBy("a").orderBy("b"))).agg(F.max("r")),
         "window"),
        (lambda df: df.limit(9).agg(F.sum("b")), "limit below"),
        (lambda df: df.distinct().agg(F.sum("b")), "deduplicate below"),
        (lambda df: df.agg(F.sum("b")).limit(0), "limit above"),
        (lambda df: df.agg(F.sum("b")).offset(1), "offset above"),
        (lambda df: df.agg(F.sum("b").alias("s")).agg(F.max("s")), "aggregate above"),
        (lambda df: df.agg(F.sum("b").alias("s")).select(F.explode(F.array("s"))), "generators"),
        (lambda df: df.agg(F.sum("b").alias("s")).select("*"), "stars"),
        (lambda df: df.filter(df.sparkSession.range(3)["id"] > 1).agg(F.sum("b")), "another DataFrame"),
        (lambda df: df.agg(F.max(F.collate("c", "UNICODE_CI"))), "collation"),
        (lambda df: df.agg(F.min(F.expr("c COLLATE UNICODE"))), "collation"),
        (lambda df: df.agg(F.call_function("corr", "a")), "1 arguments"),
    ],
)  # fmt: skip
def test_what_is_not_rolled_up(plan, metric, reason):
    with pytest.raises(NotFusable, match=reason):
        plan(metric)


def test_text_with_a_collation_in_the_frame_has_no_extremes(plan):
    schema = pb.DataType()
    schema.struct.fields.add(name="c").data_type.string.collation = "UNICODE_CI"
    with pytest.raises(NotFusable, match="collation"):
        plan(lambda df: df.agg(F.max("c")), schema=schema)
    assert plan(lambda df: df.agg(F.count("c")), schema=schema).outputs == (0,)


def test_the_precise_form_asks_moments_about_the_mean(plan):
    fast = plan(lambda df: df.agg(F.corr("b", "score")))
    precise = plan(lambda df: df.agg(F.corr("b", "score")), precise=True)
    assert "covar_pop" not in functions(fast)
    assert {"covar_pop", "var_pop", "avg"} <= set(functions(precise))


def test_filters_can_guard_states_instead(plan):
    made = plan(lambda df: df.filter(df["a"] > 1).filter("b < 2").agg(F.count("*"), F.corr(df["b"], "score")))
    assert guardable(made)
    condition = row_condition(made)
    states = states_under(made, condition)
    assert len(states) == len(made.states)
    assert condition is not None and states[0] == call("count_if", condition)
    assert all(
        state.unresolved_function.arguments[0].unresolved_function.function_name == "when"
        for state in states[1:]
    )
    assert not any(list(with_plan_ids(state)) for state in states)
    assert condition.unresolved_function.function_name == "and"


def test_without_filters_states_stay_as_they_are(plan):
    made = plan(lambda df: df.agg(F.sum("b"), F.count(F.lit(None))))
    assert row_condition(made) is None
    assert states_under(made, None) == made.states
    never = literal(pb.Expression.Literal(boolean=False))
    assert [state.unresolved_function.function_name for state in states_under(made, never)] == [
        "count_if",
        "sum",
        "count",
    ]
