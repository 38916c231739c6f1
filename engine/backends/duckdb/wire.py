"""What the engine and its DuckDB process say to each other, over one connection for each query.

A message is a kind (1 byte), a length (4 bytes, big endian) and a payload. The engine sends one `ASK`; the
answer is a `COLUMNS`, then `ROWS` messages, then an `END` that counts their rows, or a `FAILED` at any time.
The engine takes a question back by closing its sending side; the answer to that is a `FAILED`, too.
"""

from __future__ import annotations

import enum
import json
import socket
import struct
from typing import Any, Final

_HEADER: Final = struct.Struct(">BI")
_ROW_COUNT: Final = struct.Struct(">Q")
# The largest message: a question, or a batch of one row that is very large.
MOST_BYTES: Final = 64 << 20


class Message(enum.IntEnum):
    """What a message carries."""

    ASK = 1  # JSON: "token", "do" ("query", "rows", "row", "describe", "keep" or "drop") and its arguments
    COLUMNS = 2  # JSON: a list of [name, DuckDB's name of the type]
    ROWS = 3  # how many rows (8 bytes), then an Arrow stream of one record batch
    END = 4  # how many rows were sent (8 bytes)
    FAILED = 5  # JSON: DuckDB's class of the error, and its text


def send(sock: socket.socket, kind: Message, *parts: bytes | memoryview) -> None:
    """Send one message.

    Raises:
        OSError: the other side is gone, or the socket's timeout passed.
    """
    sock.sendall(_HEADER.pack(kind, sum(map(len, parts))))
    for part in parts:
        sock.sendall(part)


def send_json(sock: socket.socket, kind: Message, value: Any) -> None:
    """Send a message with JSON in it; see `send`."""
    send(sock, kind, json.dumps(value).encode())


def send_rows(sock: socket.socket, rows: int, stream: memoryview) -> None:
    """Send a batch; see `send`."""
    send(sock, Message.ROWS, _ROW_COUNT.pack(rows), stream)


def send_end(sock: socket.socket, rows: int) -> None:
    """End an answer; see `send`."""
    send(sock, Message.END, _ROW_COUNT.pack(rows))


def rows_told(payload: memoryview) -> int:
    """What `send_end` has sent.

    Raises:
        ValueError: it is something else.
    """
    if len(payload) != _ROW_COUNT.size:
        raise ValueError("an end without a count")
    return int(_ROW_COUNT.unpack(payload)[0])


def split_rows(payload: memoryview) -> tuple[int, memoryview]:
    """The number of rows in a message of `send_rows`, and the Arrow stream that holds them."""
    return _ROW_COUNT.unpack_from(payload)[0], payload[_ROW_COUNT.size :]


class MessageReader:
    """Reads messages; a timeout of the socket loses nothing of what was read before."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray(_HEADER.size)
        self._filled = 0
        self._kind: Message | None = None

    def read(self) -> tuple[Message, memoryview]:
        """Wait for one message.

        Raises:
            TimeoutError: the socket's timeout passed; may be called again.
            EOFError: the other side is gone.
            ValueError: it sent something else.
            OSError: the connection broke.
        """
        if self._kind is None:
            self._fill()
            number, length = _HEADER.unpack(self._buffer)
            if length > MOST_BYTES:
                raise ValueError("a message that is too long")
            self._kind, self._buffer, self._filled = Message(number), bytearray(length), 0
        self._fill()
        kind, payload = self._kind, memoryview(self._buffer)
        self._kind, self._buffer, self._filled = None, bytearray(_HEADER.size), 0
        return kind, payload

    def _fill(self) -> None:
        view = memoryview(self._buffer)
        while self._filled < len(view):
            count = self._sock.recv_into(view[self._filled :])
            if count == 0:
                raise EOFError
            self._filled += count
