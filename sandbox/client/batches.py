"""Rows from the engine, in the shape of the response that PySpark's client expects."""

from __future__ import annotations

from typing import Final

from sandbox.contract.framing import BATCH_HEADER
from sandbox.contract.settings import SESSION_ID


class _ArrowBatch:
    """What PySpark reads of an `ExecutePlanResponse.ArrowBatch`; never part of a batch."""

    chunk_index: Final = 0
    num_chunks_in_batch: Final = 0

    def __init__(self, payload: memoryview) -> None:
        self.row_count, self.start_offset = BATCH_HEADER.unpack_from(payload)
        self.data = payload[BATCH_HEADER.size :]

    def HasField(self, name: str) -> bool:  # noqa: N802 - protobuf's name
        return name == "start_offset"


class BatchResponse:
    """What PySpark reads of an `ExecutePlanResponse` that holds a batch.

    A message would have to be made of the bytes, and then the bytes of the message: two copies of all rows.

    Attributes:
        arrow_batch: the rows.
    """

    session_id: Final = SESSION_ID
    server_side_session_id: Final = ""
    observed_metrics: Final = ()

    def __init__(self, payload: memoryview) -> None:
        """Take the payload of a BATCH frame."""
        self.arrow_batch = _ArrowBatch(payload)

    def HasField(self, name: str) -> bool:  # noqa: N802 - protobuf's name
        """Whether the response has a field."""
        return name == "arrow_batch"
