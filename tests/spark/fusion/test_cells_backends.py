"""Aggregates of parts of an awkward table: from cells they are what the backends give for the rows."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from engine.errors import BackendError
from engine.frames.build import projected
from engine.spark.fusion.cells import guardable, row_condition, states_under
from engine.spark.fusion.chain import parse_chain, stack
from tests.servers import ASKS_SPARK
from tests.spark.fusion.cells_data import GROUPS, KINDS, Bench, part, roll
from tests.tiers import all_but

PARTS = ("all", *KINDS)


def each(functions: str, *columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        " ".join((f, *names)): lambda f=f, names=names: getattr(F, f)(*names)
        for f in functions.split()
        for names in columns
    }


def singles(names: str) -> list[tuple[str, ...]]:
    return [(name,) for name in names.split()]


EXACT: dict[str, Any] = {
    "rows": lambda: F.count("*"),
    "literal": lambda: F.count(F.lit(1)),
    "two": lambda: F.count_if(F.col("x") > F.col("y")),
    "bool_or": lambda: F.bool_or(F.col("i") > 90),
    **each("count", *singles("x text")),
    **each("sum avg", *singles("i price")),
    **each("try_sum bit_and bit_or bit_xor", *singles("i")),
    **each("every some", *singles("flag")),
    **each("regr_count", ("x", "y")),
    **each("min max", *singles("x ex zero small i year big price flag text raw day at wall")),
}
SUMS: dict[str, Any] = {
    **each("sum avg", *singles("x far small ex zero")),
    **each("try_sum try_avg", *singles("x")),
    **each("sum", *singles("wide")),
}
MOMENTS: dict[str, Any] = {
    **each("stddev", *singles("x far farther i year price same ex small")),
    **each("var_pop", *singles("x far i")),
    **each("stddev_pop var_samp", *singles("x")),
    **each("skewness kurtosis", *singles("x i")),
    **each("covar_samp", ("x", "y"), ("i", "year"), ("far", "x"), ("same", "x")),
    **each("covar_pop regr_slope regr_intercept regr_r2 regr_sxx regr_sxy regr_syy", ("x", "y")),
    **each("regr_slope regr_r2", ("i", "year"), ("x", "same")),
}
CORRELATIONS = each("corr", ("x", "y"), ("i", "year"), ("far", "x"))
ALL = EXACT | SUMS | MOMENTS


@pytest.fixture(scope="module", params=ASKS_SPARK)
def bench(request, data_dir, offline) -> Iterator[Bench]:
    backend = request.getfixturevalue(f"{request.param}_backend")
    bench = Bench(backend, data_dir, offline)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def answers(bench) -> dict[tuple[str, str], pa.Array]:
    """The direct answer of each aggregate for each part."""
    return {
        (key, name): value
        for name in PARTS
        for key, value in zip(ALL, ask(bench, ALL.values(), name), strict=True)
    }


def ask(bench: Bench, makers: Iterable[Callable[[], Column]], name: str) -> list[pa.Array]:
    table = bench.direct(lambda df: df.agg(*(make() for make in makers)), part(name))
    return [column.chunk(0) for column in table.columns]


def _aggregated(make: Callable[[], Column], df: DataFrame) -> DataFrame:
    return df.agg(make())


def roll_all(
    bench: Bench, metrics: Mapping[str, Callable[[], Column]], precise: bool = False
) -> dict[tuple[str, str], tuple[pa.Array, bool, bool]]:
    """Of each aggregate and part: the value, and whether it is unsure or coarse. One query for all."""
    plans = {
        key: bench.plan(functools.partial(_aggregated, make), precise=precise)
        for key, make in metrics.items()
    }
    read = parse_chain(bench.relation(lambda df: df.agg(F.count("*")))).read
    table = bench.cells(read, [state for plan in plans.values() for state in plan.states])
    found, place = {}, 2
    for key, plan in plans.items():
        columns = range(place, place + len(plan.states))
        place += len(plan.states)
        for name, (rolled, slot) in roll(plan, table.select([0, 1, *columns])).items():
            assert plan.outputs is not None
            value = rolled.values[plan.outputs[0]].slice(slot, 1)
            found[key, name] = value, bool(rolled.unsure[slot]), bool(rolled.coarse[slot])
    return found


@pytest.fixture(scope="module")
def fast(bench):
    return roll_all(bench, ALL)


@pytest.fixture(scope="module")
def precise(bench):
    return roll_all(bench, MOMENTS, precise=True)


def same(got: pa.Array, expected: pa.Array, tolerance: float = 0.0) -> bool:
    assert got.type == expected.type
    a, b = got[0].as_py(), expected[0].as_py()
    if a is None or b is None:
        return a is b
    if not isinstance(a, float):
        return bool(a == b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if a == b:
        return math.copysign(1, a) == math.copysign(1, b)
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def differences(rolled: Mapping[tuple[str, str], Any], answers: Mapping[tuple[str, str], Any]) -> list[Any]:
    tolerances = {**dict.fromkeys(SUMS, 1e-12), **dict.fromkeys(MOMENTS, 1e-8)}
    return [
        (place, value[0].as_py(), answers[place][0].as_py())
        for place, (value, unsure, coarse) in rolled.items()
        if place in answers and not unsure and not coarse
        if not same(value, answers[place], tolerances.get(place[0], 0.0))
    ]


@pytest.mark.slow
def test_what_is_sure_is_what_the_backend_gives(fast, answers):
    assert not differences(fast, answers)


@pytest.mark.slow
def test_what_is_sure_in_the_precise_form_is_what_the_backend_gives(precise, answers):
    assert not differences(precise, answers)


def flagged(rolled: Mapping[tuple[str, str], Any], which: int, name: str) -> set[str]:
    return {key for key, there in rolled if there == name and rolled[key, there][which]}


@pytest.mark.slow
def test_ordinary_parts_are_sure(fast, precise):
    odd = {"regr_slope x same", "regr_r2 x same"}
    rough = {"stddev far", "stddev farther", "stddev same", "var_pop far", "covar_samp far x", *odd}
    rough |= {"covar_samp same x"}
    assert flagged(fast, 1, "plain") == set()
    assert flagged(fast, 2, "plain") == rough
    assert flagged(precise, 1, "plain") == {"stddev farther", "regr_r2 x same"}
    assert {name for name in (*PARTS, *GROUPS) if flagged(precise, 2, name)} == set()
    for name in ("one", "null"):
        assert {key.split()[0] for key in flagged(fast, 1, name)} <= {"regr_r2"}


@pytest.mark.slow
def test_extremes_with_nan_are_sure(fast):
    assert not {key for key in flagged(fast, 1, "odd") if key.startswith(("min", "max"))}
    assert flagged(fast, 1, "zeros") <= {"min zero", "max zero"}


@pytest.mark.slow
def test_a_slot_without_cells_has_no_rows(fast):
    assert flagged(fast, 1, "absent") == flagged(fast, 2, "absent") == set()
    assert fast["rows", "absent"][0].to_pylist() == [0]
    assert fast["sum x", "absent"][0].to_pylist() == fast["max text", "absent"][0].to_pylist() == [None]


@pytest.fixture(scope="module")
def correlations(bench) -> dict[tuple[str, str], pa.Array | None]:
    """Directly; None where the backend raises."""
    makers = list(CORRELATIONS.values())
    found = {
        (key, name): value
        for name in ("all", "plain", "odd", "one", "null")
        for key, value in zip(CORRELATIONS, ask(bench, makers, name), strict=True)
    }
    for key, make in CORRELATIONS.items():
        try:
            found[key, "same"] = ask(bench, [make], "same")[0]
        except BackendError:
            found[key, "same"] = None
    return found


@pytest.mark.slow
@pytest.mark.parametrize("form", [False, True], ids=["fast", "precise"])
def test_correlations(bench, correlations, form):
    sure = set()
    for place, (value, unsure, coarse) in roll_all(bench, CORRELATIONS, precise=form).items():
        if place in correlations and not unsure and not coarse:
            assert correlations[place] is not None, place
            assert same(value, correlations[place], 1e-8), place
            sure.add(place)
    assert {("corr x y", "plain"), ("corr i year", "all"), ("corr i year", "one")} <= sure
    assert (("corr far x", "plain") in sure) == form
    assert ("corr x y", "odd") in sure
    assert not {place for place in sure if place[1] == "same"}


def finished(bench: Bench, metric: Callable[[DataFrame], DataFrame]) -> dict[str, pa.Table]:
    """The answers of a plan with steps about its aggregates, as an engine would get them."""
    chain = parse_chain(bench.relation(metric))
    plan = bench.plan(metric)
    found = {}
    for name, (rolled, slot) in bench.rolled(chain, plan).items():
        if not rolled.rows[slot]:
            continue
        assert not rolled.unsure[slot]
        assert not rolled.coarse[slot]
        values = [array.slice(slot, 1) for array in rolled.values]
        if plan.outputs is not None:
            found[name] = pa.table([values[i] for i in plan.outputs], names=["v"] * len(plan.outputs))
            continue
        table = pa.table(values, names=[f"_calcmetric_a{i}" for i in range(len(values))])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        small = pb.Relation(local_relation=pb.LocalRelation(data=sink.getvalue().to_pybytes()))
        top = projected(small, plan.finishing)
        top.common.CopyFrom(plan.common)
        found[name] = bench.fetch(stack(top, plan.upper))
    return found


def _bare(df: DataFrame) -> DataFrame:
    return df.select(F.count("*").alias("n"), F.sum("i").alias("s"), F.count("*").alias("m")).limit(1)


def _around(df: DataFrame) -> DataFrame:
    rate = F.sum(F.when(F.col("flag"), 1).otherwise(0)) / F.count("*")
    return df.agg(
        F.round(F.avg("y"), 2).alias("r"),
        rate.alias("rate"),
        (F.avg("y") - F.avg("year")).alias("gap"),
        F.when(F.count("i") > 20, F.max("text")).otherwise("few").alias("w"),
        F.lit(3).alias("three"),
    )


def _below(df: DataFrame) -> DataFrame:
    rows = df.filter(df["year"] > 2020).withColumn("twice", F.col("i") * 2).orderBy("i")
    return rows.agg(F.sum("twice").alias("s"), F.min("day").alias("d")).orderBy("s").limit(5)


def _above(df: DataFrame) -> DataFrame:
    sums = df.filter("year > 2020").agg(F.sum("i").alias("a"), F.count("i").alias("b"))
    return (
        sums.withColumn("q", sums["a"] / F.nullif("b", F.lit(0)))
        .filter("b > 1")
        .select("q", "a")
        .toDF("u", "v")
    )


def _exploded(df: DataFrame) -> DataFrame:
    rows = df.select("kind", "part", F.explode(F.array("year", F.col("year") + 1)).alias("e"))
    return rows.agg(F.sum("e"), F.count("*"), F.max("e"))


@pytest.mark.parametrize("metric", all_but((_around,), (_bare, _around, _below, _above, _exploded)))
def test_steps_below_and_above(bench, metric):
    rolled = finished(bench, metric)
    for name in ("all", "plain", "null"):
        direct = bench.direct(metric, part(name))
        assert len(rolled[name]) == len(direct)
        for got, expected in zip(rolled[name].columns, direct.columns, strict=True):
            assert not len(direct) or same(got.chunk(0), expected.chunk(0), 1e-12)


@pytest.mark.slow
def test_states_under_a_condition_are_those_of_the_filtered_rows(bench):
    def metric(df):
        rows = df.filter(df["year"] > 2021).filter("i < 50 OR i IS NULL")
        makers = {
            **each("count sum avg min stddev skewness", ("i",)),
            **each("corr covar_pop", ("i", "year")),
        }
        return rows.agg(F.count("*"), F.count_if(F.col("flag")), *(make() for make in makers.values()))

    plan = bench.plan(metric)
    assert guardable(plan)
    chain = parse_chain(bench.relation(metric))
    wanted = bench.cells(stack(chain.read, plan.lower), plan.states)
    table = bench.cells(chain.read, states_under(plan, row_condition(plan)))
    order = [("k", "ascending"), ("p", "ascending")]
    table = table.filter(pc.greater(table.column(2), 0)).sort_by(order)
    assert table.schema == wanted.schema
    assert table.select(["k", "p"]) == wanted.sort_by(order).select(["k", "p"])
    for got, expected in zip(table.columns[2:], wanted.sort_by(order).columns[2:], strict=True):
        pairs = zip(got.to_pylist(), expected.to_pylist(), strict=True)
        assert all(same(pa.array([a]), pa.array([b]), 1e-12) for a, b in pairs)
