"""The calls of a session while they go on: pumped into a queue, waited for, and thrown away.

gRPC's iterator has no timeout, so a thread of its own moves a call's responses into a short queue, where the
asking thread can look at its deadline and its cancel event every few milliseconds.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.context import Deadline, QueryContext, Reason

if TYPE_CHECKING:
    from engine.backends.connect.stub import Analysis

POLL_SECONDS: Final = 0.02
# What is read ahead: so many responses, which mostly have up to 4 MiB each, or so many bytes of longer ones.
_QUEUED_RESPONSES: Final = 4
_QUEUED_BYTES: Final = 16 << 20


class End:
    """The last item of a pumped call: how it ended."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


Pumped: TypeAlias = "queue.Queue[pb.ExecutePlanResponse | End]"


class _Responses(queue.Queue[pb.ExecutePlanResponse | End]):
    """A queue that is full also with one long response: many of them at once would take gigabytes."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0
        self._sizes: deque[int] = deque()

    def _qsize(self) -> int:
        count = super()._qsize()
        return max(count, self.maxsize) if count and self._bytes >= _QUEUED_BYTES else count

    def _put(self, item: pb.ExecutePlanResponse | End) -> None:
        size = 0 if isinstance(item, End) else len(item.arrow_batch.data)  # which is copied to look at it
        self._sizes.append(size)
        self._bytes += size
        super()._put(item)

    def _get(self) -> pb.ExecutePlanResponse | End:
        self._bytes -= self._sizes.popleft()
        return super()._get()


def pumped(call: Iterable[pb.ExecutePlanResponse]) -> Pumped:
    """The queue into which a thread of its own moves a call's responses; the last item is an `End`."""
    responses = _Responses(_QUEUED_RESPONSES)
    threading.Thread(target=_pump, args=(call, responses), name="calcmetric-query", daemon=True).start()
    return responses


def _pump(call: Iterable[pb.ExecutePlanResponse], responses: Pumped) -> None:
    try:
        for response in call:
            responses.put(response)
    except Exception as error:  # whatever it is, somebody waits for the end
        responses.put(End(error))
    else:
        responses.put(End(None))


def drain(responses: Pumped, until: Deadline) -> bool:
    """Throw responses away up to the end; False if it did not come in time."""
    while (left := until.remaining()) > 0:
        with contextlib.suppress(queue.Empty):
            if isinstance(responses.get(timeout=left), End):
                return True
    return False


def raise_end(end: End) -> None:
    """Raise what a call ended with, if that is an error."""
    if end.error is not None:
        raise end.error


def wait(call: Analysis, context: QueryContext) -> Reason | None:
    """Wait for a call's end; why it is not waited for any longer, or None once it has ended."""
    over = threading.Event()
    call.add_done_callback(lambda _: over.set())
    while not over.wait(POLL_SECONDS):
        if reason := context.over:
            return reason
    return None
