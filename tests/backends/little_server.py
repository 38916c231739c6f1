"""The process of `LittleServer`: a Spark Connect server that can count, and starts at once."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import sys
import threading
import time
import types
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa

_BATCH = 65_536
_JOIN = re.compile(r"^ *join \{$", re.MULTILINE)


def _import_protocol() -> Any:
    """PySpark's protobuf stubs alone: its packages import pandas, which takes a second."""
    for name in ("pyspark", "pyspark.sql", "pyspark.sql.connect"):
        package = types.ModuleType(name)
        if name == "pyspark":
            found = importlib.util.find_spec(name)
            assert found is not None and found.origin is not None
            package.__path__ = [str(Path(found.origin).parent)]
        else:
            package.__path__ = [str(Path(sys.modules["pyspark"].__path__[0], *name.split(".")[1:]))]
        sys.modules[name] = package
    from pyspark.sql.connect.proto import base_pb2_grpc

    return base_pb2_grpc


if __name__ == "__main__":
    grpc_stubs = _import_protocol()
else:
    from pyspark.sql.connect.proto import base_pb2_grpc as grpc_stubs

import pyspark.sql.connect.proto as pb  # noqa: E402 - after its packages were made


class Service(grpc_stubs.SparkConnectServiceServicer):  # type: ignore[misc, name-defined]
    """Answers each call by itself; a plan that it does not know kills it."""

    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, str]] = {}

    def AnalyzePlan(self, request: pb.AnalyzePlanRequest, context: Any) -> pb.AnalyzePlanResponse:  # noqa: N802
        response = pb.AnalyzePlanResponse(session_id=request.session_id)
        if request.HasField("spark_version"):
            response.spark_version.version = "4.2.1"
        elif request.schema.plan.root.HasField("range"):
            field = response.schema.schema.struct.fields.add(name="id")
            field.data_type.long.SetInParent()
        else:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    def Config(self, request: pb.ConfigRequest, context: Any) -> pb.ConfigResponse:  # noqa: N802
        settings = self._sessions.setdefault(request.session_id, {})
        settings.update((pair.key, pair.value) for pair in request.operation.set.pairs)
        return pb.ConfigResponse(session_id=request.session_id, server_side_session_id=request.session_id)

    def ReleaseSession(  # noqa: N802
        self, request: pb.ReleaseSessionRequest, context: Any
    ) -> pb.ReleaseSessionResponse:
        self._sessions.pop(request.session_id, None)
        return pb.ReleaseSessionResponse(session_id=request.session_id)

    def ReleaseExecute(  # noqa: N802
        self, request: pb.ReleaseExecuteRequest, context: Any
    ) -> pb.ReleaseExecuteResponse:
        return pb.ReleaseExecuteResponse(session_id=request.session_id)

    def ExecutePlan(  # noqa: N802
        self, request: pb.ExecutePlanRequest, context: Any
    ) -> Iterator[pb.ExecutePlanResponse]:
        start = 0
        for batch in self._batches(request.plan.root, request.session_id, context):
            response = pb.ExecutePlanResponse(
                session_id=request.session_id,
                operation_id=request.operation_id,
                response_id=str(uuid.uuid4()),
            )
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            response.arrow_batch.data = sink.getvalue().to_pybytes()
            response.arrow_batch.row_count, response.arrow_batch.start_offset = batch.num_rows, start
            response.arrow_batch.num_chunks_in_batch = 1
            start += batch.num_rows
            yield response
        yield pb.ExecutePlanResponse(
            session_id=request.session_id,
            operation_id=request.operation_id,
            response_id=str(uuid.uuid4()),
            result_complete=pb.ExecutePlanResponse.ResultComplete(),
        )

    def _batches(self, plan: pb.Relation, session: str, context: Any) -> Iterator[pa.RecordBatch]:
        if plan.HasField("range"):
            for first in range(plan.range.start, plan.range.end, _BATCH):
                rows = range(first, min(plan.range.end, first + _BATCH))
                yield pa.record_batch({"id": pa.array(rows, pa.int64())})
        elif plan.HasField("aggregate") and (source := plan.aggregate.input).HasField("range"):
            yield pa.record_batch({"count": [source.range.end - source.range.start]})
        elif plan.HasField("aggregate") and source.filter.input.HasField("range"):
            # What has to be computed for each row takes a second of a processor.
            until = time.process_time() + 1.0
            while time.process_time() < until:
                sum(range(10_000))
            yield pa.record_batch({"count": [source.filter.input.range.end]})
        elif _JOIN.search(str(plan)):
            threading.Event().wait()
        elif plan.sql.query == "SELECT current_timezone()":
            zone = self._sessions.get(session, {}).get("spark.sql.session.timeZone", "its own")
            yield pa.record_batch({"zone": [zone]})
        elif plan.sql.query == "SELECT version()":
            yield pa.record_batch({"version": ["4.2.1"]})  # Spark itself says of which revision it is made
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve on a port of this machine, for ever."""
    server = grpc.server(ThreadPoolExecutor(50), options=[("grpc.so_reuseport", 0)])
    grpc_stubs.add_SparkConnectServiceServicer_to_server(Service(), server)
    try:
        server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    except RuntimeError:  # which does not say why, and there is one reason
        raise SystemExit("Address already in use") from None
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
