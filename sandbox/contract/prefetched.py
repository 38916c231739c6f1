"""A request that the engine expects, with its answer: the payload of a PREFETCHED frame.

All frames of a run execute the same code, so the first request of a call is known from the call before. Where
its answer is known, too, it travels with the call, and two processes need not wake each other once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from sandbox.contract.framing import HEADER, Kind, Method

_DIGEST_BYTES = 16

Buffer = bytes | memoryview
Frame = tuple[Kind, memoryview]


def pack_prefetched(method: int, request: bytes, replies: Iterable[tuple[Kind, Sequence[Buffer]]]) -> bytes:
    """Make a payload.

    Args:
        method: of the request, as in its first byte.
        request: the bytes after that, as the worker is expected to send them.
        replies: the frames that answer it, each with the parts of its payload; without the REPLY_END.
    """
    parts: list[Buffer] = [_digest(method, request)]
    for kind, payload in replies:
        parts += (HEADER.pack(sum(len(part) for part in payload), kind), *payload)
    return b"".join(parts)


def unpack_prefetched(
    payload: memoryview, method: Method, request: bytes
) -> list[tuple[Kind, memoryview]] | None:
    """The frames that answer a request; None if another one was prefetched."""
    if bytes(payload[:_DIGEST_BYTES]) != _digest(method, request):
        return None
    rest, replies = payload[_DIGEST_BYTES:], []
    while rest:
        length, kind = HEADER.unpack_from(rest)
        end = HEADER.size + length
        replies.append((Kind(kind), rest[HEADER.size : end]))
        rest = rest[end:]
    return replies


def _digest(method: int, request: bytes) -> bytes:
    return hashlib.blake2b(request, digest_size=_DIGEST_BYTES, salt=bytes((method,))).digest()
