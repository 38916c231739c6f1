"""The order of groups, and which regular expressions are plain: what needs no plan to be seen."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql import Column
from pyspark.sql.connect import functions as F  # noqa: N812

from engine.backends.native.files import scan_of
from engine.spark.native.ddl import parse_ddl
from engine.spark.native.functions.patterns import check_pattern, check_replacement
from engine.spark.native.hashing import in_order, partition_of
from engine.spark.native.relations.rows import Hashed
from engine.spark.native.translate import translate
from engine.spark.native.types import DOUBLE, INTEGER, LONG, STRING
from engine.spark.native.unproven import Unproven
from tests.spark.native.conftest import Build, Tables


@pytest.mark.parametrize(
    ("value", "kind", "partition"),
    # By `pmod(hash(value), 1000)` of Spark.
    [("Spark", STRING, 765), (None, STRING, 42)],
)
def test_groups_go_where_spark_puts_them(value: object, kind: object, partition: int) -> None:
    assert partition_of([value], [kind], 1000) == partition  # type: ignore[list-item]


def test_groups_with_a_null_come_last_of_their_partition() -> None:
    keys = [(None,), ("a",), ("b",)]
    assert in_order(keys, [STRING], [0, 1, 2], 1, narrow=True) == [1, 2, 0]
    assert in_order(keys, [STRING], [0, 1, 2], 1, narrow=False) == [0, 1, 2]


def test_groups_that_collide_are_spark_s() -> None:
    with pytest.raises(Unproven, match="collide"):
        in_order([(0,), (1,), (2**53,)], [LONG], [0, 1, 2], 2, narrow=True)
    with pytest.raises(Unproven, match="collide"):
        in_order([(1.0,), (2.0,), (4.0,)], [DOUBLE], [0, 1, 2], 2, narrow=True)


# Of 48 averages and a key Spark keeps 97 fields, of 51 more than the 100 that it compiles a step of.
BY_KEY: dict[str, tuple[Build, str | type[Hashed]]] = {
    "few": (lambda df: df.groupBy("k").agg(F.avg("y").alias("a"), F.max("i").alias("b")), Hashed),
    "48 averages": (lambda df: df.groupBy("k").agg(*_averages(48)), Hashed),
    "51 averages": (lambda df: df.groupBy("k").agg(*_averages(51)), "open"),
    "a function without code": (
        lambda df: df.groupBy("k").agg(F.sum(F.size(F.filter("ws", lambda one: one > "a"))).alias("a")),
        "open",
    ),
    "one below": (
        lambda df: df.filter(F.exists("ws", lambda one: one == "a")).groupBy("k").agg(F.max("i").alias("a")),
        "open",
    ),
    "sorted arrays": (
        lambda df: df.groupBy("k").agg(F.max(F.array_position(F.array_sort("ws"), "a")).alias("a")),
        "open",
    ),
    "long expressions": (
        lambda df: df.groupBy("k").agg(*(F.max(_long()).alias(f"a{n}") for n in range(20))),
        "open",
    ),
}


def _averages(count: int) -> list[Column]:
    return [F.avg(F.col("y") + n).alias(f"a{n}") for n in range(count)]


def _long() -> Column:
    made = F.col("y")
    for factor in range(1, 12):
        made = made + F.col("y") * factor
    return made


@pytest.mark.parametrize("name", BY_KEY)
def test_groups_of_what_spark_does_not_compile_are_in_no_known_order(name: str, hostile: Tables) -> None:
    """It then has one hash table, in which groups with a null are among the others."""
    build, order = BY_KEY[name]
    found = translate(hostile.plan(build), scan_of).rows.order
    assert found == order if isinstance(order, str) else isinstance(found, order)


def test_many_groups_are_spark_s() -> None:
    with pytest.raises(Unproven, match="many"):
        in_order([(place,) for place in range(1001)], [INTEGER], range(1001), 2, narrow=False)


@pytest.mark.parametrize(
    ("pattern", "groups"), [("a+", 0), (r"10\.0\.(\d+)\.\d+", 1), ("^[A-C]", 0), ("[^A-Za-z ]", 0)]
)
def test_plain_patterns_are_known(pattern: str, groups: int) -> None:
    assert check_pattern(pattern) == groups


@pytest.mark.parametrize(
    "pattern",
    ["", "a*", "a|b", "a.b", "a$", "a+?", "a++", "a{2}", "(a)+", "(a", "a)", r"\w", r"\s", r"\bx", "(?i)a",
     r"\1a", "[a&&b]", "[[:alpha:]]", "é", "a\n", r"\Qa\E", "[a-Z]", "[]a]"],
)  # fmt: skip
def test_other_patterns_are_spark_s(pattern: str) -> None:
    with pytest.raises(Unproven):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "text",
    [
        "Int",
        "int not null",
        "a array<int>",
        "a int not null",
        "A int",
        "a int, a int",
        "a int comment 'x'",
        "a",
        "",
    ],
)
def test_schemas_that_are_not_plain_are_spark_s(text: str) -> None:
    with pytest.raises(Unproven):
        parse_ddl(text)


def test_a_type_alone_is_that_type() -> None:
    """As `udf(..., "int")` asks."""
    assert parse_ddl(" int ") == pb.DataType(integer=pb.DataType.Integer())
    assert parse_ddl("string").WhichOneof("kind") == "string"


def test_replacements_that_name_groups_are_spark_s() -> None:
    check_replacement("-")
    for text in ("$1", "\\"):
        with pytest.raises(Unproven):
            check_replacement(text)
