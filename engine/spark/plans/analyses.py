"""Trusted side: analyze requests, bound for the backend or answered without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.plans.requests import (
    DdlParse,
    IsLocal,
    IsStreaming,
    JsonToDdl,
    Persist,
    Request,
    SameSemantics,
    Schema,
    SemanticHash,
    SparkVersion,
    StorageLevel,
    TreeString,
    Unpersist,
)

# Requests whose answer does not depend on the data, by the field of AnalyzePlanResponse that answers them.
LOCAL_ANSWERS: Final[dict[type[Request], str]] = {
    IsLocal: "is_local",
    IsStreaming: "is_streaming",
    SparkVersion: "spark_version",
    Persist: "persist",
    Unpersist: "unpersist",
    StorageLevel: "get_storage_level",
}


def local_answer(request: Request) -> str | None:
    """Return the field of AnalyzePlanResponse that answers a request without a backend, or None."""
    return LOCAL_ANSWERS.get(type(request))


def analyze_request(request: Request, bind: Callable[[pb.Relation], pb.Relation]) -> pb.AnalyzePlanRequest:
    """Build the request for the backend, with each plan bound by `bind`; its session fields are empty.

    Raises:
        PlanRefused: if a plan cannot be bound.
        ValueError: if the request is not one that a backend analyses.
    """
    built = pb.AnalyzePlanRequest()
    match request:
        case Schema(relation=relation):
            built.schema.plan.root.CopyFrom(bind(relation))
        case TreeString(relation=relation, level=level):
            built.tree_string.plan.root.CopyFrom(bind(relation))
            if level is not None:
                built.tree_string.level = level
        case SameSemantics(relation=relation, other=other):
            built.same_semantics.target_plan.root.CopyFrom(bind(relation))
            built.same_semantics.other_plan.root.CopyFrom(bind(other))
        case SemanticHash(relation=relation):
            built.semantic_hash.plan.root.CopyFrom(bind(relation))
        case DdlParse(text=text):
            built.ddl_parse.ddl_string = text
        case JsonToDdl(text=text):
            built.json_to_ddl.json_string = text
        case _:
            raise ValueError(f"{type(request).__name__} is not analysed by a backend")
    return built
