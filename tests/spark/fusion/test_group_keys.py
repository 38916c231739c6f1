"""Plans with group keys: what is refused and why, names, plan ids, and what kind of answer a chain has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect.functions import builtin as F  # noqa: N812
from pyspark.sql.connect.window import Window

from engine.frames.build import column, long
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.group_keys import KeyedPlan, add_group_keys, is_row_wise, key_names, keyed_base
from engine.spark.plans.caps import FIRST_BOUND_ID
from engine.spark.plans.trees import copy, walk, with_plan_ids
from sandbox.contract.settings import PLACEHOLDER
from tests.spark.fusion.group_keys_cases import ORDERED, ROWS, TIED
from tests.spark.fusion.group_keys_refused import REFUSED
from tests.spark.fusion.group_keys_support import Query, chain_of, make_table
from tests.spark.plans.offline import Offline, some_frame

CARRIED = {**ROWS, **ORDERED, **TIED}
COLUMNS = tuple(make_table().column_names)
KEYS = ("_calcmetric_key0", "_calcmetric_key1")


@pytest.fixture(scope="module")
def offline() -> Offline:
    return Offline()


def unasked(steps: int) -> tuple[str, ...]:
    raise AssertionError(f"asked for the columns above {steps} steps")


def of_frame(steps: int) -> tuple[str, ...]:
    """Enough for chains that ask only for the frame's columns, or for as many as there are."""
    return COLUMNS


def carried(
    chain: Chain,
    columns_of: Callable[[int], tuple[str, ...]] = of_frame,
    keys: tuple[str, ...] = KEYS,
    **options: Any,
) -> KeyedPlan:
    base = keyed_base(chain.read, some_frame(), [(key, long(1)) for key in keys])
    return add_group_keys(chain, base, keys, columns_of, **options)


def refusal(chain: Chain, columns_of: Callable[[int], tuple[str, ...]] = of_frame, **options: Any) -> str:
    with pytest.raises(NotFusable) as caught:
        carried(chain, columns_of, **options)
    return caught.value.reason


@pytest.mark.parametrize("name", REFUSED)
def test_refused(offline: Offline, name: str) -> None:
    query, reason = REFUSED[name]
    with pytest.raises(NotFusable) as caught:
        carried(chain_of(offline, query))
    assert reason in caught.value.reason


# These ask for the names of columns that are not the frame's.
NAMED = {"toDF", "toDF then frame column", "struct of all", "hash of all", "hash in a group"}
NAMED |= {
    "dropDuplicates",
    "window sum",
    "window ranks",
    "window rows of all",
    "top of groups",
    "top, filled",
}


@pytest.mark.parametrize("name", sorted(CARRIED.keys() - NAMED))
@pytest.mark.parametrize("keys", [(), KEYS[:1], KEYS])
def test_the_chain_is_left_alone_and_its_plan_ids_stay(offline: Offline, name: str, keys) -> None:
    chain = chain_of(offline, CARRIED[name])
    before = (copy(chain.read), *map(copy, chain.steps))
    result = carried(chain, keys=keys)
    assert (chain.read, *chain.steps) == before
    own = [step.common.plan_id for step in (chain.read, *chain.steps)]
    stay = {item.plan_id for item in with_plan_ids(result.relation)}
    assert set(own) <= stay
    assert all(number in own or number >= FIRST_BOUND_ID for number in stay)


@pytest.mark.parametrize(
    "name", ["select", "filter", "aggregates", "group", "having", "pivot", "sort", "hint"]
)
def test_columns_are_not_asked_for_without_need(offline: Offline, name: str) -> None:
    assert carried(chain_of(offline, CARRIED[name]), unasked).rank is None


def test_windows_are_named_as_they_were(offline: Offline) -> None:
    chain = chain_of(offline, lambda df: df.select("id", F.max("n").over(Window.partitionBy("s"))))
    items = carried(chain, lambda steps: ("id", "the name")).relation.project.expressions
    assert list(items[1].alias.name) == ["the name"]
    spec = items[1].alias.expr.window.partition_spec
    assert [item.unresolved_attribute.unparsed_identifier for item in spec] == [
        "s",
        *(f"`{key}`" for key in KEYS),
    ]
    assert list(items[2:]) == [column(key) for key in KEYS]
    assert "several columns" in refusal(chain, lambda steps: ("id",))


def test_a_hidden_column_does_not_rank(offline: Offline) -> None:
    chain = chain_of(offline, lambda df: df.select("id").orderBy("y").limit(2))
    assert refusal(chain, lambda steps: ("id",)) == "a limit of rows sorted by a column that was dropped"


def test_equal_names_are_no_names(offline: Offline) -> None:
    chain = chain_of(offline, lambda df: df.select("id", "n").select("*"))
    assert refusal(chain, lambda steps: ("id", "ID")) == "several columns of one name"
    assert "cannot be named" in refusal(chain_of(offline, lambda df: df.fillna(0)), lambda steps: ("a.b",))


def test_deep_expressions_survive(offline: Offline) -> None:
    deep = column("n")
    for _ in range(150):
        above = pb.Expression()
        above.unresolved_function.function_name = "-"
        above.unresolved_function.arguments.add().CopyFrom(deep)
        deep = above
    chain = chain_of(
        offline, lambda df: df.filter("n > 1").groupBy("n").agg(F.sum("n")).select("n").orderBy("n")
    )
    chain.steps[0].filter.condition.CopyFrom(deep)
    chain.steps[1].aggregate.grouping_expressions[0].CopyFrom(deep)
    chain.steps[1].aggregate.aggregate_expressions.add().CopyFrom(deep)
    chain.steps[2].project.expressions[0].CopyFrom(deep)
    chain.steps[3].sort.order[0].child.CopyFrom(deep)
    minus = [here for here in walk(carried(chain).relation) if getattr(here, "function_name", "") == "-"]
    assert len(minus) == 5 * 150


def test_key_names_occur_nowhere_else(offline: Offline) -> None:
    chain = chain_of(
        offline, lambda df: df.filter("_calcmetric_KEY1 > 0").withColumn("_calcmetric_key2x", F.lit(1))
    )
    assert key_names(chain, ["id", "_CalcMetric_Key0"], 2) == ("_calcmetric_key3", "_calcmetric_key4")
    assert key_names(chain, [], 0) == ()


def test_ranks_are_named_beside_the_data(offline: Offline) -> None:
    chain = chain_of(offline, lambda df: df.orderBy("n").limit(1))
    result = carried(chain, lambda steps: ("n", "_calcmetric_rank0"))
    assert result.rank == ("_calcmetric_rank1", "_calcmetric_rank2")


def test_the_base_hides_what_is_below(offline: Offline) -> None:
    read = chain_of(offline, lambda df: df).read
    inside = some_frame()
    inside.common.plan_id = read.common.plan_id
    for keys in ([], [("k", column("day"))]):
        base = keyed_base(read, inside, keys)
        assert base.common == read.common
        assert base.subquery_alias.alias == PLACEHOLDER
        ids = [item.plan_id for item in with_plan_ids(base.subquery_alias.input)]
        assert len(ids) == 1
        assert min(ids) > FIRST_BOUND_ID
    assert [item.alias.name[:] for item in base.subquery_alias.input.project.expressions] == [[], ["k"]]
    assert base.subquery_alias.input.project.expressions[0] == pb.Expression(
        unresolved_star=pb.Expression.UnresolvedStar()
    )


@pytest.mark.parametrize(
    ("query", "row_wise"),
    [
        (lambda df: df, True),
        (lambda df: df.filter("n > 1").select("id", F.explode("xs")).orderBy("id"), True),
        (lambda df: df.dropna().fillna(0).unpivot("id", ["n"], "a", "b").drop("id"), True),
        (lambda df: df.select(F.count("*").over(Window.partitionBy("s"))), False),
        (lambda df: df.distinct(), False),
        (lambda df: df.orderBy("id").limit(1), False),
        (lambda df: df.groupBy("s").count(), False),
        (lambda df: df.groupBy().pivot("s", ["p"]).count(), False),
        (lambda df: df.agg(F.sum("n")), False),
        (
            lambda df: df.selectExpr("sum(n) AS t").withColumn("u", F.col("t") + 1).limit(1),
            False,
        ),
        (lambda df: df.groupBy("s").count().agg(F.max("count")).distinct(), False),
        (lambda df: df.agg(F.sum("n").alias("t")).filter("t > 1"), False),
        (lambda df: df.selectExpr("sum(n) OVER (PARTITION BY s)"), False),
        (lambda df: df.agg(F.sum("n").alias("t")).limit(0), False),
        (lambda df: df.agg(F.count("n").alias("t")).select(F.explode(F.array("t"))), False),
    ],
)
def test_which_chains_are_row_wise(offline: Offline, query: Query, row_wise: bool) -> None:
    assert is_row_wise(chain_of(offline, query)) == row_wise
