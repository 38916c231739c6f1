"""What carries the rows and messages of an answer to the worker; imports nothing of what makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sandbox.contract.framing import BATCH_HEADER, Kind
from sandbox.contract.messages import Described, encode

if TYPE_CHECKING:
    from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of an answer. They travel as they are: a protobuf message around them would be several copies.

    Attributes:
        rows: the number of rows in it.
        start: the number of rows of the answer that come before them.
        data: an Arrow stream of one record batch.
    """

    rows: int
    start: int
    data: bytes | memoryview


# A part of an answer: a message of Spark's, what Snowpark's client is told, or rows.
Reply: TypeAlias = "Message | Described | Batch"


def as_frame(reply: Reply) -> tuple[Kind, tuple[bytes | memoryview, ...]]:
    """The frame that carries a message or a batch: its kind, and the parts of its payload."""
    if isinstance(reply, Batch):
        return Kind.BATCH, (BATCH_HEADER.pack(reply.rows, reply.start), reply.data)
    if isinstance(reply, Described):
        return Kind.REPLY, (encode(reply),)
    return Kind.REPLY, (reply.SerializeToString(),)
