"""What the tests of connections say and hear: a plan, a failed call, and who listens."""

from __future__ import annotations

from typing import Any

import grpc
import pyspark.sql.connect.proto as pb
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2


class RpcFailure(grpc.RpcError):
    """As gRPC raises it: a call and an error in one."""

    def __init__(self, code: grpc.StatusCode, details: str, metadata: dict[str, str] | None = None) -> None:
        self._code, self._details, self._metadata = code, details, metadata

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> Any:
        if self._metadata is None:
            return ()
        packed = any_pb2.Any()
        packed.Pack(error_details_pb2.ErrorInfo(reason="cut.Reason", metadata=self._metadata))
        status = status_pb2.Status(message=self._details, details=[packed])
        return (("grpc-status-details-bin", status.SerializeToString()),)


PLAN = pb.Plan(root=pb.Relation(range=pb.Range(start=0, end=1, step=1)))
