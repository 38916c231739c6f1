"""One connection to one Spark Connect server: the raw calls, with our ids and credentials filled in.

Built on gRPC and PySpark's protobuf stubs, not on PySpark's SparkSession: that one retries for minutes,
reattaches, keeps threads and registers exit hooks. Execution is plain (no reattaching), result chunking
is not asked for, and messages have no size limit, since the caps are the gateway's.
A connection belongs to one generation of a local server, and is never reused after the server's end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.proto import base_pb2_grpc

CLIENT_TYPE: Final = "calcmetric"
CHANNEL_OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
# For servers on this machine: a proxy for the outside must not see their traffic, and a subchannel
# pool shared with the next generation would remember this one's failures.
LOCAL_OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    *CHANNEL_OPTIONS,
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.default_authority", "localhost"),  # and not the socket's path, which Sail takes for no authority
)
_CONTROL_SECONDS: Final = 10.0  # for calls that compute nothing
_RELEASE_SECONDS: Final = 2.0

Metadata = Sequence[tuple[str, str]]


@dataclass(slots=True, eq=False)
class Connection:
    """One connection. Thread-safe, as gRPC's stubs are.

    Attributes:
        channel: closed by `close`, unless it is somebody else's.
        user_id: the user that sessions belong to.
        metadata: sent with each call; holds the token, so it is kept out of repr.
        owned: whether `close` closes the channel.
        closed: set before the server is ended on purpose, so that its callers know what hit them.
    """

    channel: grpc.Channel = field(repr=False)
    user_id: str
    metadata: Metadata = field(default=(), repr=False)
    client_type: str = CLIENT_TYPE
    owned: bool = True
    stub: Any = field(default=None, repr=False)
    closed: bool = False

    def __post_init__(self) -> None:
        """Make the stub, unless the caller has one."""
        if self.stub is None:
            self.stub = base_pb2_grpc.SparkConnectServiceStub(self.channel)

    def execute(self, session_id: str, operation_id: str, plan: pb.Plan) -> Any:
        """Start a query; the returned call is an iterator of responses."""
        request = pb.ExecutePlanRequest(operation_id=operation_id, **self._context(session_id))
        request.plan.CopyFrom(plan)  # plan=... would stop at 100 nested messages
        return self.stub.ExecutePlan(request, metadata=self.metadata)

    def analyze(self, session_id: str, request: pb.AnalyzePlanRequest) -> Any:
        """Start an analysis; the returned call is a future of the response."""
        filled = pb.AnalyzePlanRequest()
        filled.CopyFrom(request)
        filled.ClearField("client_observed_server_side_session_id")
        filled.MergeFrom(pb.AnalyzePlanRequest(**self._context(session_id)))
        return self.stub.AnalyzePlan.future(filled, metadata=self.metadata)

    def server_version(self, session_id: str, timeout: float) -> str:
        """Ask for the server's version, which proves that it answers us."""
        request = pb.AnalyzePlanRequest(
            spark_version=pb.AnalyzePlanRequest.SparkVersion(), **self._context(session_id)
        )
        response = self.stub.AnalyzePlan(request, metadata=self.metadata, timeout=timeout)
        return str(response.spark_version.version)

    def set_config(self, session_id: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Set session configuration."""
        values = [pb.KeyValue(key=key, value=value) for key, value in pairs]
        operation = pb.ConfigRequest.Operation(set=pb.ConfigRequest.Set(pairs=values))
        request = pb.ConfigRequest(operation=operation, **self._context(session_id))
        self.stub.Config(request, metadata=self.metadata, timeout=_CONTROL_SECONDS)

    def interrupt(self, session_id: str, operation_id: str, timeout: float) -> None:
        """Ask the server to stop one query; errors mean that it may go on, and are the caller's to see."""
        request = pb.InterruptRequest(
            interrupt_type=pb.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID,
            operation_id=operation_id,
            **self._context(session_id),
        )
        self.stub.Interrupt(request, metadata=self.metadata, timeout=timeout)

    def release(self, session_id: str) -> None:
        """Release a session; a server that is gone has nothing to release."""
        context = self._context(session_id)
        with contextlib.suppress(grpc.RpcError, ValueError):
            request = pb.ReleaseSessionRequest(**context)
            self.stub.ReleaseSession(request, metadata=self.metadata, timeout=_RELEASE_SECONDS)

    def error_details(self, session_id: str) -> Callable[[str], pb.FetchErrorDetailsResponse | None]:
        """A function that fetches the details of an error of this session by its id."""

        def fetch(error_id: str) -> pb.FetchErrorDetailsResponse | None:
            request = pb.FetchErrorDetailsRequest(error_id=error_id, **self._context(session_id))
            try:
                response: pb.FetchErrorDetailsResponse = self.stub.FetchErrorDetails(
                    request, metadata=self.metadata, timeout=_CONTROL_SECONDS
                )
            except (grpc.RpcError, ValueError):
                return None
            return response

        return fetch

    def close(self) -> None:
        """Break every call in flight, and close the channel if it is ours."""
        self.closed = True
        if self.owned:
            self.channel.close()

    def _context(self, session_id: str) -> dict[str, Any]:
        return {
            "session_id": session_id,
            "user_context": pb.UserContext(user_id=self.user_id),
            "client_type": self.client_type,
        }
