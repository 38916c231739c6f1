"""A genuine PySpark Connect session without a server: requests are recorded, reads of settings answered."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pyspark.sql.connect.proto as pb
from pyspark.sql import DataFrame
from pyspark.sql import types as T  # noqa: N812
from pyspark.sql.connect.client import ChannelBuilder
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.connect.types import pyspark_types_to_proto_types

from engine.spark.plans import bind
from sandbox.contract.framing import Method
from sandbox.contract.settings import PLACEHOLDER, SESSION_ID, SETTINGS

# What the frame of these tests looks like.
SCHEMA = (
    T.StructType()
    .add("id", "long")
    .add("a", "integer")
    .add("b", "double")
    .add("c", "string")
    .add("d", "date")
    .add("t", "timestamp")
    .add("flag", "boolean")
    .add("xs", T.ArrayType(T.IntegerType()))
    .add("m", T.MapType(T.StringType(), T.IntegerType()))
    .add("s", T.StructType().add("x", "integer").add("y", "string"))
    .add("j", "string")
    .add("score", "double")
    .add("label", "integer")
)

# How the server would read the one DDL text of the corpus.
PARSED = T.StructType().add("a", "integer").add("w", "string")


class Asked(Exception):
    """Ends a call of PySpark once its request is recorded."""


class _NoChannel:
    """Stands for a gRPC channel; the stub beside it does everything."""

    def unary_unary(self, *_: Any, **__: Any) -> None: ...

    unary_stream = stream_unary = stream_stream = unary_unary

    def close(self) -> None: ...


class _Builder(ChannelBuilder):
    def toChannel(self) -> Any:  # noqa: N802 - PySpark's name
        return _NoChannel()

    @property
    def host(self) -> str:
        return "offline"


class Recorder:
    """A stub that keeps each request, and answers what PySpark asks on the way to a plan."""

    def __init__(self) -> None:
        self.requests: list[tuple[Method, Any]] = []

    def ExecutePlan(self, request: Any, **_: Any) -> Iterator[Any]:  # noqa: N802
        self.requests.append((Method.EXECUTE, request))
        raise Asked

    def AnalyzePlan(self, request: Any, **_: Any) -> Any:  # noqa: N802
        self.requests.append((Method.ANALYZE, request))
        response = pb.AnalyzePlanResponse(session_id=SESSION_ID)
        if request.HasField("schema"):
            response.schema.schema.CopyFrom(pyspark_types_to_proto_types(SCHEMA))
        elif request.HasField("ddl_parse"):
            response.ddl_parse.parsed.CopyFrom(pyspark_types_to_proto_types(PARSED))
        else:
            raise Asked
        return response

    def Config(self, request: Any, **_: Any) -> Any:  # noqa: N802
        self.requests.append((Method.CONFIG, request))
        response = pb.ConfigResponse(session_id=SESSION_ID)
        for key in request.operation.get.keys:
            response.pairs.add(key=key, value=SETTINGS[key])
        for key in request.operation.is_modifiable.keys:
            response.pairs.add(key=key, value="false")
        for pair in request.operation.get_with_default.pairs:
            response.pairs.add(key=pair.key, value=pair.value)
        return response

    def ReleaseSession(self, *_: Any, **__: Any) -> None: ...  # noqa: N802


class Offline:
    """A session, its frame, and what it sent."""

    def __init__(self) -> None:
        builder = _Builder()
        builder.set(ChannelBuilder.PARAM_SESSION_ID, SESSION_ID)
        self.spark = SparkSession(builder)  # type: ignore[arg-type]  # it takes any builder of channels
        self.recorder = Recorder()
        client = self.spark._client
        client._stub = self.recorder  # type: ignore[assignment]
        client.disable_reattachable_execute()
        client.set_retry_policies([])
        self.df: DataFrame = self.spark.table(PLACEHOLDER)

    def plan(self, frame: DataFrame) -> pb.Plan:
        """The plan that PySpark sends for a DataFrame."""
        plan: pb.Plan = frame._plan.to_proto(self.spark._client)  # type: ignore[operator]  # of Connect
        return plan

    def fetch(self, frame: DataFrame) -> bytes:
        """The request that PySpark sends to collect a DataFrame."""
        request = self.spark._client._execute_plan_request_with_metadata()
        request.plan.CopyFrom(self.plan(frame))
        return request.SerializeToString()

    def ask(self, call: Callable[[], Any]) -> tuple[Method, bytes]:
        """The last request that a call sends."""
        self.recorder.requests.clear()
        with contextlib.suppress(Asked):
            call()
        method, request = self.recorder.requests[-1]
        return method, request.SerializeToString()


def request(relation: pb.Relation) -> bytes:
    """A request to run a relation, as bytes."""
    message = pb.ExecutePlanRequest(session_id=SESSION_ID)
    message.plan.root.CopyFrom(relation)
    return message.SerializeToString()


def placeholder(plan_id: int = 0) -> pb.Relation:
    """A read of the placeholder."""
    relation = pb.Relation()
    relation.common.plan_id = plan_id
    relation.read.named_table.unparsed_identifier = PLACEHOLDER
    return relation


def some_frame() -> pb.Relation:
    """A frame as the engine builds one: a source below a filter."""
    relation = pb.Relation()
    relation.filter.input.read.named_table.unparsed_identifier = "events"
    relation.filter.condition.expression_string.expression = "day >= DATE '2026-01-01'"
    return relation


def bound(relation: pb.Relation) -> pb.Relation:
    """Bind a relation that uses no views."""
    return bind(relation, frame=some_frame(), views={})
