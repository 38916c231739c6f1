"""Whether an answer is whole: nothing is missing before its end, and its end is there.

A stream that ends is not proof of that: servers end one early when a task of theirs breaks off, and by plan
when it has been open for some minutes. So answers are asked for in the way in which Spark Connect says at the
end that nothing is left (`ResultComplete`, sent for executions that can be attached to again), and rows and
chunks are counted on the way. Pure.
"""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.errors import BackendLost


class TruncatedAnswer(BackendLost):
    """An answer that ended before its end, or of which a part is missing."""


class CompletenessCheck:
    """Watches one answer as it comes.

    Attributes:
        complete: whether the server has said that nothing is left.
        last_id: of the last response; "" before the first.
        responses: how many there were.
    """

    def __init__(self) -> None:
        self.complete = False
        self.last_id = ""
        self.responses = 0
        self._rows = 0
        self._chunk = 0

    def note(self, response: pb.ExecutePlanResponse) -> None:
        """Take a response into account.

        Raises:
            TruncatedAnswer: something is missing before it.
        """
        self.responses += 1
        self.last_id = response.response_id or self.last_id
        if response.HasField("arrow_batch"):
            self._note_batch(response.arrow_batch)
        if response.HasField("result_complete"):
            if self._chunk:
                raise TruncatedAnswer("the answer ended in the middle of a batch")
            self.complete = True

    def _note_batch(self, batch: pb.ExecutePlanResponse.ArrowBatch) -> None:
        if self.complete:
            raise TruncatedAnswer("rows came after the end of the answer")
        if batch.chunk_index != self._chunk:
            raise TruncatedAnswer("a part of a batch is missing")
        if batch.HasField("start_offset") and batch.start_offset != self._rows:
            raise TruncatedAnswer(f"rows are missing after the first {self._rows}")
        self._chunk += 1
        if self._chunk >= batch.num_chunks_in_batch:
            self._chunk = 0
            self._rows += batch.row_count


def check_rows(found: int, told: int) -> None:
    """See that batches hold as many rows as their messages say.

    Raises:
        TruncatedAnswer: a batch holds another number of rows than was said.
    """
    if found != told:
        raise TruncatedAnswer(f"batches of {told} rows hold {found}")
