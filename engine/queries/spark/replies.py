"""Responses for the worker, rebuilt: nothing of a backend's response passes but what is copied here.

Schema, Arrow data and answers that compute are copied. Metrics, plan text, ids, progress, observed
metrics and messages of the backend are left behind. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyspark.sql.connect.proto as pb
from pyspark.version import __version__ as client_version

from engine.queries.answers import FrameAnswer
from engine.queries.batches import table_batches
from engine.queries.carried import Batch
from sandbox.contract.settings import SESSION_ID

# The storage level of every frame: `cache` and `persist` are accepted, and do nothing.
_NOT_STORED: Final = pb.StorageLevel(replication=1)


class Rebuilder:
    """Rebuilds the responses of one query."""

    def __init__(self) -> None:
        self._start = 0
        self._chunks: list[bytes] = []

    def rebuild(self, response: pb.ExecutePlanResponse) -> Iterator[pb.ExecutePlanResponse | Batch]:
        """What the worker gets of a response: its schema and its rows, if it has any."""
        if response.HasField("schema"):
            yield schema_response(response.schema)
        if response.HasField("arrow_batch"):
            batch = response.arrow_batch
            self._chunks.append(batch.data)
            if len(self._chunks) >= batch.num_chunks_in_batch:
                data = b"".join(self._chunks)
                self._chunks.clear()
                yield Batch(batch.row_count, self._start, data)
                self._start += batch.row_count


def schema_response(schema: pb.DataType) -> pb.ExecutePlanResponse:
    """The response that tells the type of an answer."""
    response = pb.ExecutePlanResponse(session_id=SESSION_ID)
    response.schema.CopyFrom(schema)
    return response


def whole_answer(answer: FrameAnswer) -> Iterator[pb.ExecutePlanResponse | Batch]:
    """The responses to a question whose answer the engine holds."""
    yield schema_response(answer.schema)
    yield from table_batches(answer.table)
    yield complete()


def complete() -> pb.ExecutePlanResponse:
    """The response that ends a stream."""
    return pb.ExecutePlanResponse(
        session_id=SESSION_ID, result_complete=pb.ExecutePlanResponse.ResultComplete()
    )


def sql_result(relation: pb.Relation) -> pb.ExecutePlanResponse:
    """The answer to `spark.sql`: a relation that the guest puts into its later plans."""
    response = pb.ExecutePlanResponse(session_id=SESSION_ID)
    response.sql_command_result.relation.CopyFrom(relation)
    return response


def schema_analysis(schema: pb.DataType) -> pb.AnalyzePlanResponse:
    """The answer to a question for a type that is known."""
    response = pb.AnalyzePlanResponse(session_id=SESSION_ID)
    response.schema.schema.CopyFrom(schema)
    return response


def rebuild_analyze(response: pb.AnalyzePlanResponse) -> pb.AnalyzePlanResponse:
    """Copy the answers that only say what the plan computes."""
    rebuilt = pb.AnalyzePlanResponse(session_id=SESSION_ID)
    for name in ("schema", "tree_string", "ddl_parse", "same_semantics", "semantic_hash", "json_to_ddl"):
        if response.HasField(name):
            getattr(rebuilt, name).CopyFrom(getattr(response, name))
    return rebuilt


def analyze_answer(kind: str) -> pb.AnalyzePlanResponse:
    """An answer that needs no backend.

    Args:
        kind: a field of AnalyzePlanResponse: "is_local", "is_streaming", "spark_version", "persist",
            "unpersist" or "get_storage_level".
    """
    response = pb.AnalyzePlanResponse(session_id=SESSION_ID)
    answer: Any = getattr(response, kind)
    answer.SetInParent()
    if kind == "spark_version":
        answer.version = client_version  # what the guest's code is written for, whatever the backend is
    elif kind == "get_storage_level":
        answer.storage_level.CopyFrom(_NOT_STORED)
    return response
