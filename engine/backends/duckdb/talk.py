"""One question to the local DuckDB process, and its answer as it comes."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from engine.backends.duckdb.types import columns_of
from engine.backends.duckdb.wire import Message, MessageReader, rows_told, send_json, split_rows
from engine.backends.local.process import ServerProcess
from engine.backends.sql import RowBatch
from engine.context import Deadline, QueryContext, Reason
from engine.effort import Grace
from engine.errors import BackendError, Interrupted
from sandbox.contract.messages import Described

_STOP_SECONDS: Final = 2.0
_TICK_SECONDS: Final = 0.05
_ASK_SECONDS: Final = 10.0  # a process that takes no question for so long stands still


class DuckDbServer:
    """A running process, and the word that it answers to.

    Attributes:
        process: the process, with the socket that it listens on.
        condemned: whether it is ended because of one query, whose fault it is.
    """

    def __init__(self, process: ServerProcess, token: str) -> None:
        self.process = process
        self.condemned = False
        self._token = token

    def ask(self, question: Mapping[str, str], deadline: Deadline = Deadline.never) -> socket.socket:
        """Open a connection with a question; the answer comes on it.

        Raises:
            OSError: the process is gone, or did not take the question in time.
        """
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(min(_ASK_SECONDS, max(_TICK_SECONDS, deadline.remaining())))
        try:
            sock.connect(self.process.address)
            send_json(sock, Message.ASK, {**question, "token": self._token})
        except BaseException:
            sock.close()
            raise
        return sock

    def end(self) -> None:
        """End the process. Never raises."""
        self.process.end()


class WillNotStop(Exception):
    """A query that was taken back goes on."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Conversation:
    """One answer, as it comes."""

    def __init__(self, sock: socket.socket, context: QueryContext, grace: Callable[[float], Grace]) -> None:
        self._sock = sock
        self._reader = MessageReader(sock)
        self._context = context
        self._grace = grace
        sock.settimeout(_TICK_SECONDS)

    def parts(self) -> Iterator[Described | RowBatch]:
        """Columns, then rows.

        Raises:
            ValueError: rows are missing, or it is no answer.
        """
        count = 0
        while True:
            kind, payload = self._next()
            if kind is Message.END:
                if rows_told(payload) != count:
                    raise ValueError("rows are missing")
                return
            if kind is Message.COLUMNS:
                yield Described(columns_of(json.loads(bytes(payload))))
            elif kind is Message.ROWS:
                rows = RowBatch(*split_rows(payload))
                count += rows.count
                yield rows
            elif kind is Message.FAILED:
                told = json.loads(bytes(payload))
                raise BackendError(told["text"], exception=f"duckdb.{told['class']}")

    def _next(self) -> tuple[Message, memoryview]:
        while True:
            if reason := self._context.over:
                self._take_back(reason)
            try:
                return self._reader.read()
            except TimeoutError:
                continue

    def _take_back(self, reason: Reason) -> None:
        """Have the query stopped, and raise `Interrupted` once it has."""
        self._sock.shutdown(socket.SHUT_WR)
        grace = self._grace(_STOP_SECONDS)
        while grace.left() > 0:
            with contextlib.suppress(TimeoutError):
                kind, _ = self._reader.read()
                if kind in (Message.END, Message.FAILED):
                    raise Interrupted(reason)
        raise WillNotStop(reason)
