"""One connection to one Spark Connect server: the raw calls, with our ids and credentials filled in.

Built on gRPC and PySpark's protobuf stubs, not on PySpark's SparkSession: that one retries for minutes,
reattaches, keeps threads and registers exit hooks. Executions are such as can be attached to again, because
only of those does a server say that the answer is whole; see `engine.backends.connect.completeness`. Result
chunking is not asked for. How large a message may be is said for each method, and gRPC refuses a longer one
before it reads it: a type of a few words can take gigabytes, and this process is one for all tenants. A
connection belongs to one generation of a local server, and is never reused after the server's end. Every
call that computes nothing has a timeout; those that compute have the deadline of whoever asks.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import grpc
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.proto import base_pb2_grpc

from engine.backends.connect.stub import Stub
from engine.context import Deadline

if TYPE_CHECKING:
    from engine.backends.connect.stub import Analysis, Execution

CLIENT_TYPE: Final = "calcmetric"
# A type, and rows: servers put many rows into 4 MiB, and a row that is longer into a message of its own.
MOST_ANALYSIS_BYTES: Final = 16 << 20
MOST_ROWS_BYTES: Final = 64 << 20
_SERVICE: Final = "spark.connect.SparkConnectService"


def _most(size: int, *methods: str) -> dict[str, Any]:
    names = [{"service": _SERVICE, "method": method} for method in methods]
    return {"name": names, "maxResponseMessageBytes": size}


_METHODS: Final = json.dumps(
    {
        "methodConfig": [
            _most(MOST_ANALYSIS_BYTES, "AnalyzePlan", "Config", "FetchErrorDetails", "Interrupt"),
            _most(MOST_ROWS_BYTES, "ExecutePlan", "ReattachExecute"),
        ]
    }
)
CHANNEL_OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", MOST_ROWS_BYTES),
    ("grpc.service_config", _METHODS),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
# For servers on this machine: a proxy for the outside must not see their traffic, and a subchannel
# pool shared with the next generation would remember this one's failures.
LOCAL_OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    *CHANNEL_OPTIONS,
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.default_authority", "localhost"),  # and not the socket's path
)
_CONTROL_SECONDS: Final = 10.0  # for calls that compute nothing
_RECONNECT_SECONDS: Final = 4.0  # twice of what the options above say
_RELEASE_SECONDS: Final = 2.0
_DETAILS_SECONDS: Final = 5.0  # without them a message has fewer particulars

Metadata: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class Connection:
    """One connection. Thread-safe, as gRPC's stubs are.

    Attributes:
        channel: closed by `close`, unless it is somebody else's.
        user_id: the user that sessions belong to.
        metadata: sent with each call; holds the token, so it is kept out of repr.
        owned: whether `close` closes the channel.
        given_stub: of the service, if the caller has one.
        lasting: whether another server may come to answer on it, where one was lost.
        closed: set before the server is ended on purpose, so that its callers know what hit them.
        stub: of the service.
    """

    channel: grpc.Channel = field(repr=False)
    user_id: str
    metadata: Metadata = field(default=(), repr=False)
    client_type: str = CLIENT_TYPE
    owned: bool = True
    given_stub: InitVar[Stub | None] = None
    lasting: bool = False
    closed: bool = False
    stub: Stub = field(init=False, repr=False)

    def __post_init__(self, given_stub: Stub | None) -> None:
        """Make the stub, unless the caller has one."""
        made: Stub = given_stub or base_pb2_grpc.SparkConnectServiceStub(self.channel)  # type: ignore[no-untyped-call]
        self.stub = made

    def execute(
        self,
        session_id: str,
        operation_id: str,
        plan: pb.Plan,
        *,
        observed: str = "",
        until: Deadline = Deadline.never,
    ) -> Execution:
        """Start a query; the returned call is an iterator of responses.

        Args:
            session_id: of the session.
            operation_id: by which it can be interrupted.
            plan: what to run.
            observed: as `set_config` returned it: a server that has lost the session refuses the query.
            until: when gRPC itself gives it up.
        """
        request = pb.ExecutePlanRequest(operation_id=operation_id, **self._context(session_id, observed))
        request.plan.CopyFrom(plan)  # plan=... would stop at 100 nested messages
        request.request_options.add().reattach_options.reattachable = True
        return self.stub.ExecutePlan(request, metadata=self.metadata, timeout=until.timeout())

    def attach(
        self, session_id: str, operation_id: str, last_response_id: str, *, until: Deadline = Deadline.never
    ) -> Execution:
        """Go on with a query whose stream has ended before its answer did; as `execute`."""
        request = pb.ReattachExecuteRequest(
            operation_id=operation_id, last_response_id=last_response_id, **self._context(session_id)
        )
        return self.stub.ReattachExecute(request, metadata=self.metadata, timeout=until.timeout())

    def release_execution(self, session_id: str, operation_id: str) -> None:
        """Let the server forget an answer that is here; nobody waits, and errors are of no account."""
        request = pb.ReleaseExecuteRequest(
            operation_id=operation_id,
            release_all=pb.ReleaseExecuteRequest.ReleaseAll(),
            **self._context(session_id),
        )
        with contextlib.suppress(grpc.RpcError, ValueError):
            self.stub.ReleaseExecute.future(request, metadata=self.metadata, timeout=_CONTROL_SECONDS)

    def analyze(
        self,
        session_id: str,
        request: pb.AnalyzePlanRequest,
        *,
        observed: str = "",
        until: Deadline = Deadline.never,
    ) -> Analysis:
        """Start an analysis; the returned call is a future of the response; arguments as of `execute`."""
        filled = pb.AnalyzePlanRequest()
        filled.CopyFrom(request)
        filled.ClearField("client_observed_server_side_session_id")
        filled.MergeFrom(pb.AnalyzePlanRequest(**self._context(session_id, observed)))
        return self.stub.AnalyzePlan.future(filled, metadata=self.metadata, timeout=until.timeout())

    def server_version(self, session_id: str, timeout: float) -> str:
        """Ask for the server's version, which proves that it answers us."""
        request = pb.AnalyzePlanRequest(
            spark_version=pb.AnalyzePlanRequest.SparkVersion(), **self._context(session_id)
        )
        response = self.stub.AnalyzePlan(request, metadata=self.metadata, timeout=timeout)
        return response.spark_version.version

    def set_config(self, session_id: str, pairs: Sequence[tuple[str, str]]) -> str:
        """Set session configuration.

        Returns:
            What the server calls the session that has it now: another server, which knows nothing of the
            configuration, makes a new session of the same id without a word. Empty if it does not say.
        """
        values = [pb.KeyValue(key=key, value=value) for key, value in pairs]
        operation = pb.ConfigRequest.Operation(set=pb.ConfigRequest.Set(pairs=values))
        request = pb.ConfigRequest(operation=operation, **self._context(session_id))
        try:
            response = self.stub.Config(request, metadata=self.metadata, timeout=_CONTROL_SECONDS)
        except grpc.RpcError as error:
            if not self.lasting or error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            try:  # a server may be there again, but gRPC looks for one every few seconds only
                response = self.stub.Config(
                    request, metadata=self.metadata, timeout=_RECONNECT_SECONDS, wait_for_ready=True
                )
            except grpc.RpcError:
                raise error from None
        return response.server_side_session_id

    def interrupt(self, session_id: str, operation_id: str, timeout: float, *, observed: str = "") -> None:
        """Ask the server to stop one query; errors mean that it may go on, and are the caller's to see."""
        request = pb.InterruptRequest(
            interrupt_type=pb.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID,
            operation_id=operation_id,
            **self._context(session_id, observed),
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
                return self.stub.FetchErrorDetails(request, metadata=self.metadata, timeout=_DETAILS_SECONDS)
            except (grpc.RpcError, ValueError):
                return None

        return fetch

    def close(self) -> None:
        """Break every call in flight, and close the channel if it is ours."""
        self.closed = True
        if self.owned:
            self.channel.close()

    def _context(self, session_id: str, observed: str = "") -> dict[str, Any]:
        return {
            **({"client_observed_server_side_session_id": observed} if observed else {}),
            "session_id": session_id,
            "user_context": pb.UserContext(user_id=self.user_id),
            "client_type": self.client_type,
        }
