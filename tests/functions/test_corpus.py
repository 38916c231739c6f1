"""Metrics with functions of the author print what plain PySpark prints; see `record`."""

import json

import pytest

from engine import Dataset, Engine
from tests.functions.corpus import GROUPS, RAISING, ROWS, WIDE_ROWS, source
from tests.functions.record import EXPECTED
from tests.servers import NATIVE, engine_on

# What is not native: local data of several rows that functions are given, sorting by a stand-in.
STEPS = ("nested", "used again", "key", "unnamed key", "average", "global select")
WANTED = json.loads(EXPECTED.read_text())


@pytest.fixture
def engine(shared_server, shared_options):
    with engine_on(shared_server, **shared_options) as made:
        yield made


def printed(engine: Engine, data: str, cases: dict[str, str]) -> list[str]:
    [result] = engine.evaluate(source(cases), Dataset(data)).results
    assert result.status == "ok", result.error
    return result.printed.strip().split("\n")


def test_every_case_is_recorded():
    assert WANTED.keys() == {**ROWS, **GROUPS, **RAISING, **WIDE_ROWS}.keys()
    assert {name for name, text in WANTED.items() if text.startswith("raised")} == set(RAISING)


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_rows_and_groups_are_those_of_plain_spark(engine, plain_data):
    cases = {name: one for name, one in {**ROWS, **GROUPS}.items() if name not in STEPS}
    assert printed(engine, plain_data, cases) == [WANTED[name] for name in cases]


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", ["spark", "native"], indirect=True)
@pytest.mark.spark
def test_functions_of_results_are_those_of_plain_spark(engine, plain_data):
    cases = {name: {**ROWS, **GROUPS}[name] for name in STEPS}
    assert printed(engine, plain_data, cases) == [WANTED[name] for name in cases]


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", ["spark", "native"], indirect=True)
@pytest.mark.spark
def test_types_that_are_not_answered_natively(engine, wide_data):
    assert printed(engine, wide_data, WIDE_ROWS) == [WANTED[name] for name in WIDE_ROWS]


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_what_raises_in_spark_raises(engine, plain_data):
    for name, expression in RAISING.items():
        [result] = engine.evaluate(source({name: expression}), Dataset(plain_data)).results
        assert result.status == "raised", name
        assert result.error.message.startswith("pyspark.PythonException: "), result.error
