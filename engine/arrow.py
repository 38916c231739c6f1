"""Rows as an Arrow stream."""

from __future__ import annotations

import pyarrow as pa


def arrow_stream(rows: pa.Table | pa.RecordBatch) -> pa.Buffer:
    """An Arrow stream of some rows, in the batches in which they are; nothing is compressed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write(rows)
    return sink.getvalue()
