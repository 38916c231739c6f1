"""Whole plans through the session: what is answered natively is what Spark gives, the rest is its own."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.base import BackendSession
from engine.backends.native.backend import NativeSpark
from engine.backends.tables import Fetched
from engine.context import UNBOUNDED
from engine.errors import BackendError
from engine.spark.native.types import plain
from tests.spark.native import plans
from tests.spark.native.agreement import assert_same, run
from tests.spark.native.conftest import Tables
from tests.spark.native.generate import Draw
from tests.spark.native.plans import NATIVE, QUERIES, SPARKS
from tests.spark.native.stand_ins import CountingSession


@pytest.fixture(scope="module")
def native(native_backend: NativeSpark) -> Iterator[CountingSession]:
    opened = CountingSession(native_backend)
    yield opened
    opened.close()


def outcome(session: BackendSession, relation: pb.Relation) -> Fetched | str:
    """The answer, or the condition of the error."""
    try:
        return run(session, relation)
    except BackendError as error:
        return error.condition


def test_a_native_answer_starts_no_java(native_backend: NativeSpark, hostile: Tables) -> None:
    native = CountingSession(native_backend)
    before = native.answered[""]
    answer = run(native, hostile.plan(NATIVE["average"]))
    assert answer.table.to_pylist() == [{"avg(y)": pytest.approx(3.375)}]
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(hostile.plan(NATIVE["average"]))
    assert native.analyze(request, UNBOUNDED).schema.schema == answer.schema
    assert native.answered[""] == before + 2
    assert native._spark is None
    native.close()


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("name", NATIVE)
def test_answers_are_those_of_spark(
    name: str, hostile: Tables, native: CountingSession, spark_session: BackendSession
) -> None:
    relation = hostile.plan(NATIVE[name])
    before = native.answered[""]
    mine = run(native, relation)
    assert native.answered[""] == before + 1
    assert_same(mine, run(spark_session, relation))
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(relation)
    assert (
        native.analyze(request, UNBOUNDED).schema.schema
        == spark_session.analyze(request, UNBOUNDED).schema.schema
    )
    assert native.answered[""] == before + 2


@pytest.mark.spark
@pytest.mark.slow
def test_odd_names_are_those_of_spark(
    odd_names: Tables, native: CountingSession, spark_session: BackendSession
) -> None:
    relation = odd_names.plan(plans.odd_names)
    before = native.answered[""]
    assert_same(run(native, relation), run(spark_session, relation))
    assert native.answered[""] == before + 1


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_answers_to_queries_are_those_of_spark(
    name: str, hostile: Tables, native: CountingSession, spark_session: BackendSession
) -> None:
    relation = hostile.query(*QUERIES[name])
    before = native.answered[""]
    mine = run(native, relation)
    assert native.answered[""] == before + 1
    assert_same(mine, run(spark_session, relation))


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["a int", "channel string, fee double", "k: bigint,d date , t timestamp, b boolean"]
)
def test_schemas_in_words_are_those_of_spark(
    text: str, native: CountingSession, spark_session: BackendSession
) -> None:
    request = pb.AnalyzePlanRequest()
    request.ddl_parse.ddl_string = text
    mine, theirs = (
        native.analyze(request, UNBOUNDED).ddl_parse.parsed,
        spark_session.analyze(request, UNBOUNDED).ddl_parse.parsed,
    )
    assert plain(mine) == plain(theirs)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("name", SPARKS)
def test_errors_and_the_rest_are_spark_s(
    name: str, edges: Tables, native: CountingSession, spark_session: BackendSession
) -> None:
    relation = edges.plan(SPARKS[name])
    before = native.answered[""]
    mine, theirs = outcome(native, relation), outcome(spark_session, relation)
    assert native.answered[""] == before
    if isinstance(mine, Fetched) and isinstance(theirs, Fetched):
        assert_same(mine, theirs)
    else:
        assert mine == theirs


def attempt(native: CountingSession, relation: pb.Relation) -> tuple[pb.DataType, pa.Table] | None:
    """The type and the rows of a native answer; None if the plan is Spark's, which is not asked."""
    found = native.attempt(relation, UNBOUNDED)
    return None if isinstance(found, str) else found


# Plans of these seeds are drawn; about a third is answered natively.
_SEEDS = 300


@pytest.mark.spark
@pytest.mark.slow
def test_drawn_plans_are_answered_as_spark_answers_them(
    hostile: Tables, native: CountingSession, spark_session: BackendSession
) -> None:
    answered = 0
    for seed in range(_SEEDS):
        relation = hostile.plan(Draw(seed).plan)
        mine = attempt(native, relation)
        if mine is None:
            continue
        answered += 1
        theirs = outcome(spark_session, relation)
        assert isinstance(theirs, Fetched), (seed, theirs)
        try:
            assert_same(Fetched(*mine), theirs, noise=1e-9)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
    assert answered > _SEEDS // 10
