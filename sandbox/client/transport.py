"""The worker's end of the channel, with one request in flight at a time.

A guest may abandon a stream half read, or ask something else while one is open (`toLocalIterator`).
The engine answers strictly in order, so before anything else is sent the open stream is read to its
end into memory (`settle`); otherwise both sides could wait for each other.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, NoReturn, Protocol, TypeAlias

from sandbox.contract.framing import Channel, ChannelGarbage, Kind, Method, SqlMethod
from sandbox.contract.messages import FUNCTION_RAISED, REFUSED, ReplyError, decode
from sandbox.contract.prefetched import unpack_prefetched
from sandbox.lines import deepest_line

_PRINT_CHUNK: Final = 16 << 10
_MESSAGE_CHARS: Final = 4_000

# Kind.REPLY or Kind.BATCH, and the payload.
Reply: TypeAlias = tuple[Kind, memoryview]
# Makes the exception that the guest's client raises where a request failed.
MakeError: TypeAlias = Callable[[ReplyError], Exception]


class Evaluator(Protocol):
    """Applies functions of the author while a request is in flight.

    Attributes:
        failure: what one of them raised in the last evaluation; None: nothing.
        applied: which they were, for messages.
    """

    failure: BaseException | None
    applied: str

    def __call__(self, payload: memoryview, channel: Channel) -> None:
        """Serve one evaluation over the channel."""
        ...


_ASKS: Final = ReplyError(
    REFUSED,
    "",
    "",
    "a function that is applied to rows asks for other data, which it cannot; collect it beforehand, and "
    "use the result in the function",
)


class Transport:
    """Sends what the worker has to say, and reads the replies to its requests."""

    def __init__(self, channel: Channel) -> None:
        """Speak over a channel; `make_error` is set once it is known which client asks."""
        self.make_error: MakeError = lambda error: RuntimeError(error.message)
        self.evaluator: Evaluator | None = None
        self._evaluating = False
        self._channel = channel
        self._open: _Replies | None = None
        self._prefetched: memoryview | None = None
        self._printed: list[str] = []
        self._printed_size = 0

    def send(self, kind: Kind, *parts: bytes | memoryview) -> None:
        """Send one frame, after whatever was printed before it."""
        self.settle()
        self.flush_printed()
        self._channel.send(kind, *parts)

    def receive(self) -> tuple[Kind, memoryview]:
        """Wait for a frame that is no reply; keep what is prefetched before a call."""
        self._prefetched = None
        kind, payload = self._channel.receive()
        if kind is Kind.PREFETCHED:
            self._prefetched = payload
            kind, payload = self._channel.receive()
        return kind, payload

    def request(self, method: Method | SqlMethod, payload: bytes) -> Iterator[Reply]:
        """Ask the engine; yield what it replies as it comes: responses, and batches.

        Raises:
            Exception: what `make_error` makes: the request failed, in the engine's words.
        """
        if self._evaluating:
            raise self.make_error(_ASKS)
        prefetched, self._prefetched = self._prefetched, None
        if prefetched is not None and isinstance(method, Method):
            replies = unpack_prefetched(prefetched, method, payload)
            if replies is not None:
                self._channel.send(Kind.USED, more=True)
                return iter(replies)
        self.send(Kind.REQUEST, bytes((method,)), payload)
        self._open = _Replies(self._channel, self._failed, self._evaluate)
        return self._open

    def write_printed(self, text: str) -> None:
        """Take what the guest printed; it is sent in chunks, and before any other frame."""
        self._printed.append(text)
        self._printed_size += len(text)
        if self._printed_size >= _PRINT_CHUNK:
            if not self._evaluating:  # then the channel is the evaluation's
                self.settle()
            self.flush_printed()

    def lack_science(self) -> NoReturn:
        """Tell the engine that this worker was forked without libraries that are needed now; never returns.

        Nothing unwinds, because a guest would see what is raised through its code. What it printed is
        dropped, since it will print it again; what it asked for is read to its end, since the engine goes on
        sending that first.
        """
        try:
            if self._open is not None and not self._evaluating:
                self._open.skip()
            self._channel.send(Kind.LACKS)
            self._channel.receive()  # the engine ends this process
        finally:
            os._exit(0)

    def settle(self) -> None:
        """Read the open stream, if any, to its end."""
        if self._open is not None:
            self._open.read_ahead()
            self._open = None

    def _failed(self, error: ReplyError) -> Exception:
        """The exception for a failed request, because of what a function raised if that is why it failed."""
        if error.condition != FUNCTION_RAISED or self.evaluator is None or self.evaluator.failure is None:
            return self.make_error(error)
        failure = self.evaluator.failure
        text = f"{type(failure).__name__}: {_text_of(failure)}"
        if not deepest_line(failure):  # what PySpark says of a result, and not the author's code
            text = f"{text} (of the function {self.evaluator.applied})"
        made = self.make_error(ReplyError(error.condition, error.exception, error.sql_state, text))
        made.__cause__ = failure
        return made

    def _evaluate(self, payload: memoryview) -> None:
        if self.evaluator is None or self._evaluating:
            raise ChannelGarbage("nothing to evaluate with")
        self._evaluating = True
        try:
            self.evaluator(payload, self._channel)
        finally:
            self._evaluating = False

    def flush_printed(self) -> None:
        """Send what was printed."""
        data = "".join(self._printed).encode("utf-8", "replace")
        self._printed.clear()
        self._printed_size = 0
        for start in range(0, len(data), _PRINT_CHUNK):
            self._channel.send(Kind.PRINTED, data[start : start + _PRINT_CHUNK])


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:_MESSAGE_CHARS]
    except Exception:  # the guest's own code answers here
        return "(its message could not be made)"


class _Replies(Iterator[Reply]):
    """The replies to one request; complete once a REPLY_END or a REPLY_ERROR was read."""

    def __init__(
        self, channel: Channel, make_error: MakeError, evaluate: Callable[[memoryview], None]
    ) -> None:
        self._channel = channel
        self._make_error = make_error
        self._evaluate = evaluate
        self._ahead: deque[Reply] = deque()
        self._ended = False
        self._error: ReplyError | None = None

    def __next__(self) -> Reply:
        while not self._ahead and not self._ended:
            self._read_one()
        if self._ahead:
            return self._ahead.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise self._make_error(error)
        raise StopIteration

    def read_ahead(self) -> None:
        while not self._ended:
            self._read_one()

    def skip(self) -> None:
        while not self._ended:
            self._ahead.clear()
            self._read_one()

    def _read_one(self) -> None:
        kind, payload = self._channel.receive()
        if kind in (Kind.REPLY, Kind.BATCH):
            self._ahead.append((kind, payload))
        elif kind is Kind.EVALUATE:
            self._evaluate(payload)
        elif kind is Kind.REPLY_END:
            self._ended = True
        elif kind is Kind.REPLY_ERROR:
            self._error = decode(ReplyError, payload)
            self._ended = True
        else:
            raise ChannelGarbage(f"a {kind.name} frame is not a reply")
