"""The rows of an answer that the engine holds, as they travel to the worker. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from engine.arrow import arrow_stream
from engine.queries.carried import Batch

# Rows of one batch; its bytes are in memory several times over while it is sent.
_BATCH_ROWS: Final = 500_000
# Answers of up to so many rows are not worth a writer.
_SMALL_ROWS: Final = 100
# Arrow's sign for the end of a stream.
_STREAM_END: Final = b"\xff\xff\xff\xff\0\0\0\0"


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
    """The rows of a table as the one record batch that a batch holds, however few they are."""
    batches = table.to_batches()
    if len(batches) > 1:
        batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
