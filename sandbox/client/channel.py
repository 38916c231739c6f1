"""A stand-in for `grpc.Channel` that carries PySpark's calls over the worker's descriptor.

PySpark's generated stub asks its channel for one callable per remote method. The three methods that
compute get callables that use the transport; every other method gets one that refuses. No gRPC code
runs, so there are no threads, credentials or addresses in the worker. Configuration is answered here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

import pyspark.sql.connect.proto as pb

from sandbox.client.call_settings import CallSettings
from sandbox.client.errors import build_exception
from sandbox.client.transport import Transport
from sandbox.contract.framing import BATCH_HEADER, Kind, Method
from sandbox.contract.messages import REFUSED, ReplyError
from sandbox.contract.settings import SESSION_ID

_SERVICE: Final = "/spark.connect.SparkConnectService/"

# Remote methods that an honest metric may reach through PySpark's API, and what to say about them.
_REFUSALS: Final = {
    "AddArtifacts": "files and large local tables cannot be sent to the data engine; keep local data small",
    "ArtifactStatus": "files and large local tables cannot be sent to the data engine; keep local data small",
    "Interrupt": "a metric cannot interrupt queries; the engine does so at the deadline",
    "CloneSession": "a metric has only one session; use df.sparkSession as it is",
    "GetStatus": "metrics cannot see the state of queries",
}
_ANY_OTHER: Final = "this call of PySpark's client is not available in a metric"


class PipeChannel:
    """What `SparkConnectServiceStub` needs of a channel.

    Attributes:
        settings: what answers reads and writes of configuration.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.settings = CallSettings(self._set)

    def unary_unary(self, path: str, **_: Any) -> Callable[..., Any]:
        """The callable for a method with one response."""
        name = path.removeprefix(_SERVICE)
        if name == "AnalyzePlan":
            return self._analyze
        if name == "Config":
            return self.settings.answer
        if name == "ReleaseSession":
            return lambda *_, **__: pb.ReleaseSessionResponse(session_id=SESSION_ID)
        return _refuser(name)

    def unary_stream(self, path: str, **_: Any) -> Callable[..., Any]:
        """The callable for a method with a stream of responses."""
        name = path.removeprefix(_SERVICE)
        return self._execute if name == "ExecutePlan" else _refuser(name)

    def stream_unary(self, path: str, **_: Any) -> Callable[..., Any]:
        """The callable for a method with a stream of requests: artifacts only."""
        return _refuser(path.removeprefix(_SERVICE))

    def stream_stream(self, path: str, **_: Any) -> Callable[..., Any]:
        """The callable for a method with streams both ways; there is none yet."""
        return _refuser(path.removeprefix(_SERVICE))

    def _execute(self, request: Any, **_: Any) -> Iterator[Any]:
        """Responses, or the bytes of an Arrow stream: in a response these would be copied twice."""
        request.ClearField("operation_id")  # another one each time; the engine names operations itself
        for kind, payload in self._transport.request(Method.EXECUTE, request.SerializeToString()):
            if kind is Kind.BATCH:
                yield payload[BATCH_HEADER.size :]
            else:
                yield pb.ExecutePlanResponse.FromString(bytes(payload))

    def _set(self, key: str, value: str) -> None:
        """Have the questions of this call asked under another setting from now on."""
        pairs = [pb.KeyValue(key=key, value=value)]
        request = pb.ConfigRequest(
            operation=pb.ConfigRequest.Operation(set=pb.ConfigRequest.Set(pairs=pairs))
        )
        for _ in self._transport.request(Method.CONFIG, request.SerializeToString()):
            pass

    def _analyze(self, request: Any, **_: Any) -> Any:
        replies = list(self._transport.request(Method.ANALYZE, request.SerializeToString()))
        return pb.AnalyzePlanResponse.FromString(bytes(replies[0][1]))


def _refuser(name: str) -> Callable[..., NoReturn]:
    message = _REFUSALS.get(name, _ANY_OTHER)

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise build_exception(ReplyError(REFUSED, "", "", message))

    return refuse
