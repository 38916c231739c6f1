"""The worker's end of a real channel, spoken in raw bytes, against the engine's own gateway.

The backend behind the gateway answers with one row, and keeps what it was asked: each plan that reaches it
has been read by `tests.hostile.second_reading`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.context import Deadline, QueryContext
from engine.gateway.answers import RunAnswers
from engine.gateway.gateway import Gateway
from engine.pool.worker import Worker
from engine.queries.calls import FrameCall
from engine.queries.spark.language import PlanLanguage
from engine.queries.spark.requests import ParsedRequests
from sandbox.contract.framing import HEADER, Kind, Method
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Outcome, Returned, encode
from tests.hostile.second_reading import read_bound
from tests.run_ids import run_id

FRAME_INDEX = 7
LIMITS = Limits(frame_seconds=20.0, wall_seconds=60.0)


def frame(kind: int, *parts: bytes, length: int | None = None) -> bytes:
    """A frame of the channel; `length` is what its header says, if not the truth."""
    payload = b"".join(parts)
    return HEADER.pack(len(payload) if length is None else length, kind) + payload


def ask(method: int, payload: bytes) -> bytes:
    """A frame with one request."""
    return frame(Kind.REQUEST, bytes([method]), payload)


def outcome(index: int = FRAME_INDEX) -> bytes:
    """The frame that an honest worker ends a call with."""
    return frame(Kind.OUTCOME, encode(Outcome(index, Returned("float", "float", "0x1p+0"), None)))


def some_frame() -> pb.Relation:
    """What the placeholder stands for: a table below a filter, with plan ids."""
    made = pb.Relation()
    made.common.plan_id = 3
    made.filter.input.common.plan_id = 1
    made.filter.input.read.named_table.unparsed_identifier = "events_of_the_tenant"
    made.filter.condition.unresolved_attribute.unparsed_identifier = "inside"
    made.filter.condition.unresolved_attribute.plan_id = 1
    return made


@dataclass
class Backend:
    """A session that reads every plan again, and answers with one row.

    Attributes:
        asked: the plans, in order.
    """

    asked: list[pb.Relation] = field(default_factory=list)

    def execute(self, plan: pb.Plan, _: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Keep the plan; yield its schema and one row."""
        assert plan.WhichOneof("op_type") == "root"
        self._keep(plan.root)
        response = pb.ExecutePlanResponse()
        response.schema.struct.fields.add(name="n").data_type.long.SetInParent()
        yield response
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([("n", pa.int64())])) as writer:
            writer.write_batch(pa.record_batch({"n": pa.array([1], pa.int64())}))
        yield pb.ExecutePlanResponse(
            arrow_batch=pb.ExecutePlanResponse.ArrowBatch(row_count=1, data=sink.getvalue().to_pybytes())
        )

    def analyze(self, request: pb.AnalyzePlanRequest, _: QueryContext) -> pb.AnalyzePlanResponse:
        """Keep the plans; answer with a type."""
        kind = request.WhichOneof("analyze")
        assert kind is not None
        body = getattr(request, kind)
        for plan in ("plan", "target_plan", "other_plan"):
            if plan in body.DESCRIPTOR.fields_by_name:
                assert getattr(body, plan).WhichOneof("op_type") == "root"
                self._keep(getattr(body, plan).root)
        response = pb.AnalyzePlanResponse()
        response.schema.schema.struct.fields.add(name="n").data_type.long.SetInParent()
        return response

    def close(self) -> None:
        """Nothing to release."""

    def _keep(self, relation: pb.Relation) -> None:
        read_bound(relation, some_frame())
        self.asked.append(relation)


@dataclass
class Conversation:
    """What came of one call.

    Attributes:
        ending: the outcome, or the exception that the gateway ended with.
        replies: the frames that the worker got.
        backend: what was asked of it.
        fault: what the gateway says it refused last; its code, or "".
        unhandled: what the engine logged as unexpected.
        printed: what the frame is said to have printed.
    """

    ending: object
    replies: list[tuple[Kind, bytes]]
    backend: Backend
    fault: str
    unhandled: list[str]
    printed: str


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@contextlib.contextmanager
def logged_errors() -> Iterator[list[str]]:
    """What the engine logs as an error meanwhile; each is an exception that nobody foresaw."""
    handler = _Errors()
    logger = logging.getLogger("engine")
    logger.addHandler(handler)
    try:
        yield handler.found
    finally:
        logger.removeHandler(handler)


def converse(
    talk: bytes | Callable[[socket.socket], None],
    *,
    limits: Limits = LIMITS,
    linger: bool = False,
    cancelled: bool = False,
    science: bool = False,
) -> Conversation:
    """Run one call against a worker that talks like this, whatever the engine says.

    Args:
        talk: bytes that it sends, or what it does with its end of the channel.
        limits: of the run.
        linger: whether it then stays silent, instead of closing its end.
        cancelled: whether its run is cancelled by then.
        science: whether it was forked with scipy and statsmodels.
    """
    ours, theirs = socket.socketpair()
    backend, replies = Backend(), list[tuple[Kind, bytes]]()
    cancel = threading.Event()
    if cancelled:
        cancel.set()
    gateway = Gateway(Worker(ours), limits)
    gateway.worker.science = science
    gateway.attach(
        RunAnswers(
            PlanLanguage(cast(BackendSession, backend), ParsedRequests(frozenset({"a", "b"}))), run_id("run")
        ),
        QueryContext(Deadline.after(60), cancel),
    )
    over = threading.Event()

    def work() -> None:
        with contextlib.suppress(OSError):
            theirs.sendall(talk) if isinstance(talk, bytes) else talk(theirs)
            if linger:
                over.wait(60)
            theirs.shutdown(socket.SHUT_WR)

    worker = threading.Thread(target=work)
    reader = threading.Thread(target=_read_all, args=(theirs, replies)) if isinstance(talk, bytes) else None
    with logged_errors() as errors:
        for thread in (worker, reader):
            if thread is not None:
                thread.start()
        try:
            ending: object = gateway.call(FrameCall(FRAME_INDEX, 1, some_frame()))
        except Exception as error:
            ending = error
        over.set()
        ours.close()
        for thread in (worker, reader):
            if thread is not None:
                thread.join(60)
                assert not thread.is_alive()
    theirs.close()
    fault = "" if gateway.fault is None else gateway.fault[1].code
    return Conversation(ending, replies, backend, fault, errors, gateway.printed)


def check_answered(ended: Conversation) -> None:
    """An honest outcome, no surprise, and a reason in each refusal."""
    assert isinstance(ended.ending, Outcome), ended.ending
    assert ended.unhandled == []
    assert ended.fault != "plan-unhandled"
    for kind, payload in ended.replies:
        if kind == Kind.REPLY_ERROR:
            assert json.loads(payload)["message"]


def _read_all(sock: socket.socket, replies: list[tuple[Kind, bytes]]) -> None:
    """Read frames until the engine closes."""
    with contextlib.suppress(OSError), sock.makefile("rb") as stream:
        while header := stream.read(HEADER.size):
            length, kind = HEADER.unpack(header)
            replies.append((Kind(kind), stream.read(length)))


def execute(relation: pb.Relation) -> bytes:
    """A request to run a relation, as a frame."""
    message = pb.ExecutePlanRequest(session_id="x")
    message.plan.root.CopyFrom(relation)
    return ask(Method.EXECUTE, message.SerializeToString())
