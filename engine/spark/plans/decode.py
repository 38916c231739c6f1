"""Trusted side: hostile bytes become protobuf messages, or `PlanRefused`.

Protobuf's own parser stops at 100 nested messages, which an honest chain of 50 `withColumn` calls
reaches, and it may allocate far more than it reads. So it gets small requests only; what is larger, or
fails there, is read level by level with everything counted. Rejected: raising the parser's limit, which
is one switch for the whole process that embeds the engine.
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from engine.errors import PlanRefused
from engine.spark.plans.caps import FAST_PARSE_BYTES, MAX_DEPTH, MAX_REQUEST_BYTES, MAX_WIRE_FIELDS

_M = TypeVar("_M", bound=Message)

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def decode(kind: type[_M], payload: bytes | memoryview) -> _M:
    """Parse a message of the given kind.

    Raises:
        PlanRefused: if the bytes are not one, or it is too large or too deep.
    """
    if len(payload) > MAX_REQUEST_BYTES:
        raise _too_large(f"{len(payload):,} bytes")
    if len(payload) <= FAST_PARSE_BYTES:
        try:
            return kind.FromString(bytes(payload))
        except DecodeError:
            pass  # too deep, or garbage: the careful reading tells which
    message = kind()
    _read(message, memoryview(payload))
    return message


def _read(message: Message, payload: memoryview) -> None:
    """Fill `message`, one level at a time: nested messages are cut out and put on a list of their own."""
    work = [(message, payload, 1)]
    fields = map_bytes = 0
    while work:
        target, view, depth = work.pop()
        if depth > MAX_DEPTH:
            raise _too_large(f"more than {MAX_DEPTH // 2} operations or expressions inside one another")
        flat = bytearray()
        position = 0
        while position < len(view):
            start = position
            tag, position = _varint(view, position)
            body, position = _skip(view, position, tag & 7)
            fields += 1
            if fields > MAX_WIRE_FIELDS:
                raise _too_large("too many values")
            field = target.DESCRIPTOR.fields_by_number.get(tag >> 3)
            if body is not None and field is not None and _is_nested(field.message_type):
                child = getattr(target, field.name)
                child = child.add() if field.is_repeated else child
                child.SetInParent()
                work.append((child, body, depth + 1))
            else:
                if body is not None and field is not None and field.message_type is not None:
                    map_bytes += len(body)  # protobuf reads maps at once, with all that is in them
                    if map_bytes > FAST_PARSE_BYTES:
                        raise _too_large("arguments of spark.sql of more than 1 MiB")
                flat += view[start:position]
        try:
            target.MergeFromString(bytes(flat))
        except DecodeError:
            raise _garbage() from None


def _is_nested(kind: Any) -> bool:
    """Whether a field's type, a Descriptor of whichever implementation or None, is a message and no map."""
    return kind is not None and not kind.GetOptions().map_entry


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(view) and shift < 70:
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise _garbage()


def _skip(view: memoryview, position: int, wire: int) -> tuple[memoryview | None, int]:
    """Return the body of a length-delimited value (else None), and where the value ends."""
    if wire == _VARINT:
        return None, _varint(view, position)[1]
    if wire == _BYTES:
        length, position = _varint(view, position)
    elif wire in (_FIXED64, _FIXED32):
        length = 8 if wire == _FIXED64 else 4
    else:
        raise _garbage()
    end = position + length
    if end > len(view):
        raise _garbage()
    return (view[position:end] if wire == _BYTES else None), end


def _garbage() -> PlanRefused:
    return PlanRefused("plan-garbage", "the request is not one of PySpark 4.2", "")


def _too_large(what: str) -> PlanRefused:
    return PlanRefused(
        "plan-too-large",
        f"the plan is too large: {what}",
        "build it in fewer steps: select() or withColumns() instead of withColumn() in a loop",
    )
