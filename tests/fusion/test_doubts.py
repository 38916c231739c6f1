"""What is not regrouped on Sail, and names that mean the clock."""

import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect.functions import builtin as F  # noqa: N812

from engine.fusion.doubts import check_regrouping
from engine.fusion.facts import inspect
from engine.fusion.unfused import Unfused
from tests.fusion.carry_support import chain_of
from tests.plans.offline import Offline

SCHEMA = pb.DataType()
for _name, _kind in {"n": "integer", "x": "double", "y": "double", "s": "string"}.items():
    getattr(SCHEMA.struct.fields.add(name=_name).data_type, _kind).SetInParent()


@pytest.fixture(scope="module")
def offline():
    return Offline()


@pytest.mark.parametrize(
    "query",
    [
        lambda df: df.agg(F.max("x")),
        lambda df: df.select(F.min("x") + 1),
        lambda df: df.agg(F.stddev("n"), F.corr("n", "y")),
        lambda df: df.agg(F.expr("max(n)")),
        lambda df: df.agg(F.max(F.col("n") + 0.5)),
        lambda df: df.withColumn("n", F.col("x")).agg(F.max("n")),
        lambda df: df.groupBy("s").agg(F.max("n").alias("n")).agg(F.max("n")),
        lambda df: df.groupBy(F.lit("k")).agg(F.max("x")),
    ],
)
def test_extremes_and_moments_of_what_may_be_floating_numbers(offline, query):
    with pytest.raises(Unfused, match="which Sail computes otherwise by group"):
        check_regrouping(chain_of(offline, query), SCHEMA)


@pytest.mark.parametrize(
    "query",
    [
        lambda df: df.agg(F.max("n"), F.min("s")),
        lambda df: df.filter("n > 1").agg(F.max("n")),
        lambda df: df.agg(F.sum("x"), F.avg("x"), F.countDistinct("x")),
        lambda df: df.groupBy("s").agg(F.max("x")),
        lambda df: df.select("x"),
    ],
)
def test_what_is_the_same_in_groups(offline, query):
    check_regrouping(chain_of(offline, query), SCHEMA)


def test_bare_names_of_the_clock_are_random(offline):
    for query in (
        lambda df: df.filter("d < current_date"),
        lambda df: df.withColumn("c", F.col("current_timestamp")),
        lambda df: df.select(F.current_date()),
    ):
        assert inspect(*chain_of(offline, query).steps).random
    assert not inspect(*chain_of(offline, lambda df: df.filter("n > 1")).steps).random
