"""Metrics with functions of the author print what plain PySpark prints; see `record`."""

import json

import pytest

from engine import Dataset, Engine, SegmentGroup, TimeRange
from tests.servers import NATIVE, NATIVE_DEEP, engine_on
from tests.spark.functions import corpus
from tests.spark.functions.corpus import RAISING, source
from tests.spark.functions.record import EXPECTED
from tests.tiers import DEEP

QUICK = {
    **corpus.ROWS,
    **corpus.BATCHES,
    **corpus.AGGREGATES,
    **corpus.GROUPS,
    **corpus.CALLABLES,
    **corpus.KEYWORDS,
    **corpus.UNUSED,
    **corpus.EXPOSED,
    **corpus.OVER_GROUPS,
    **corpus.CONDITIONS,
    **corpus.WRITTEN,
    **corpus.WRITTEN_AROUND,
}
# What is not native: local data of several rows that functions are given, sorting by a stand-in.
NOT_NATIVE = (
    *("nested", "used again", "key", "unnamed key", "average", "global select", "beside text without names"),
    *("pandas in a sum", "pandas iterators", "arrow iterator", "aggregate by NaN", "aggregate beside keys"),
    *("without Arrow, not chained", "by keyword without a name", "keyword in keyword"),
    *("averaged", "replaced and averaged", "by text", "by a field", "sorted and limited", "without null"),
    *("in two steps", "in a window", "over a sum without a name", "over a key", "summed over groups"),
    *("over all rows without a name", "pandas over a sum", "over a sum of results", "over a sum by case"),
    *("over a sum over a key of results", "over no groups", "in a rollup", "in a cube", "over a rollup"),
    *("over a window", "over the row before", *corpus.CONDITIONS, *corpus.WRITTEN_AROUND, *corpus.EXPOSED),
    *("over a key in capitals", "over a key of an alias", "over a key by its name", "over nothing"),
    "by a frame below one that was spread",
    *(
        "over a key of results again",
        "over distinct values",
        "over a median",
        "written F.hash('k', 'n')",
        "written F.struct('n', 'k')",
    ),
    *("written F.round('x', 2)", "written F.col('k') ** 2", "written F.concat_ws('-', 's', 'country')"),
)
OF_SPARK = (
    *("in selectExpr", "registered pandas", "in a query with an alias"),
    *("in a query, aggregated without a name", "in expr, aggregated without a name"),
)
WANTED = json.loads(EXPECTED.read_text())


@pytest.fixture
def engine(shared_server, shared_options):
    with engine_on(shared_server, extra_imports=("functools",), **shared_options) as made:
        yield made


# The default run has each third of the cases; all of them on Spark alone are deep.
EACH = pytest.mark.parametrize(
    ("shared_server", "every"),
    [
        ("native", 3),
        pytest.param("native", 1, marks=pytest.mark.slow),
        pytest.param("spark", 3, marks=[pytest.mark.spark, pytest.mark.slow]),
        pytest.param("spark", 1, marks=[pytest.mark.spark, *DEEP]),
    ],
    indirect=["shared_server"],
)


def different(engine: Engine, data: str, cases: dict[str, str]) -> list[tuple[str, str]]:
    """What cases print, and what they should, where that is not the same; few in one call, for its limits."""
    names, found = list(cases), list[str]()
    for start in range(0, len(names), 20):
        part = {name: cases[name] for name in names[start : start + 20]}
        [result] = engine.evaluate(source(part), Dataset(data)).results
        assert result.status == "ok", result.error
        found += result.printed.strip().split("\n")
    told = zip(found, (WANTED[name] for name in cases), strict=True)
    return [(mine, wanted) for mine, wanted in told if mine != wanted]


def test_every_case_is_recorded():
    assert WANTED.keys() == {**corpus.ALL, **corpus.ALL_WIDE}.keys()
    assert {name for name, text in WANTED.items() if text.startswith("raised")} == set(RAISING)


@EACH
def test_rows_and_groups_are_those_of_plain_spark(engine, plain_data, every):
    cases = {name: QUICK[name] for name in [one for one in QUICK if one not in NOT_NATIVE][::every]}
    assert different(engine, plain_data, cases) == []


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", NATIVE_DEEP, indirect=True)
@pytest.mark.spark
def test_functions_of_results_are_those_of_plain_spark(engine, plain_data):
    cases = {name: QUICK[name] for name in NOT_NATIVE} | corpus.STEPS | corpus.AGGREGATE_STEPS
    cases |= corpus.REGISTERED
    assert different(engine, plain_data, cases) == []


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_frames_have_rows_of_their_own(engine, plain_data):
    cases = {what: f"df{expression}" for what, expression in corpus.FRAMED.items()}
    days = TimeRange("2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z")
    data = Dataset(plain_data, timestamp="t")
    by_country = engine.evaluate(source(cases), data, segments=[SegmentGroup.by_value("country")])
    [of_country] = [one for one in by_country.results if "DE" in str(one.frame.segment)]
    of_days = engine.evaluate(source(cases), data, time=days).overall
    for where, result in (("in DE", of_country), ("on two days", of_days)):
        assert result.status == "ok", result.error
        wanted = [WANTED[f"{what} {where}"].removeprefix(f"{what} {where} ") for what in cases]
        lines = result.printed.strip().split("\n")
        assert [line.removeprefix(f"{what} ") for what, line in zip(cases, lines, strict=True)] == wanted


@EACH
def test_registered_functions_are_those_of_plain_spark(engine, plain_data, every):
    quick = [one for one in corpus.REGISTERED if one not in OF_SPARK]
    pickled = list(corpus.PICKLED)[::every]
    cases = {name: corpus.ALL[name] for name in quick + pickled}
    assert different(engine, plain_data, cases) == []


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", NATIVE_DEEP, indirect=True)
@pytest.mark.spark
def test_types_that_are_not_answered_natively(engine, wide_data):
    cases = corpus.ALL_WIDE
    assert different(engine, wide_data, cases) == []


@EACH
def test_what_raises_in_spark_raises(engine, plain_data, every):
    for name in list(RAISING)[::every]:
        [result] = engine.evaluate(source({name: RAISING[name]}), Dataset(plain_data)).results
        assert result.status == "raised", name
        assert result.error.message.startswith("pyspark.PythonException: "), result.error
