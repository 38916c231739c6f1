"""Trusted side, pure: the shape of an Arrow stream, read from its frames before any Arrow code sees it.

An Arrow stream is a row of messages: a mark, the length of a small table of facts (a flatbuffer), the table,
then a body. Arrow's own reader allocates what those facts promise, so they are read here first, in a language
where a wrong offset is an error and not another piece of memory: a schema, then record batches, nothing
compressed, no body that two columns share, and no more values than the caps allow. Format:
https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_CONTINUATION: Final = 0xFFFFFFFF
_HEAD: Final = 8  # the mark and the length
_U16, _I32, _U32, _I64 = (struct.Struct(form) for form in ("<H", "<i", "<I", "<q"))

# Fields of the tables, by their place in Message.fbs; kinds of messages.
_MESSAGE_KIND, _MESSAGE_HEADER, _MESSAGE_BODY = 1, 2, 3
_BATCH_LENGTH, _BATCH_NODES, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 1, 2, 3
_SCHEMA, _BATCH = 1, 3
# The key of metadata for which Arrow's reader calls Python code: of pandas, or of who registered a type.
_EXTENSION: Final = b"ARROW:extension"
_PAIR: Final = 16  # a node (length, nulls) and a buffer (offset, length) are two 64-bit numbers each


class NotPlain(Exception):
    """It is not a plain stream; the text says why."""


class TooManyBatches(NotPlain):
    """It has more messages than were allowed, and may be plain otherwise."""


@dataclass(frozen=True, slots=True)
class StreamShape:
    """What a stream holds.

    Attributes:
        rows: of all batches.
        values: of all columns and of what is nested in them.
    """

    rows: int
    values: int


def read_shape(data: bytes | memoryview, *, most_messages: int, most_facts: int) -> StreamShape:
    """Read the frames of a stream.

    Args:
        data: all of it; nothing follows its end.
        most_messages: schema and batches.
        most_facts: bytes of one table of facts.

    Raises:
        NotPlain: it is anything but a schema and record batches that hold what they say.
        TooManyBatches: there are more messages.
    """
    view, position, messages = memoryview(data), 0, 0
    rows = values = 0
    while not _is_end(view, position):
        facts = _Facts(_cut(view, position + 8, _length(view, position), most_facts))
        kind, body = facts.byte(facts.root, _MESSAGE_KIND), facts.long(facts.root, _MESSAGE_BODY)
        position += 8 + len(facts.view)
        if kind != (_BATCH if messages else _SCHEMA):
            raise NotPlain("a message other than one schema and record batches")
        if not 0 <= body <= len(view) - position or (kind == _SCHEMA and body):
            raise NotPlain("a body that is longer than the data")
        if kind == _SCHEMA and _EXTENSION in facts.view.tobytes():
            raise NotPlain("a type of an extension")
        if kind == _BATCH:
            batch = _check_batch(facts, body)
            rows, values = rows + batch.rows, values + batch.values
        position += body
        messages += 1
        if messages > most_messages:
            raise TooManyBatches(f"more than {most_messages:,} batches")
    if not messages:
        raise NotPlain("no schema")
    return StreamShape(rows, values)


def message_size(view: memoryview, *, most_facts: int) -> int | None:
    """How many bytes the first message of what came so far has; 0: it is the mark of an end.

    Args:
        view: a message and whatever follows, or the beginning of one.
        most_facts: bytes of a table of facts.

    Returns:
        None if that is not known yet.

    Raises:
        NotPlain: no message begins so.
    """
    if len(view) < _HEAD:
        return None
    if _U32.unpack_from(view, 0)[0] != _CONTINUATION:
        raise NotPlain("no message where one begins")
    length = _length(view, 0)
    if length > most_facts:
        raise NotPlain("a message that is longer than any")
    if not length:
        return 0
    if len(view) < _HEAD + length:
        return None
    facts = _Facts(view[_HEAD : _HEAD + length])
    body = facts.long(facts.root, _MESSAGE_BODY)
    if body < 0:
        raise NotPlain("a body of an impossible length")
    return _HEAD + length + body


def _is_end(view: memoryview, position: int) -> bool:
    """Whether the stream ends here: by its mark, or because the data does. Nothing may follow."""
    if position == len(view):
        return True
    if len(view) - position < 8 or _U32.unpack_from(view, position)[0] != _CONTINUATION:
        raise NotPlain("no message where one begins")
    ends = _length(view, position) == 0
    if ends and position + 8 != len(view):
        raise NotPlain("data after its end")
    return ends


def _length(view: memoryview, position: int) -> int:
    return int(_U32.unpack_from(view, position + 4)[0])


def _cut(view: memoryview, start: int, length: int, most: int) -> memoryview:
    if length > most or length > len(view) - start:
        raise NotPlain("a message that is longer than the data")
    return view[start : start + length]


def _check_batch(facts: _Facts, body: int) -> StreamShape:
    """Read a record batch: its columns lie one after the other in its body, so none is there twice."""
    batch = facts.table(facts.root, _MESSAGE_HEADER)
    if facts.field(batch, _BATCH_COMPRESSION):
        raise NotPlain("compressed data")
    rows, values, end = facts.long(batch, _BATCH_LENGTH), 0, 0
    for length, nulls in facts.pairs(batch, _BATCH_NODES):
        if not 0 <= nulls <= length:
            raise NotPlain("a column of an impossible length")
        values += length
    for offset, length in facts.pairs(batch, _BATCH_BUFFERS):
        if offset < end or length < 0 or offset + length > body:
            raise NotPlain("columns that share data")
        end = offset + length
    if rows < 0:
        raise NotPlain("a batch of an impossible length")
    return StreamShape(rows, values)


class _Facts:
    """One flatbuffer. Every reading is bounded: what points outside of it is not plain."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.root = self._read(_U32, 0)

    def _read(self, form: struct.Struct, position: int) -> int:
        if not 0 <= position <= len(self.view) - form.size:
            raise NotPlain("an offset that points outside of it")
        return int(form.unpack_from(self.view, position)[0])

    def field(self, table: int, index: int) -> int:
        """Where a field of a table stands; 0 if it is not there."""
        facts = table - self._read(_I32, table)
        place = 4 + 2 * index
        if place + 2 > self._read(_U16, facts):
            return 0
        offset = self._read(_U16, facts + place)
        return table + offset if offset else 0

    def byte(self, table: int, index: int) -> int:
        """A field of eight bits; 0 if it is not there."""
        place = self.field(table, index)
        return self._read(_U16, place - 1) >> 8 if place else 0

    def long(self, table: int, index: int) -> int:
        """A field of 64 bits; 0 if it is not there."""
        place = self.field(table, index)
        return self._read(_I64, place) if place else 0

    def table(self, table: int, index: int) -> int:
        """Where the table stands that a field points to."""
        place = self.field(table, index)
        if not place:
            raise NotPlain("a message without a header")
        return place + self._read(_U32, place)

    def pairs(self, table: int, index: int) -> list[tuple[int, int]]:
        """A field that is a vector of pairs of 64-bit numbers."""
        place = self.field(table, index)
        if not place:
            return []
        start = place + self._read(_U32, place)
        count = self._read(_U32, start)
        if not 0 <= count * _PAIR <= len(self.view) - start - 4:
            raise NotPlain("an offset that points outside of it")
        return list(struct.iter_unpack("<qq", self.view[start + 4 : start + 4 + count * _PAIR]))
