"""What must not pass does not, however it is wrapped; and no bytes raise anything but PlanRefused."""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql.connect.functions import builtin as F  # noqa: N812

from engine.errors import PlanRefused
from engine.spark.plans import Fetch, bind, parse_request
from sandbox.contract.framing import Method
from tests.spark.plans import corpus, hostile
from tests.spark.plans.offline import Offline, bound, placeholder, request, some_frame
from tests.waiting import within


def _refused(relation: pb.Relation) -> PlanRefused:
    with pytest.raises(PlanRefused) as caught:
        parse_request(Method.EXECUTE, request(relation))
    return caught.value


@pytest.mark.parametrize("name", hostile.RELATIONS)
def test_relation_is_refused(name: str) -> None:
    code, build = hostile.RELATIONS[name]
    relation = pb.Relation()
    build(relation)
    error = _refused(relation)
    assert error.code == code
    assert "/etc" not in error.message or name in ("path as a table", "quoted path")


@pytest.mark.parametrize("name", hostile.EXPRESSIONS)
def test_expression_is_refused(name: str) -> None:
    code, build = hostile.EXPRESSIONS[name]
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    build(relation.project.expressions.add())
    error = _refused(relation)
    assert code is None or error.code == code


RELATION_PLACES = dict(hostile.positions("Relation"))
EXPRESSION_PLACES = dict(hostile.positions("Expression"))


def test_places_are_found() -> None:
    assert len(RELATION_PLACES) >= 45
    assert len(EXPRESSION_PLACES) >= 38
    assert {"Join.right", "WithRelations.references", "SetOperation.right_input"} <= set(RELATION_PLACES)
    assert {"SQL.named_arguments", "Aggregate.GroupingSets.grouping_set"} <= set(EXPRESSION_PLACES)


@pytest.mark.parametrize("place", RELATION_PLACES)
@pytest.mark.parametrize("name", ["read a file", "mapInPandas", "sql over a table", "huge range"])
def test_relation_is_refused_at_every_place(place: str, name: str) -> None:
    code, build = hostile.RELATIONS[name]
    relation = pb.Relation()
    build(RELATION_PLACES[place](relation))
    assert _refused(relation).code == code


@pytest.mark.parametrize("place", EXPRESSION_PLACES)
@pytest.mark.parametrize("name", ["udf", "reflect", "text reflect", "hidden column"])
def test_expression_is_refused_at_every_place(place: str, name: str) -> None:
    relation = pb.Relation()
    hostile.EXPRESSIONS[name][1](EXPRESSION_PLACES[place](relation))
    assert _refused(relation).code == hostile.code_at(place, name)


@pytest.mark.parametrize("depth", [1, 10, 45, 60, 150])
def test_refused_however_deep(depth: int) -> None:
    relation = pb.Relation()
    relation.read.data_source.format = "text"
    for _ in range(depth):
        outer = pb.Relation()
        outer.limit.input.CopyFrom(relation)
        relation = outer
    assert _refused(relation).code == "read-refused"


COMMANDS = [
    field.name
    for field in pb.Command.DESCRIPTOR.fields
    if field.name not in ("create_dataframe_view", "sql_command")
]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_refused(name: str) -> None:
    message = pb.ExecutePlanRequest()
    getattr(message.plan.command, name).SetInParent()
    with pytest.raises(PlanRefused) as caught:
        parse_request(Method.EXECUTE, message.SerializeToString())
    assert caught.value.code not in ("plan-garbage", "plan-unknown")


WRITTEN: dict[str, corpus.Call] = {
    "df.write": lambda df, spark: df.write.parquet("/tmp/x"),
    "saveAsTable": lambda df, spark: df.write.saveAsTable("x"),
    "writeTo": lambda df, spark: df.writeTo("x").create(),
    "global view": lambda df, spark: df.createOrReplaceGlobalTempView("x"),
    "view of the frame's name": lambda df, spark: df.createOrReplaceTempView("Frame"),
    "view of a path": lambda df, spark: df.createOrReplaceTempView("`a.b`"),
    "explain": lambda df, spark: df.explain(),
    "inputFiles": lambda df, spark: df.inputFiles(),
    "checkpoint": lambda df, spark: df.checkpoint(),
    "localCheckpoint": lambda df, spark: df.localCheckpoint(),
    "conf unset": lambda df, spark: spark.conf.unset("spark.sql.ansi.enabled"),
    "catalog": lambda df, spark: spark.catalog.listTables(),
    "read": lambda df, spark: spark.read.text("/etc/passwd").collect(),
    "read table": lambda df, spark: spark.read.table("a.b").collect(),
    "read stream": lambda df, spark: spark.readStream.table("frame").collect(),
    "observe": lambda df, spark: df.observe("o", F.count("*")).collect(),
    "withWatermark": lambda df, spark: df.withWatermark("t", "1 day").collect(),
    "metadataColumn": lambda df, spark: df.select(df.metadataColumn("_metadata")).collect(),
    "input_file_name": lambda df, spark: df.select(F.input_file_name()).collect(),
    "reflect": lambda df, spark: df.select(F.reflect(F.lit("a"), F.lit("b"))).collect(),
    "repartition": lambda df, spark: df.repartition(100_000).collect(),
    "range": lambda df, spark: spark.range(10**12).collect(),
    "local data": lambda df, spark: spark.createDataFrame(
        [(1, "x" * (1 << 20))] * 17, "a INT, w STRING"
    ).collect(),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_call_is_refused_with_its_name(offline: Offline, name: str) -> None:
    method, payload = offline.ask(lambda: WRITTEN[name](offline.df, offline.spark))
    with pytest.raises(PlanRefused) as caught:
        parse_request(method, payload)
    assert caught.value.code not in ("plan-garbage", "plan-unknown")
    assert len(caught.value.message) > 20


def test_compressed_plan_is_refused() -> None:
    message = pb.ExecutePlanRequest()
    message.plan.compressed_operation.data = b"x"
    with pytest.raises(PlanRefused, match="compressed"):
        parse_request(Method.EXECUTE, message.SerializeToString())


def test_unknown_field_is_refused_at_every_level(offline: Offline) -> None:
    unknown = b"\xfa\xff\x0f\x01x"  # field 32767, one byte
    for path in ("", "plan", "plan.root", "plan.root.project", "plan.root.project.input.read.named_table"):
        message = pb.ExecutePlanRequest()
        message.plan.root.project.input.CopyFrom(placeholder())
        target: Any = message
        for name in filter(None, path.split(".")):
            target = getattr(target, name)
        target.MergeFromString(unknown)
        with pytest.raises(PlanRefused) as caught:
            parse_request(Method.EXECUTE, message.SerializeToString())
        assert caught.value.code == "plan-unknown", path


def test_analysis_of_a_command_is_refused() -> None:
    message = pb.AnalyzePlanRequest()
    message.schema.plan.command.sql_command.input.sql.query = "DROP TABLE x"
    with pytest.raises(PlanRefused):
        parse_request(Method.ANALYZE, message.SerializeToString())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Method), st.binary(max_size=300))
def test_garbage_is_refused(method: Method, payload: bytes) -> None:
    try:
        parse_request(method, payload)
    except PlanRefused as refusal:
        assert refusal.code and refusal.message


@pytest.fixture(scope="module")
def payloads(offline: Offline) -> dict[str, bytes]:
    """Made once: PySpark numbers what it makes, so the same plan is longer the next time."""
    made = {name: make for name, make in corpus.RELATIONS.items() if name not in ("chain", "view")}
    return {name: offline.fetch(make(offline.df, offline.spark)) for name, make in made.items()}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_requests_pass_bound_or_are_refused(payloads: dict[str, bytes], data: st.DataObject) -> None:
    payload = bytearray(payloads[data.draw(st.sampled_from(list(payloads)))])
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(payload) - 1))
        payload[index] = data.draw(st.integers(0, 255))
    try:
        parsed = parse_request(Method.EXECUTE, bytes(payload))
        if isinstance(parsed, Fetch):
            bind(parsed.relation, frame=some_frame(), views={})
    except PlanRefused as refusal:
        assert refusal.code


def test_unknown_view_is_refused_when_bound() -> None:
    relation = placeholder()
    relation.read.named_table.unparsed_identifier = "customers"
    parsed = parse_request(Method.EXECUTE, request(relation))
    assert isinstance(parsed, Fetch)
    with pytest.raises(PlanRefused) as caught:
        bound(parsed.relation)
    assert caught.value.code == "read-refused"


def test_sql_text_of_a_whole_request_is_bounded_before_it_is_read() -> None:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    for index in range(300):
        text = f"a IN ({', '.join([str(index)] * 3_900)})"
        relation.project.expressions.add().expression_string.expression = text
    with within(15), pytest.raises(PlanRefused, match="SQL text"):  # a minute, if all of it was read
        parse_request(Method.EXECUTE, request(relation))
