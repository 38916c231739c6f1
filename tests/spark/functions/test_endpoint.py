"""Functions of the author on an endpoint that is not ours, where what they give travels as local data."""

from __future__ import annotations

import json

import pytest

from engine import Dataset, Limits
from engine.queries.spark.functions import function_stream
from tests.servers import engine_on, plain_session
from tests.spark.functions import corpus
from tests.spark.functions.corpus import PREAMBLE, source
from tests.spark.functions.record import EXPECTED

pytestmark = [pytest.mark.spark, pytest.mark.slow]

LIMITS = Limits(frame_seconds=500, wall_seconds=550)
WANTED = json.loads(EXPECTED.read_text())
# One of each kind; rows beside their columns, aggregates, keywords, functions of what functions gave.
CASES = corpus.SHAPES | {
    name: corpus.ALL[name]
    for name in (
        *("decorated", "pandas iterators", "arrow", "aggregate by a key", "in a query", "struct chained"),
    )
}


def test_functions_give_what_they_give_in_plain_spark(spark_backend, shared_options, plain_data, monkeypatch):
    options = shared_options | {"extra_imports": ("functools",)}
    with plain_session(spark_backend) as spark, engine_on(spark_backend, **options) as engine:
        data = Dataset(spark.read.parquet(plain_data))
        result = engine.evaluate(source(CASES), data, limits=LIMITS).overall
        assert result.status == "ok", result.error
        assert result.printed.strip().split("\n") == [WANTED[name] for name in CASES]
        # There is no file that both can read.
        monkeypatch.setattr(function_stream, "MOST_BYTES", 50)
        metric = f"{PREAMBLE}\n\ndef calc_metric(df):\n    return df.select(half('x').alias('y')).count()\n"
        result = engine.evaluate(metric, data, limits=LIMITS).overall
        assert (result.status, result.error and result.error.code) == ("refused", "plan-too-large")


@pytest.mark.deep
def test_all_cases_give_what_they_give_in_plain_spark(spark_backend, shared_options, plain_data):
    names = [one for one in corpus.ALL if one not in corpus.RAISING]
    found = list[tuple[str, str]]()
    options = shared_options | {"extra_imports": ("functools",)}
    with plain_session(spark_backend) as spark, engine_on(spark_backend, **options) as engine:
        data = Dataset(spark.read.parquet(plain_data))
        for start in range(0, len(names), 20):
            part = {name: corpus.ALL[name] for name in names[start : start + 20]}
            result = engine.evaluate(source(part), data, limits=LIMITS).overall
            assert result.status == "ok", result.error
            found += zip(result.printed.strip().split("\n"), (WANTED[name] for name in part), strict=True)
    assert [(mine, wanted) for mine, wanted in found if mine != wanted] == []
