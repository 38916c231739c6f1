"""A worker that lies about what its functions gave is ended, and its lies reach no data engine."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import LimitExceeded, PlanRefused
from engine.spark import plans
from engine.spark.plans.trees import walk
from sandbox.contract.framing import ChannelGarbage, Kind, Method
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Outcome
from sandbox.contract.settings import FUNCTION_TOKEN
from tests.hostile.client import ask, check_answered, converse, execute, frame, outcome, some_frame
from tests.spark.plans.offline import placeholder
from tests.spark.plans.streams import stream


def applied(token: bytes = FUNCTION_TOKEN % 0, kind: int = 101) -> pb.Relation:
    """A plan that applies one function to the column `n`."""
    made = pb.Relation()
    made.project.input.CopyFrom(placeholder())
    alias = made.project.expressions.add().alias
    alias.name.append("y")
    call = alias.expr.common_inline_user_defined_function
    call.function_name, call.deterministic = "u", True
    call.python_udf.output_type.double.SetInParent()
    call.python_udf.eval_type, call.python_udf.command = kind, token
    call.arguments.add().unresolved_attribute.unparsed_identifier = "n"
    return made


HONEST = stream(pa.table({"_0": pa.array([2.5], pa.float64())}))
DONE = frame(Kind.EVALUATED)


def lying_buffer() -> bytes:
    """Text whose offsets point far behind its bytes, called doubles."""
    text = stream(pa.table({"_0": pa.array(["x"], pa.string())}))
    return text.replace(b"\0\0\0\0\1\0\0\0", b"\0\0\0\0\xff\xff\xff\x7f", 1)


LIES: dict[str, bytes] = {
    "nothing": DONE,
    "no stream": frame(Kind.OUTPUT, b"\xff" * 100) + DONE,
    "half a stream": frame(Kind.OUTPUT, HONEST[:-40]) + DONE,
    "more behind the end": frame(Kind.OUTPUT, HONEST, HONEST) + DONE,
    "no rows": frame(Kind.OUTPUT, stream(pa.table({"_0": pa.array([], pa.float64())}))) + DONE,
    "two rows": frame(Kind.OUTPUT, stream(pa.table({"_0": [1.0, 2.0]}))) + DONE,
    "two columns": frame(Kind.OUTPUT, stream(pa.table({"_0": [1.0], "_1": [1.0]}))) + DONE,
    "another type": frame(Kind.OUTPUT, stream(pa.table({"_0": pa.array([1], pa.int64())}))) + DONE,
    "a dictionary": frame(Kind.OUTPUT, stream(pa.table({"_0": pa.array(["x"]).dictionary_encode()}))) + DONE,
    "a lying buffer": frame(Kind.OUTPUT, lying_buffer()) + DONE,
    "empty output": frame(Kind.OUTPUT) + DONE,
    "a question meanwhile": execute(placeholder()),
    "settings meanwhile": ask(Method.CONFIG, b""),
    "an outcome meanwhile": b"",
    "input after its end": frame(Kind.INPUT) * 10,
    "what was prefetched": frame(Kind.USED),
    "a failure with words": frame(Kind.FAILED, b"x"),
    "compiled again": frame(Kind.COMPILED, b"{}"),
    "lacks nothing": frame(Kind.LACKS),
    "more than one end": frame(Kind.INPUT) * 3 + frame(Kind.OUTPUT, HONEST) + frame(Kind.EVALUATED, b"xx"),
    "an end without its rows": frame(Kind.INPUT) * 3
    + frame(Kind.OUTPUT, HONEST[:-8])
    + frame(Kind.OUTPUT, HONEST),
    "rows that were not asked for": frame(Kind.INPUT) + frame(Kind.OUTPUT, HONEST) + DONE,
}


@pytest.mark.parametrize("name", LIES)
def test_a_worker_that_lies_about_results_is_ended(name: str) -> None:
    science = name == "lacks nothing"
    ended = converse(execute(applied()) + LIES[name] + outcome(), science=science)
    assert isinstance(ended.ending, ChannelGarbage), ended.ending
    assert ended.unhandled == []
    assert len(ended.backend.asked) == 1  # the rows that the function sees


def test_a_worker_that_gives_more_than_a_number_for_a_group_is_ended() -> None:
    ended = converse(execute(applied(kind=202)) + LIES["two rows"] + outcome())
    assert isinstance(ended.ending, ChannelGarbage)
    assert len(ended.backend.asked) == 1


@pytest.mark.parametrize("kind", [Kind.INPUT, Kind.OUTPUT, Kind.EVALUATED, Kind.FAILED])
def test_results_that_nobody_asked_for_are_garbage(kind: Kind) -> None:
    ended = converse(execute(placeholder()) + frame(kind) + outcome())
    assert isinstance(ended.ending, ChannelGarbage)


def test_honest_results_become_local_data_of_the_one_query() -> None:
    inputs = frame(Kind.INPUT) * 3
    ended = converse(execute(applied()) + inputs + frame(Kind.OUTPUT, HONEST) + DONE + outcome())
    check_answered(ended)
    below, above = ended.backend.asked
    assert not any(isinstance(one, pb.LocalRelation) for one in walk(below))
    [local] = [one for one in walk(above) if isinstance(one, pb.LocalRelation)]
    with pa.ipc.open_stream(local.data) as reader:
        assert reader.read_all().to_pydict() == {"_calcmetric_function_0_result_0": [2.5]}
    assert not any(isinstance(one, pb.PythonUDF) for one in (*walk(below), *walk(above)))


def test_a_function_that_raised_ends_in_no_number_whatever_follows() -> None:
    ended = converse(execute(applied()) + frame(Kind.FAILED, b"\0\0\0\1") + outcome())
    assert isinstance(ended.ending, Outcome)
    assert ended.ending.returned is None
    assert ended.ending.raised is not None


@pytest.mark.parametrize("kind", [101, 202])
def test_too_many_results_are_dropped_and_refused(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queries.spark.functions.memory.MOST_BYTES", 1_000)
    monkeypatch.setattr("engine.queries.spark.functions.function_stream.MOST_BYTES", 1_000)
    large = stream(pa.table({"_0": pa.array([1.0] * 500)}))
    flood = frame(Kind.INPUT) * (3 if kind == 101 else 1) + b"".join(
        frame(Kind.OUTPUT, large[at : at + 900]) for at in range(0, 4_000, 900)
    )
    ended = converse(execute(applied(kind=kind)) + flood + DONE + outcome())
    check_answered(ended)
    assert ended.fault == "plan-too-large"


def test_results_of_rows_that_were_not_given_end_the_worker() -> None:
    ended = converse(execute(applied()) + frame(Kind.OUTPUT, HONEST) + DONE + outcome())
    assert isinstance(ended.ending, ChannelGarbage)


TOKENS: dict[str, pb.Relation] = {
    "a pickle": applied(b"\x80\x05\x95\x0b\x00\x00\x00\x00\x00\x00\x00."),
    "no token": applied(b""),
    "a token and more": applied(FUNCTION_TOKEN % 0 + b"\n"),
    "a negative token": applied(b"calcmetric-function--1"),
    "a digest of another length": applied(FUNCTION_TOKEN % 0 + b"-" + b"0" * 31),
    "a word that is none": applied(FUNCTION_TOKEN % 0 + b"-shared"),
    "two digests": applied(FUNCTION_TOKEN % 0 + (b"-" + b"0" * 32) * 2),
    "a long token": applied(b"calcmetric-function-" + b"9" * 50),
    "no kind": applied(kind=0),
    "a grouped map": applied(kind=201),
    "a kind of tomorrow": applied(kind=999),
}


@pytest.mark.parametrize("name", TOKENS)
def test_anything_but_a_token_of_a_known_kind_is_refused(name: str) -> None:
    ended = converse(execute(TOKENS[name]) + outcome())
    check_answered(ended)
    assert ended.fault == "udf-refused"
    assert ended.backend.asked == []


def register(function: pb.CommonInlineUserDefinedFunction) -> bytes:
    message = pb.ExecutePlanRequest(session_id="x")
    message.plan.command.register_function.CopyFrom(function)
    return ask(Method.EXECUTE, message.SerializeToString())


def named(name: str, made: pb.Relation) -> pb.CommonInlineUserDefinedFunction:
    call = made.project.expressions[0].alias.expr.common_inline_user_defined_function
    call.function_name = name
    del call.arguments[:]
    return call


REGISTERED: dict[str, pb.CommonInlineUserDefinedFunction] = {
    **{name: named("u", relation) for name, relation in TOKENS.items()},
    "a function of Spark": named("sum", applied()),
    "no name": named("", applied()),
    "arguments": applied().project.expressions[0].alias.expr.common_inline_user_defined_function,
    "a Java class": pb.CommonInlineUserDefinedFunction(
        function_name="u", java_udf=pb.JavaUDF(class_name="java.lang.Runtime")
    ),
}


@pytest.mark.parametrize("name", REGISTERED)
def test_anything_but_a_token_is_not_registered(name: str) -> None:
    ended = converse(register(REGISTERED[name]) + outcome())
    check_answered(ended)
    assert ended.fault in ("udf-refused", "hidden-column", "plan-garbage"), ended.fault
    assert ended.backend.asked == []


def test_a_registered_name_reaches_no_data_engine() -> None:
    call = pb.Relation()
    call.CopyFrom(applied())
    expression = call.project.expressions[0].alias.expr
    expression.Clear()
    expression.call_function.function_name = "U"
    expression.call_function.arguments.add().unresolved_attribute.unparsed_identifier = "n"
    inputs = frame(Kind.INPUT) * 3 + frame(Kind.OUTPUT, HONEST) + DONE
    ended = converse(register(named("u", applied())) + execute(call) + inputs + outcome())
    check_answered(ended)
    assert len(ended.backend.asked) == 2
    for plan in ended.backend.asked:
        assert not any(isinstance(one, pb.PythonUDF | pb.CallFunction) for one in walk(plan))


def test_a_name_that_was_not_registered_is_refused() -> None:
    text = pb.Relation()
    text.filter.input.CopyFrom(placeholder())
    text.filter.condition.expression_string.expression = "u(n) > 1"
    ended = converse(register(named("v", applied())) + execute(text) + outcome())
    check_answered(ended)
    assert ended.fault == "function-refused"
    assert ended.backend.asked == []


def _in_a_join(made: pb.Relation) -> None:
    condition = applied().project.expressions[0].alias.expr
    del condition.common_inline_user_defined_function.arguments[:]
    made.join.left.CopyFrom(placeholder())
    made.join.right.CopyFrom(placeholder())
    made.join.join_condition.CopyFrom(condition)
    made.join.join_type = pb.Join.JOIN_TYPE_INNER


def _of_a_generator(made: pb.Relation) -> None:
    made.CopyFrom(applied())
    call = made.project.expressions[0].alias.expr.common_inline_user_defined_function
    call.arguments[0].unresolved_function.function_name = "explode"
    call.arguments[0].unresolved_function.arguments.add().unresolved_attribute.unparsed_identifier = "n"


def _beside_text(made: pb.Relation) -> None:
    made.CopyFrom(applied())
    made.project.expressions.add().expression_string.expression = "max(n)"


def _beside_named_fields(made: pb.Relation) -> None:
    made.CopyFrom(applied())
    call = made.project.expressions.add().unresolved_function
    call.function_name = "arrays_zip"
    call.arguments.add().unresolved_attribute.unparsed_identifier = "n"


def _beside_row_ids(made: pb.Relation) -> None:
    made.CopyFrom(applied())
    function = made.project.expressions.add().unresolved_function
    function.function_name = "monotonically_increasing_id"


@pytest.mark.parametrize(
    "build", [_in_a_join, _of_a_generator, _beside_text, _beside_named_fields, _beside_row_ids]
)
def test_functions_where_they_are_not_taken_are_refused(build: Callable[[pb.Relation], None]) -> None:
    made = pb.Relation()
    build(made)
    ended = converse(execute(made) + outcome())
    check_answered(ended)
    assert ended.fault == "udf-refused"
    assert ended.backend.asked == []


def test_no_bound_plan_holds_a_function() -> None:
    """Whatever takes plans apart: what goes to a data engine is read once more."""
    with pytest.raises(PlanRefused, match="user-defined function"):
        plans.bind(applied(), frame=some_frame(), views={})


def test_a_worker_that_falls_silent_is_ended() -> None:
    ended = converse(execute(applied()), limits=Limits(frame_seconds=0.3, wall_seconds=60.0), linger=True)
    assert isinstance(ended.ending, LimitExceeded)
