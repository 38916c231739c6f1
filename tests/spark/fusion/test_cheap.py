"""Which questions may travel with those of other runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import functions as F  # noqa: N812

from engine.spark.fusion.cells import CellsPlan, plan_cells, row_condition, states_under
from engine.spark.fusion.chain import parse_chain
from engine.spark.fusion.cheap import MOST_PARTS, is_cheap
from engine.spark.plans import Fetch, parse_request
from sandbox.contract.framing import Method
from tests.spark.plans.offline import Offline

CHEAP = {
    "sums": lambda df: df.agg(F.sum("a"), F.avg("b"), F.stddev("b"), F.count("*"), F.corr("a", "b")),
    "a filter": lambda df: df.filter((F.col("a") > 1) & F.col("b").isNotNull()).agg(F.max("a")),
    "a filter in text": lambda df: df.filter("a % 2 = 0 and b between 1 and 2").agg(F.sum("a")),
    "branches": lambda df: df.agg(F.sum(F.when(F.col("a") > 1, 1).otherwise(0.5))),
    "casts": lambda df: df.agg(F.sum(F.col("a").cast("double") + F.lit(1).cast("decimal(9,2)"))),
    "a list": lambda df: df.agg(F.count_if(F.col("a").isin(1, 2, 3))),
}
# In each a few words make a row as dear as their author likes.
DEAR = {
    "a lambda": lambda df: df.agg(
        F.sum(F.aggregate(F.sequence(F.lit(1), F.lit(10**7)), F.lit(0), lambda a, x: (a * 7 + x) % 9))
    ),
    "a lambda in text": lambda df: df.agg(
        F.sum(F.expr("aggregate(sequence(1, 10000000), 0, (a, x) -> a + x)"))
    ),
    "a sequence": lambda df: df.agg(F.sum(F.size(F.sequence(F.lit(1), F.lit(10**7))))),
    "a long text": lambda df: df.agg(F.sum(F.length(F.repeat(F.lit("x"), 10**8)))),
    "a pattern": lambda df: df.agg(F.count_if(F.col("a").cast("string").rlike("(a*)*b"))),
    "a pattern in text": lambda df: df.filter("cast(a as string) rlike '(a*)*b'").agg(F.sum("a")),
    "a pattern of likes": lambda df: df.filter("cast(a as string) like '%a%a%a%a%b'").agg(F.sum("a")),
    "replacing": lambda df: df.agg(F.max(F.replace(F.lit("aa"), F.lit("a"), F.lit("aaaaaaaaaa")))),
    "very many parts": lambda df: df.agg(*[F.sum(F.sin(F.col("b") + i)) for i in range(MOST_PARTS // 4)]),
    "a long list": lambda df: df.agg(F.count_if(F.col("a").isin(*range(MOST_PARTS)))),
    "a long text of SQL": lambda df: df.filter("a in (" + "1, " * MOST_PARTS + "1)").agg(F.sum("a")),
}


@pytest.fixture(scope="module")
def plan() -> Iterator[object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
        offline = Offline()

        def make(metric):
            parsed = parse_request(Method.EXECUTE, offline.fetch(metric(offline.df)))
            assert isinstance(parsed, Fetch)
            return plan_cells(parse_chain(parsed.relation))

        yield make


def cheap(plan: CellsPlan) -> bool:
    return is_cheap(states_under(plan, row_condition(plan)))


@pytest.mark.parametrize("name", CHEAP)
def test_what_the_rows_bound_is_cheap(plan, name):
    assert cheap(plan(CHEAP[name]))


@pytest.mark.parametrize("name", DEAR)
def test_what_they_do_not_bound_is_not(plan, name):
    assert not cheap(plan(DEAR[name]))
