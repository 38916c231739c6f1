"""What a plan's expressions say of themselves."""

from __future__ import annotations

from pyspark.sql.connect.functions import builtin as F  # noqa: N812

from engine.spark.fusion.expression_traits import inspect
from tests.spark.fusion.group_keys_support import chain_of
from tests.spark.plans.offline import Offline


def test_bare_names_of_the_clock_are_random() -> None:
    offline = Offline()
    for query in (
        lambda df: df.filter("d < current_date"),
        lambda df: df.withColumn("c", F.col("current_timestamp")),
        lambda df: df.select(F.current_date()),
    ):
        assert inspect(*chain_of(offline, query).steps).random
    assert not inspect(*chain_of(offline, lambda df: df.filter("n > 1")).steps).random


def test_rows_are_counted_without_columns_and_distinct_rows_with_all() -> None:
    offline = Offline()
    for query in (
        lambda df: df.agg(F.count("*")),
        lambda df: df.agg(F.call_function("COUNT", F.col("*"))),
    ):
        assert not inspect(*chain_of(offline, query).steps).stars
    assert inspect(*chain_of(offline, lambda df: df.agg(F.count_distinct("*"))).steps).stars
