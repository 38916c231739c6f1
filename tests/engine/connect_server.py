"""A Spark Connect server in this process, which knows one answer, and can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
import pyarrow as pa
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.proto import base_pb2_grpc

ANSWER: Final = 300
_SCHEMA: Final = pb.DataType(
    struct=pb.DataType.Struct(
        fields=[pb.DataType.StructField(name="n", data_type=pb.DataType(long=pb.DataType.Long()))]
    )
)


class ConnectServer(base_pb2_grpc.SparkConnectServiceServicer):
    """The server.

    Attributes:
        address: where it listens.
        hangs: the methods that are not answered until `let_go` is set.
        lost: whether queries find it unreachable.
        server_session: what it calls every session.
        settings: what was set in a session, by its id.
        on_call: told of each method that is called and hangs.
    """

    def __init__(self) -> None:
        self.hangs: frozenset[str] = frozenset()
        self.lost = False
        self.server_session = "first"
        self.settings: dict[str, list[str]] = {}
        self.let_go = threading.Event()
        self.on_call: Callable[[str], None] = lambda method: None
        self._threads = ThreadPoolExecutor(32)
        self._server = grpc.server(self._threads)
        base_pb2_grpc.add_SparkConnectServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self.address = f"sc://127.0.0.1:{port}"

    def close(self) -> None:
        """End it."""
        self.let_go.set()
        self._server.stop(None).wait()
        self._threads.shutdown(wait=False)

    def ExecutePlan(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """One row, whatever the query."""
        self._misbehave("ExecutePlan", request, context)
        if self.lost:
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        table = pa.table({"n": pa.array([ANSWER], pa.int64())})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        batch = pb.ExecutePlanResponse.ArrowBatch(row_count=1, data=sink.getvalue().to_pybytes())
        yield pb.ExecutePlanResponse(schema=_SCHEMA)
        yield pb.ExecutePlanResponse(arrow_batch=batch)
        yield pb.ExecutePlanResponse(result_complete=pb.ExecutePlanResponse.ResultComplete())

    def AnalyzePlan(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version, or the one schema."""
        if request.HasField("spark_version"):
            version = pb.AnalyzePlanResponse.SparkVersion(version="4.2.1")
            return pb.AnalyzePlanResponse(spark_version=version)
        self._misbehave("AnalyzePlan", request, context)
        return pb.AnalyzePlanResponse(schema=pb.AnalyzePlanResponse.Schema(schema=_SCHEMA))

    def Config(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Keep what is set."""
        self._misbehave("Config", request, context)
        self.settings[request.session_id] = [pair.key for pair in request.operation.set.pairs]
        return pb.ConfigResponse(session_id=request.session_id, server_side_session_id=self.server_session)

    def Interrupt(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing is stopped."""
        return pb.InterruptResponse(session_id=request.session_id)

    def ReleaseSession(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing is kept."""
        self._misbehave("ReleaseSession", request, context)
        return pb.ReleaseSessionResponse(session_id=request.session_id)

    def FetchErrorDetails(self, request: Any, context: Any) -> Any:  # noqa: N802
        """There are none."""
        return pb.FetchErrorDetailsResponse()

    def _misbehave(self, method: str, request: Any, context: Any) -> None:
        observed = getattr(request, "client_observed_server_side_session_id", "")
        if observed and observed != self.server_session:
            # What a restarted server says, in the words of the status alone.
            context.abort(grpc.StatusCode.UNAVAILABLE, "INVALID_HANDLE.SESSION_CHANGED")
        if method in self.hangs:
            self.on_call(method)
            self.let_go.wait()
