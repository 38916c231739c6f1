"""A worker that lies about the rows that its functions of DataFrames gave is ended, too."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.functions import typed
from engine.spark.plans.trees import walk
from sandbox.contract.framing import ChannelGarbage, Kind
from sandbox.contract.messages import Outcome
from sandbox.contract.settings import FUNCTION_TOKEN
from tests.hostile.client import check_answered, converse, execute, frame, outcome
from tests.spark.plans.offline import placeholder
from tests.spark.plans.streams import stream

DONE = frame(Kind.EVALUATED)
# PySpark's numbers of what belongs to each relation.
MAP, GROUPS, PAIRS = 205, 201, 206


def _fill(function: pb.CommonInlineUserDefinedFunction, kind: int, token: bytes) -> None:
    function.function_name, function.deterministic = "u", True
    function.python_udf.eval_type, function.python_udf.command = kind, token
    function.python_udf.output_type.struct.fields.add(name="y", nullable=True).data_type.double.SetInParent()
    function.arguments.add().unresolved_attribute.unparsed_identifier = "n"


def mapped(token: bytes = FUNCTION_TOKEN % 0, kind: int = MAP) -> pb.Relation:
    """A plan that has one function make rows of the frame."""
    made = pb.Relation()
    made.map_partitions.input.CopyFrom(placeholder())
    _fill(made.map_partitions.func, kind, token)
    return made


def in_groups(token: bytes = FUNCTION_TOKEN % 0, kind: int = GROUPS) -> pb.Relation:
    """One for each group of the frame."""
    made = pb.Relation()
    made.group_map.input.CopyFrom(placeholder())
    made.group_map.grouping_expressions.add().unresolved_attribute.unparsed_identifier = "n"
    _fill(made.group_map.func, kind, token)
    return made


def in_pairs(token: bytes = FUNCTION_TOKEN % 0, kind: int = PAIRS) -> pb.Relation:
    """One for each pair of groups."""
    made = pb.Relation()
    pairs = made.co_group_map
    pairs.input.CopyFrom(placeholder())
    pairs.other.CopyFrom(placeholder())
    pairs.input_grouping_expressions.add().unresolved_attribute.unparsed_identifier = "n"
    pairs.other_grouping_expressions.add().unresolved_attribute.unparsed_identifier = "n"
    _fill(pairs.func, kind, token)
    del pairs.func.arguments[:]
    return made


PLANS = {"map": mapped, "groups": in_groups, "pairs": in_pairs}


def rows(*columns: pa.Array, names: str = "yz") -> bytes:
    """A stream of one batch of structs."""
    made = pa.StructArray.from_arrays(list(columns), list(names[: len(columns)]))
    return stream(pa.table({"_0": made}))


HONEST = rows(pa.array([2.5, None], pa.float64()))


def lying_buffer() -> bytes:
    text = rows(pa.array(["x"], pa.string()))
    return text.replace(b"\0\0\0\0\1\0\0\0", b"\0\0\0\0\xff\xff\xff\x7f", 1)


def null_rows() -> bytes:
    return stream(pa.table({"_0": pa.array([None, {"y": 1.0}], pa.struct([("y", pa.float64())]))}))


LIES: dict[str, bytes] = {
    "no stream": frame(Kind.OUTPUT, b"\xff" * 100) + DONE,
    "half a stream": frame(Kind.OUTPUT, HONEST[:-40]) + DONE,
    "more behind the end": frame(Kind.OUTPUT, HONEST, HONEST) + DONE,
    "a plain column": frame(Kind.OUTPUT, stream(pa.table({"_0": pa.array([1.0])}))) + DONE,
    "two structs": frame(Kind.OUTPUT, stream(pa.table({"a": [{"y": 1.0}], "b": [{"y": 1.0}]}))) + DONE,
    "two columns": frame(Kind.OUTPUT, rows(pa.array([1.0]), pa.array([1.0]))) + DONE,
    "no columns": frame(Kind.OUTPUT, stream(pa.table({"_0": pa.array([{}, {}])}))) + DONE,
    "another type": frame(Kind.OUTPUT, rows(pa.array([1], pa.int64()))) + DONE,
    "a dictionary": frame(Kind.OUTPUT, rows(pa.array(["x"]).dictionary_encode())) + DONE,
    "a lying buffer": frame(Kind.OUTPUT, lying_buffer()) + DONE,
    "rows that are null": frame(Kind.OUTPUT, null_rows()) + DONE,
    "empty output": frame(Kind.OUTPUT) + DONE,
    "a question meanwhile": execute(placeholder()),
    "an outcome meanwhile": b"",
    "input after its end": frame(Kind.INPUT) * 10,
    "a failure with words": frame(Kind.FAILED, b"x"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_worker_that_lies_about_rows_is_ended(name: str) -> None:
    for plan in PLANS.values():
        ended = converse(execute(plan()) + LIES[name] + outcome())
        assert isinstance(ended.ending, ChannelGarbage), ended.ending
        assert ended.unhandled == []
        assert not any(isinstance(one, pb.PythonUDF) for asked in ended.backend.asked for one in walk(asked))


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_honest_rows_become_local_data_of_the_one_query(plan: Callable[[], pb.Relation]) -> None:
    output = frame(Kind.INPUT) * 2 + frame(Kind.OUTPUT, HONEST[:50]) + frame(Kind.OUTPUT, HONEST[50:])
    ended = converse(execute(plan()) + output + DONE + outcome())
    check_answered(ended)
    *below, above = ended.backend.asked
    assert len(below) == 1 + (plan is in_pairs)
    [local] = [one for one in walk(above) if isinstance(one, pb.LocalRelation)]
    with pa.ipc.open_stream(local.data) as reader:
        assert reader.read_all().to_pydict() == {"_calcmetric_function_0_result_0": [2.5, None]}
    assert list(above.to_df.column_names) == ["y"]


def test_no_output_is_no_rows() -> None:
    ended = converse(execute(mapped()) + DONE + outcome())
    check_answered(ended)
    [local] = [one for one in walk(ended.backend.asked[-1]) if isinstance(one, pb.LocalRelation)]
    with pa.ipc.open_stream(local.data) as reader:
        assert reader.read_all().num_rows == 0


def test_too_many_rows_are_dropped_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queries.spark.functions.memory.MOST_BYTES", 1_000)
    flood = frame(Kind.OUTPUT, b"x" * 900) * 5
    ended = converse(execute(mapped()) + flood + DONE + outcome())
    check_answered(ended)
    assert ended.fault == "plan-too-large"


def test_too_many_batches_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spark.functions.local._MOST_BATCHES", 1)
    ended = converse(execute(in_groups()) + frame(Kind.OUTPUT, HONEST) + DONE + outcome())
    check_answered(ended)
    assert ended.fault == "plan-too-large"


def test_a_null_where_none_is_declared_is_refused() -> None:
    plan = mapped()
    plan.map_partitions.func.python_udf.output_type.struct.fields[0].nullable = False
    ended = converse(execute(plan) + frame(Kind.OUTPUT, HONEST) + DONE + outcome())
    check_answered(ended)
    assert ended.fault == "udf-refused"


def test_a_function_that_raised_ends_in_no_number_whatever_follows() -> None:
    ended = converse(execute(in_pairs()) + frame(Kind.FAILED, b"\0\0\0\1") + outcome())
    assert isinstance(ended.ending, Outcome)
    assert ended.ending.returned is None
    assert ended.ending.raised is not None


def _changed(plan: pb.Relation, change: Callable[[pb.Relation], None]) -> pb.Relation:
    change(plan)
    return plan


def _function(plan: pb.Relation) -> pb.CommonInlineUserDefinedFunction:
    made = getattr(plan, str(plan.WhichOneof("rel_type"))).func
    assert isinstance(made, pb.CommonInlineUserDefinedFunction)
    return made


def _count_in_key(plan: pb.Relation) -> None:
    key = plan.group_map.grouping_expressions[0].unresolved_function
    key.function_name = "count"
    key.arguments.add().unresolved_attribute.unparsed_identifier = "n"


def _function_in_key(plan: pb.Relation) -> None:
    key = plan.group_map.grouping_expressions[0]
    _fill(key.common_inline_user_defined_function, 101, FUNCTION_TOKEN % 0)


def _argument(plan: pb.Relation) -> None:
    _function(plan).arguments[0].literal.integer = 1


def _one_of_the_kind_of_expressions(plan: pb.Relation) -> None:
    plan.project.input.CopyFrom(placeholder())
    call = plan.project.expressions.add().common_inline_user_defined_function
    _fill(call, MAP, FUNCTION_TOKEN % 0)


REFUSED: dict[str, pb.Relation] = {
    **{f"a pickle in {name}": plan(b"\x80\x05\x95\x0b.") for name, plan in PLANS.items()},
    **{f"no token in {name}": plan(b"") for name, plan in PLANS.items()},
    **{f"a longer token in {name}": plan(FUNCTION_TOKEN % 0 + b"\n") for name, plan in PLANS.items()},
    **{f"rows in {name}": plan(kind=101) for name, plan in PLANS.items()},
    **{f"state in {name}": plan(kind=208) for name, plan in PLANS.items()},
    "groups in a map": mapped(kind=GROUPS),
    "a map in groups": in_groups(kind=MAP),
    "groups in pairs": in_pairs(kind=GROUPS),
    "pairs in groups": in_groups(kind=PAIRS),
    "a map as a column": _changed(pb.Relation(), _one_of_the_kind_of_expressions),
    "not deterministic": _changed(mapped(), lambda one: setattr(_function(one), "deterministic", False)),
    "with a profile": _changed(mapped(), lambda one: setattr(one.map_partitions, "profile_id", 1)),
    "streaming": _changed(in_groups(), lambda one: setattr(one.group_map, "is_map_groups_with_state", True)),
    "a count as a key": _changed(in_groups(), _count_in_key),
    "a function as a key": _changed(in_groups(), _function_in_key),
    "no columns": _changed(mapped(), lambda one: _function(one).ClearField("arguments")),
    "a literal as a column": _changed(mapped(), _argument),
    "a key too few": _changed(
        in_pairs(), lambda one: one.co_group_map.ClearField("input_grouping_expressions")
    ),
    "no first frame": _changed(mapped(), lambda one: one.map_partitions.ClearField("input")),
    "no second frame": _changed(in_pairs(), lambda one: one.co_group_map.ClearField("other")),
}
TYPES: dict[str, Callable[[pb.DataType], None]] = {
    "no type": lambda kind: kind.Clear(),
    "a number": lambda kind: kind.long.SetInParent(),
    "no columns": lambda kind: kind.struct.ClearField("fields"),
    "an interval": lambda kind: kind.struct.fields[0].data_type.calendar_interval.SetInParent(),
    "an array without nulls": lambda kind: kind.struct.fields[
        0
    ].data_type.array.element_type.long.SetInParent(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_but_a_token_of_the_relation_s_kind_is_refused(name: str) -> None:
    ended = converse(execute(REFUSED[name]) + outcome())
    check_answered(ended)
    assert ended.fault in ("udf-refused", "plan-refused", "plan-garbage")
    assert ended.backend.asked == []


@pytest.mark.parametrize("name", TYPES)
def test_rows_of_other_types_are_refused_before_anything_is_asked(name: str) -> None:
    for plan in PLANS.values():
        made = plan()
        TYPES[name](_function(made).python_udf.output_type)
        ended = converse(execute(made) + outcome())
        check_answered(ended)
        assert ended.fault in ("type-refused", "udf-refused", "plan-unknown", "plan-refused")
        assert ended.backend.asked == []


def test_two_columns_of_one_name_are_refused() -> None:
    made = mapped()
    made.map_partitions.func.python_udf.output_type.struct.fields.add(name="Y").data_type.long.SetInParent()
    with pytest.raises(PlanRefused, match="one name"):
        typed(made)
