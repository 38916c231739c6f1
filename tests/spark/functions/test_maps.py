"""Metrics with functions of whole DataFrames and of groups print what plain PySpark prints; see `record`."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from engine import Dataset, Engine, SegmentGroup, TimeRange
from engine.models.run import Run
from tests.servers import NATIVE, engine_on
from tests.spark.functions.corpus import TABLE, source
from tests.spark.functions.maps import (
    MAP_GROUPS,
    MAPS,
    PREAMBLE,
    RAISING_MAPS,
    SURE_MAPS,
    UNSURE_MAPS,
    WIDE_MAPS,
)
from tests.spark.functions.outcomes import told
from tests.spark.functions.record import EXPECTED_MAPS

WANTED = json.loads(EXPECTED_MAPS.read_text())
# What is not native: local data of several rows that functions are given, joins of it, a NaN in SQL.
STEPS = {
    name: one
    for name, one in {**MAPS, **MAP_GROUPS}.items()
    if name in ("map of a map", "map below a join", "map with itself") or "keyed(" in one
}
# Nor types in words beyond the simplest, nor what Spark refuses itself.
BY_SPARK = ("raises for whole numbers as decimals", "raises for two columns of a name", "raises for a dot")


@pytest.fixture
def engine(shared_server, shared_options):
    with engine_on(shared_server, **shared_options) as made:
        yield made


def printed(engine: Engine, data: str, cases: dict[str, str]) -> list[str]:
    [result] = engine.evaluate(source(cases, PREAMBLE), Dataset(data)).results
    assert result.status == "ok", result.error
    return result.printed.strip().split("\n")


def raised(engine: Engine, data: str, name: str) -> bool:
    [result] = engine.evaluate(source({name: RAISING_MAPS[name]}, PREAMBLE), Dataset(data)).results
    assert result.status == "raised", (name, result)
    return True


def run(engine: Engine, data: str | Dataset, body: str, **options: Any) -> Run:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    data = data if isinstance(data, Dataset) else Dataset(data)
    return engine.evaluate(f"{PREAMBLE}\n\ndef calc_metric(df):\n{lines}", data, **options)


def check_refused(engine: Engine, data: str, cases: dict[str, str]) -> None:
    for expression, word in cases.items():
        result = run(engine, data, f"return ({expression}).count()").overall
        assert result.status == "refused", (expression, result)
        assert word in told(result).message, (expression, result)
        assert told(result).hint


def test_every_case_is_recorded():
    assert WANTED.keys() == {**MAPS, **MAP_GROUPS, **RAISING_MAPS, **WIDE_MAPS}.keys()
    assert {name for name, text in WANTED.items() if text.startswith("raised")} == set(RAISING_MAPS)


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_rows_and_groups_are_those_of_plain_spark(engine, plain_data):
    cases = {name: one for name, one in {**MAPS, **MAP_GROUPS}.items() if name not in STEPS}
    assert printed(engine, plain_data, cases) == [WANTED[name] for name in cases]


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", ["spark", "native"], indirect=True)
@pytest.mark.spark
def test_functions_of_what_functions_gave_are_those_of_plain_spark(engine, plain_data):
    assert printed(engine, plain_data, STEPS) == [WANTED[name] for name in STEPS]
    for name in BY_SPARK:
        assert raised(engine, plain_data, name)
    check_refused(engine, plain_data, REFUSED_ON_SPARK)


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", ["spark", "native"], indirect=True)
@pytest.mark.spark
def test_types_that_are_not_answered_natively(engine, wide_data):
    assert printed(engine, wide_data, WIDE_MAPS) == [WANTED[name] for name in WIDE_MAPS]


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_what_raises_in_spark_raises(engine, plain_data):
    for name in RAISING_MAPS.keys() - set(BY_SPARK):
        assert raised(engine, plain_data, name)


# Of each segment of the table and of each day, by hand: the sum over groups of the largest n.
LARGEST = (
    "top = df.groupBy('country').applyInPandas(lambda f: f[['n']].nlargest(1, 'n'), 'n bigint')\n"
    "return top.agg(F.sum('n')).first()[0]"
)


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_segments_and_windows_have_their_own_groups(engine, plain_data):
    segments = [SegmentGroup.by_value("country"), SegmentGroup.where("late", "n > 2")]
    results = run(engine, plain_data, LARGEST, segments=segments).results
    assert sorted(one.value for one in results) == [4.0, 5.0, 6.0, 15.0, 15.0]
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 3, 5)]
    for start, end in pairwise(days):
        part = run(engine, Dataset(plain_data, timestamp="t"), LARGEST, time=TimeRange(start, end))
        rows = [row for row in TABLE.to_pylist() if start <= row["t"] < end]
        assert part.overall.value == sum({row["country"]: row["n"] for row in rows}.values())


REFUSED_ON_SPARK = {
    "df.groupBy(F.struct('n')).applyInPandas(told, TOLD)": "struct",
    "df.groupBy(F.array('n')).applyInPandas(told, TOLD)": "array",
    "df.limit(0).mapInPandas(counted, 'n bigint')": "without any",
    "df.groupBy('x').cogroup(df.groupBy(F.col('n') * -0.0)).applyInPandas(pairs, TOLD)": "-0.0",
    "df.filter('false').mapInPandas(counted, 'n bigint')": "without any",
    "df.mapInPandas(doubled, NX).withColumn('y', F.rand(seed=1))": "random",
}
REFUSED = {
    "df.mapInPandas(as_given, T.StructType().add('n', 'long').add('N', 'long'))": "one name",
    "df.mapInPandas(as_given, T.StructType().add('n', T.DayTimeIntervalType()))": "interval",
    "df.groupBy(F.lit(1)).applyInPandas(told, TOLD)": "constant",
    "df.groupBy(F.udf(lambda n: n, 'int')('n')).applyInPandas(told, TOLD)": "keys",
    "df.groupBy('n').cogroup(df.groupBy('k')).applyInPandas(pairs, TOLD)": "different types",
    "df.groupBy('n').cogroup(df.groupBy()).applyInPandas(pairs, TOLD)": "numbers of keys",
    "df.mapInPandas(doubled, T.StructType().add('n', 'long').add('x', 'double', False))": "NOT NULL",
}


@pytest.mark.parametrize("shared_server", ["native"], indirect=True)
def test_what_is_not_applied_is_refused(engine, plain_data):
    check_refused(engine, plain_data, REFUSED)


@pytest.mark.parametrize("shared_server", ["native"], indirect=True)
def test_what_depends_on_the_order_of_rows_in_a_group_is_refused(engine, plain_data):
    for expression in UNSURE_MAPS:
        result = run(engine, plain_data, f"return ({expression}).count()").overall
        assert result.status == "refused", (expression, result)
        assert "order" in told(result).message
    for expression in SURE_MAPS:
        result = run(engine, plain_data, f"return ({expression}).count()").overall
        assert result.status == "ok", (expression, result)


@pytest.mark.parametrize("shared_server", ["native"], indirect=True)
def test_exceptions_prints_and_captures(engine, plain_data):
    body = (
        "seen = []\n"
        "def bad(frame):\n"
        "    seen.append(1)\n"
        "    print('group of', len(frame))\n"
        "    return frame[['n']] if len(seen) < 3 else 1 / 0\n"
        "print('before')\n"
        "df.filter(\"country != 'IT'\").groupBy('country').applyInPandas(bad, 'n bigint').count()\n"
        "print('kept', len(seen))\n"
        "return df.groupBy('country').applyInPandas(bad, 'n bigint').count()"
    )
    result = run(engine, plain_data, body).overall
    assert result.status == "raised"
    assert "ZeroDivisionError" in told(result).message
    text = f"{PREAMBLE}\n\ndef calc_metric(df):\n{body}"
    assert told(result).line == next(at for at, one in enumerate(text.splitlines(), 1) if "else 1 / 0" in one)
    assert result.printed.split("\n")[:4] == ["before", "group of 3", "group of 2", "kept 0"]
