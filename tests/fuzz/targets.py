"""What is fuzzed: five readers of hostile bytes, each with what must hold of whatever it lets pass.

A target raises for a finding: an exception that is not the documented one, or a result that another reading
does not agree with. It prints nothing, keeps nothing, and runs nothing of what it reads.
"""

from __future__ import annotations

import dis
import socket
import types
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.errors import BackendError, PlanRefused
from engine.gateway.budget import FrameBudget
from engine.results import clean_problems, validate_outcome
from engine.spark import plans
from engine.spark.plans.local_data import rewrite_local_data
from engine.spark.plans.rules import Place
from engine.spark.text import check_expression, check_query, check_schema, check_type
from sandbox.contract.framing import (
    ENGINE_CAPS,
    HEADER,
    WORKER_CAPS,
    Channel,
    ChannelClosed,
    ChannelGarbage,
    Kind,
    Method,
)
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Compiled, Outcome, decode, encode
from sandbox.language import CODES, compile_source
from tests.hostile.client import some_frame
from tests.hostile.roles import words
from tests.hostile.second_reading import read_bound
from tests.hostile.text_reading import find_harm, find_type_harm
from tests.snowflake.text.examine import examine, examine_condition
from tests.spark.plans.offline import placeholder

COLUMNS: Final = frozenset({"a", "b", "user"})
VIEWS: Final = ("scored", "Other")
SOURCE_BYTES: Final = 1 << 16
# What a socket takes at once; more would need a second thread.
_SOCKET_BYTES: Final = 64 << 10


def read_frames(data: bytes) -> None:
    """The channel: bytes of a worker, frame by frame, and the messages in them."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data[:_SOCKET_BYTES])
        theirs.shutdown(socket.SHUT_WR)
        channel, budget, consumed = Channel(ours, WORKER_CAPS), FrameBudget(Limits(printed_bytes=40)), 0
        while True:
            try:
                kind, payload = channel.receive()
            except (ChannelClosed, ChannelGarbage):
                return
            assert bytes(payload) == data[consumed + HEADER.size :][: len(payload)]
            assert kind not in ENGINE_CAPS and len(payload) <= WORKER_CAPS[kind]
            consumed += HEADER.size + len(payload)
            _read_message(kind, bytes(payload), budget)


def _read_message(kind: Kind, payload: bytes, budget: FrameBudget) -> None:
    if kind is Kind.PRINTED:
        budget.keep_printed(payload)
        assert len(budget.printed) < 200
        return
    if kind is Kind.REQUEST:
        return
    try:
        message: Any = decode(Outcome if kind is Kind.OUTCOME else Compiled, payload)
    except ChannelGarbage:
        return
    assert decode(type(message), encode(message)) == message
    if isinstance(message, Compiled):
        _read_problems(message)
    else:
        for rows in (0, 1, None):
            validated = validate_outcome(message, rows=rows)
            assert (validated.status == "ok") == (validated.value == validated.value)
            if validated.error is not None:
                shown = validated.error.message + validated.error.hint
                shown.encode()
                assert "\x1b" not in shown and len(shown) < 10_000


def _read_problems(message: Compiled) -> None:
    try:
        problems = clean_problems(message.problems)
    except ChannelGarbage:
        return
    assert any(one.severity == "error" for one in problems) == any(
        one.severity == "error" for one in message.problems
    )
    for problem in problems:
        shown = problem.message + problem.hint + problem.code
        shown.encode()
        assert not {"\x1b", "\n"} & set(shown) and len(shown) < 10_000


def read_plan(data: bytes) -> None:
    """The plan checker: a byte for the method, then a request."""
    method = Method(data[0] % 3 + 1) if data else Method.EXECUTE
    try:
        request = plans.parse_request(method, data[1:], columns=COLUMNS)
        _follow(request)
    except PlanRefused as refusal:
        assert refusal.code and refusal.message
    except BackendError as error:  # what Spark itself would say, such as that a view exists
        assert error.condition == "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"


def _follow(request: plans.Request) -> None:
    """Do with a request what the gateway does, up to the backend."""
    views = {"scored": placeholder(4)}
    match request:
        case plans.Fetch(relation=relation):
            assert plans.canonical(_again(relation)) == plans.canonical(relation)
            _bind(relation, views)
        case plans.DefineView() as view:
            kept = plans.define_view(view, views)
            read = placeholder(9)
            read.read.named_table.unparsed_identifier = view.name
            _bind(read, {**views, view.name: kept})
        case plans.RunSql() as run:
            _bind(_again(plans.sql_relation(run, views)), views)
        case plans.ConfigGet() | plans.ViewExists() | plans.DropView():
            return
        case _ if plans.local_answer(request) is not None:
            return
        case _:
            bound = plans.analyze_request(request, lambda relation: _bind(relation, views))
            for text in (bound.ddl_parse.ddl_string, bound.json_to_ddl.json_string):
                assert not find_type_harm(text), text


def _again(relation: pb.Relation) -> pb.Relation:
    """What was rebuilt, or made of SQL, passes when it comes back."""
    message = pb.ExecutePlanRequest()
    message.plan.root.CopyFrom(relation)
    parsed = plans.parse_request(Method.EXECUTE, message.SerializeToString(), columns=COLUMNS)
    assert isinstance(parsed, plans.Fetch)
    return parsed.relation


def _bind(relation: pb.Relation, views: dict[str, pb.Relation]) -> pb.Relation:
    bound = plans.bind(relation, frame=some_frame(), views=views, scope="f1q1")
    read_bound(bound, some_frame())
    return bound


def read_data(data: bytes) -> None:
    """The data that a plan carries. What passes is valid to Arrow, and passes again as it is."""
    try:
        rewritten = rewrite_local_data(data, Place())
    except PlanRefused as refusal:
        assert refusal.code and refusal.message
        return
    if rewritten:
        table = pa.ipc.open_stream(rewritten).read_all()
        table.validate(full=True)
        assert table.nbytes <= 8 * len(data) and table.schema.metadata is None
    assert rewrite_local_data(rewritten, Place()) == rewritten


def read_sql(data: bytes) -> None:
    """The SQL checker: a byte for what it is, then text. What passes is passed again as it is."""
    text = data[1:].decode("utf-8", "surrogateescape")
    try:
        match data[0] % 4 if data else 0:
            case 0:
                sent = check_expression(text)
                assert not (harm := find_harm(sent, frozenset(), query=False)), harm
                assert check_expression(sent) == sent
            case 1:
                checked = check_query(text, views=VIEWS)
                assert set(checked.views) <= set(VIEWS)
                assert not (harm := find_harm(checked.text, frozenset(VIEWS), query=True)), harm
                assert check_query(checked.text, views=VIEWS) == checked
            case 2:
                sent = check_schema(text)
                assert not (harm := find_type_harm(sent)), harm
                assert check_schema(sent) == sent
            case 3:
                sent = check_type(text)
                assert not (harm := find_type_harm(sent)), harm
                assert check_type(sent) == sent
    except PlanRefused as refusal:
        assert refusal.code and refusal.message


# Names with an underscore in front that compiled code may hold: its guards, and what classes are made with.
_GUARDS: Final = words(
    """
    _ _methods _check_ _open_ _type_ _getspecial_ _type_name_ _write_ _import_ _import_name_ _import_star_
    __name__ __class__ __module__ __qualname__ __annotations__ __doc__ __classcell__ __firstlineno__
    __static_attributes__ __classdict__ __type_params__
    """
)
_ATTRIBUTE: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR"})


def read_source(data: bytes) -> None:
    """The loader's compiler: a program with problems, or code that nothing passes by its guards."""
    program = compile_source(data, source_bytes=SOURCE_BYTES)
    errors = [problem for problem in program.problems if problem.severity == "error"]
    assert (program.code is None) == bool(errors)
    assert list(program.problems) == sorted(program.problems)
    for problem in program.problems:
        assert problem.code in CODES and problem.line >= 1 and problem.column >= 1
        encode(problem)
    if program.code is not None:
        for code in _codes(program.code):
            _check_code(code)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _check_code(code: types.CodeType) -> None:
    for step in dis.get_instructions(code):
        name = step.argval if isinstance(step.argval, str) else ""
        if step.opname.startswith("IMPORT") and "__future__" not in code.co_names:
            raise AssertionError(f"{step.opname} {name}")
        if not name.startswith("_") or step.opname in ("LOAD_CONST", "KW_NAMES"):
            continue
        if step.opname in _ATTRIBUTE and name != "_":
            raise AssertionError(f"{step.opname} {name}")
        special = name.startswith("__") and name.endswith("__") and step.opname == "STORE_NAME"
        if name not in _GUARDS and not special:
            raise AssertionError(f"{step.opname} {name}")


def read_snowsql(data: bytes) -> None:
    """The checker of Snowflake SQL: a byte for what it is, then text. What passes is read a second time."""
    text = data[1:].decode("utf-8", "surrogateescape")
    if data and data[0] % 2:
        examine_condition(text)
    else:
        examine(text)


TARGETS: Final = {
    "frames": read_frames,
    "plan": read_plan,
    "data": read_data,
    "sql": read_sql,
    "snowsql": read_snowsql,
    "source": read_source,
}
