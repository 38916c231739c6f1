"""Types of Spark Connect's service, which neither gRPC's generated stub nor gRPC itself gives at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

import pyspark.sql.connect.proto as pb

if TYPE_CHECKING:
    import grpc
    from grpc import UnaryStreamMultiCallable as Streaming
    from grpc import UnaryUnaryMultiCallable as Unary

    Execution: TypeAlias = grpc._CallIterator[pb.ExecutePlanResponse]
    Analysis: TypeAlias = grpc._CallFuture[pb.AnalyzePlanResponse]


class Stub(Protocol):
    """The methods of the service that are called."""

    ExecutePlan: Streaming[pb.ExecutePlanRequest, pb.ExecutePlanResponse]
    ReattachExecute: Streaming[pb.ReattachExecuteRequest, pb.ExecutePlanResponse]
    ReleaseExecute: Unary[pb.ReleaseExecuteRequest, pb.ReleaseExecuteResponse]
    AnalyzePlan: Unary[pb.AnalyzePlanRequest, pb.AnalyzePlanResponse]
    Config: Unary[pb.ConfigRequest, pb.ConfigResponse]
    Interrupt: Unary[pb.InterruptRequest, pb.InterruptResponse]
    ReleaseSession: Unary[pb.ReleaseSessionRequest, pb.ReleaseSessionResponse]
    FetchErrorDetails: Unary[pb.FetchErrorDetailsRequest, pb.FetchErrorDetailsResponse]
