"""What functions give for rows that stream through them, read batch by batch as it comes, which is hostile.

Each batch is taken as `read_results` takes a whole stream, so no more of it is held than one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.spark.functions.local import Lying, read_results
from engine.spark.plans.caps import MAX_LOCAL_SCHEMA_BYTES
from engine.spark.plans.stream_shape import NotPlain, message_size

# Batches of no rows that functions of iterators may give, beyond two for each batch that they get.
_SPARE_MESSAGES: Final = 1_000


class TooLong(Exception):
    """One batch has more bytes than are taken."""


class Incoming:
    """The stream, as far as it has come.

    Attributes:
        rows: in the batches so far.
        ended: whether its end was there.
    """

    def __init__(self, types: Sequence[pb.DataType], most_bytes: int) -> None:
        """Begin.

        Args:
            types: what the functions declare.
            most_bytes: of one batch.
        """
        self.rows = 0
        self.ended = False
        self._types = types
        self._most_bytes = most_bytes
        self._held = bytearray()
        self._schema: bytes | None = None
        self._messages = 0

    def feed(self, data: bytes | memoryview) -> Iterator[tuple[pa.ChunkedArray, ...]]:
        """Take the next bytes; the columns of each batch that is complete with them.

        Raises:
            Lying: it is nothing that honest functions give.
            TooLong: a batch is too large.
        """
        self._held += data
        while (message := self._next()) is not None:
            if self._schema is None:
                self._schema = message
                read_results(message, self._types, 0)
                continue
            columns = read_results(self._schema + message, self._types, None).columns
            self.rows += len(columns[0])
            self._messages += 1
            if self._messages > 2 * self.rows + _SPARE_MESSAGES:
                raise Lying("batches without rows")
            yield columns

    def close(self) -> None:
        """Nothing comes any more.

        Raises:
            Lying: something is missing.
        """
        if self._held or self._schema is None:
            raise Lying("a stream without an end")

    def _next(self) -> bytes | None:
        """The next message, if it is there."""
        if self.ended:
            if self._held:
                raise Lying("data after its end")
            return None
        try:
            with memoryview(self._held) as view:
                size = message_size(view, most_facts=MAX_LOCAL_SCHEMA_BYTES)
        except NotPlain as found:
            raise Lying(str(found)) from None
        if size == 0:
            self.ended = True
            del self._held[:8]
            return self._next()
        if size is not None and size > self._most_bytes:
            raise TooLong
        if size is None or len(self._held) < size:
            return None
        message = bytes(self._held[:size])
        del self._held[:size]
        return message
