"""Frames on the channel: a length (4 bytes, big endian), a kind (1 byte), then the payload.

Both sides use this module. The engine treats every byte from a worker as hostile: the length is
checked against a cap for the kind before a byte of the payload is read, and whatever is malformed
raises `ChannelGarbage`, the one error of this module beside `ChannelClosed` and `ChannelTimeout`.
"""

from __future__ import annotations

import enum
import select
import socket
import struct
import time
from typing import Final

HEADER: Final = struct.Struct(">IB")
# How many rows a batch has, and how many of the answer come before it.
BATCH_HEADER: Final = struct.Struct(">QQ")
_MIB: Final = 1 << 20
_HELD_BYTES: Final = 64 << 10
_JOINED_BYTES: Final = 256 << 10


class Kind(enum.IntEnum):
    """What a frame carries. Below 16: engine to worker; from 16: worker to engine."""

    START = 1  # JSON `Start`: the source and how to compile it
    CALL = 2  # JSON `Call`: run calc_metric once
    REPLY = 3  # a protobuf response to the request in flight
    REPLY_END = 4  # no more responses to the request in flight
    REPLY_ERROR = 5  # JSON `ReplyError`: the request in flight failed
    BATCH = 6  # `BATCH_HEADER`, then an Arrow stream: rows of the answer to the request in flight
    PREFETCHED = 7  # before a CALL: its first request and the answer (`contract.prefetched`)
    EVALUATE = 8  # JSON `Evaluate`: before the request in flight is answered, apply functions of the author
    ROWS = 9  # after an INPUT: the next bytes of the Arrow stream that they are applied to; none: its end
    COMPILED = 16  # JSON `Compiled`: the problems of the source, what calc_metric declares
    REQUEST = 17  # one byte `Method`, then a protobuf request; or one byte `SqlMethod`, then SQL in UTF-8
    PRINTED = 18  # UTF-8 text that the guest printed
    OUTCOME = 19  # JSON `Outcome`: what one call of calc_metric did
    USED = 20  # the first request was the one prefetched, and is not sent
    LACKS = 21  # it needs libraries that this worker was forked without, and can only be run in another
    INPUT = 22  # an evaluation wants more of what it is applied to
    OUTPUT = 23  # the next bytes of the Arrow stream that an evaluation gives
    EVALUATED = 24  # the evaluation has ended, and all of its output was sent; a byte: it drew random numbers
    FAILED = 25  # it has ended because a function raised, in this line (4 bytes); the worker keeps what


class Method(enum.IntEnum):
    """Which Spark Connect call a REQUEST frame is."""

    EXECUTE = 1
    ANALYZE = 2
    CONFIG = 3


class SqlMethod(enum.IntEnum):
    """What a REQUEST frame of a Snowpark metric asks of the SQL text in it. No number is a `Method`, too."""

    QUERY = 16  # its columns (JSON `Described`, as a REPLY), then its rows
    DESCRIBE = 17  # its columns only


# What the engine accepts from a worker, by kind, in bytes. A kind that is not here is garbage.
WORKER_CAPS: Final = {
    Kind.COMPILED: 4 * _MIB,
    Kind.REQUEST: 64 * _MIB,
    Kind.PRINTED: 64 << 10,
    Kind.OUTCOME: 1 * _MIB,
    Kind.USED: 0,
    Kind.LACKS: 0,
    Kind.INPUT: 0,
    Kind.OUTPUT: 16 * _MIB,
    Kind.EVALUATED: 1,
    Kind.FAILED: 4,
}

# What a worker accepts from the engine; large because fetched Arrow batches travel this way.
ENGINE_CAPS: Final = {
    Kind.START: 256 * _MIB,  # Limits.source_bytes is what bounds it
    Kind.CALL: 1 * _MIB,
    Kind.REPLY: 64 * _MIB,
    Kind.REPLY_END: 0,
    Kind.REPLY_ERROR: 1 * _MIB,
    Kind.BATCH: 1024 * _MIB,
    Kind.PREFETCHED: 1 * _MIB,
    Kind.EVALUATE: 16 * _MIB,
    Kind.ROWS: 1024 * _MIB,
}


class ChannelClosed(Exception):
    """The other side closed the channel."""


class ChannelTimeout(Exception):
    """The deadline passed while waiting for the other side."""


class ChannelGarbage(Exception):
    """The other side sent something that no honest peer sends."""


class Channel:
    """One end of a socketpair, spoken in frames. Not thread-safe: one reader, one writer."""

    def __init__(self, sock: socket.socket, accepts: dict[Kind, int]) -> None:
        self._sock = sock
        self._accepts = accepts
        self._held: list[bytes | memoryview] = []
        self._held_bytes = 0
        sock.setblocking(False)

    def fileno(self) -> int:
        """The descriptor, for polling."""
        return self._sock.fileno()

    def send(
        self, kind: Kind, *parts: bytes | memoryview, deadline: float | None = None, more: bool = False
    ) -> None:
        """Send one frame made of `parts`.

        Args:
            kind: what it carries.
            parts: its payload.
            deadline: monotonic seconds.
            more: another frame follows at once, so a small one may wait for it: each send wakes the other
                side, which costs more than the bytes do.

        Raises:
            ChannelClosed: the other side is gone.
            ChannelTimeout: `deadline` (monotonic seconds) passed while the other side did not read.
        """
        length = sum(len(part) for part in parts)
        self._held += (HEADER.pack(length, kind), *parts)
        self._held_bytes += HEADER.size + length
        if not more or self._held_bytes >= _HELD_BYTES:
            held, size = self._held, self._held_bytes
            self._held, self._held_bytes = [], 0
            # Joined by hand: a worker may not use sendmsg(2), which could carry descriptors.
            for part in held if size > _JOINED_BYTES else [b"".join(held)]:
                self._send_all(memoryview(part), deadline)

    def is_readable(self, seconds: float) -> bool:
        """Whether something arrives, or the other side goes away, within so many seconds."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def receive(self, deadline: float | None = None) -> tuple[Kind, memoryview]:
        """Wait for one frame.

        Raises:
            ChannelClosed, ChannelTimeout, ChannelGarbage: see the classes.
        """
        length, number = HEADER.unpack(self._receive_exactly(HEADER.size, deadline))
        try:
            kind = Kind(number)
        except ValueError:
            raise ChannelGarbage(f"unknown frame kind {number}") from None
        cap = self._accepts.get(kind)
        if cap is None or length > cap:
            raise ChannelGarbage(f"{kind.name} frame of {length} bytes is not accepted here")
        return kind, self._receive_exactly(length, deadline)

    def close(self) -> None:
        """Close this end."""
        self._sock.close()

    def _send_all(self, data: memoryview, deadline: float | None) -> None:
        while data:
            try:
                data = data[self._sock.send(data) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
            except OSError as error:
                raise ChannelClosed(str(error)) from None

    def _receive_exactly(self, length: int, deadline: float | None) -> memoryview:
        buffer = bytearray(length)
        view, filled = memoryview(buffer), 0
        while filled < length:
            try:
                count = self._sock.recv_into(view[filled:])
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if count == 0:
                raise ChannelClosed("end of stream")
            filled += count
        return view

    def _wait(self, event: int, deadline: float | None) -> None:
        poll = select.poll()
        poll.register(self._sock, event)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise ChannelTimeout
            if poll.poll(None if left is None else left * 1000 + 1):
                return
