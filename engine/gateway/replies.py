"""Responses for the worker, rebuilt: nothing of a backend's response passes but what is copied here.

Schema, Arrow data and answers that compute are copied. Metrics, plan text, ids, progress, observed
metrics and messages of the backend are left behind. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.arrow import arrow_stream
from engine.gateway.carried import Batch
from sandbox.contract.settings import SESSION_ID

# Spark's version as the guest sees it: that of the client, whatever the backend is.
SPARK_VERSION: Final = "4.2.1"

# Rows of one response; its bytes are in memory several times over while it is sent.
_BATCH_ROWS: Final = 500_000

# Answers of up to so many rows are not worth a writer.
_SMALL_ROWS: Final = 100
# Arrow's sign for the end of a stream.
_STREAM_END: Final = b"\xff\xff\xff\xff\0\0\0\0"

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


def table_batches(table: pa.Table) -> Iterator[Batch]:
    """The rows of an answer that the engine holds; one batch at least."""
    for start in range(0, max(1, table.num_rows), _BATCH_ROWS):
        part = _one_batch(table.slice(start, _BATCH_ROWS))
        yield Batch(part.num_rows, start, _stream(part))


def _stream(batch: pa.RecordBatch) -> bytes | memoryview:
    """An Arrow stream of one batch."""
    if batch.num_rows > _SMALL_ROWS or not all(map(_is_flat, batch.schema.types)):
        return memoryview(arrow_stream(batch))
    # Put together by hand, which copies the rows once more, but is twice as fast for a few of them.
    return b"".join((batch.schema.serialize(), batch.serialize(), _STREAM_END))


def _is_flat(type_: pa.DataType) -> bool:
    """Whether a column of it is sent without dictionaries, which travel in messages of their own."""
    return not type_.num_fields and not pa.types.is_dictionary(type_)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    """The rows of a table as the one record batch that a response of Spark holds, however few they are."""
    batches = table.to_batches()
    if len(batches) > 1:
        batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


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
        answer.version = SPARK_VERSION
    elif kind == "get_storage_level":
        answer.storage_level.CopyFrom(_NOT_STORED)
    return response
