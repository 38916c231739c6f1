"""The calls of calc_metric that a run makes: one for each frame, or one that shows how much it asks. Pure."""

from __future__ import annotations

import functools
import hashlib
import json

import pyspark.sql.connect.proto as pb

from engine.frames import FrameSet
from engine.gateway.answering import FrameCall
from engine.models.frame import Frame
from engine.sharing.queries import Source


def first_call(text: bytes, source: Source) -> FrameCall:
    """The call of frame 0, the full data over the whole range, which is known before all others.

    Args:
        text: the author's bytes.
        source: the dataset.
    """
    return FrameCall(0, _seed(text, Frame(0)), source.full)


def frame_call(text: bytes, source: Source, frames: FrameSet, index: int) -> FrameCall:
    """The call of any frame.

    Args:
        text: the author's bytes.
        source: the dataset.
        frames: of the run.
        index: which.
    """
    planned = frames.frames[index]
    return FrameCall(index, _seed(text, planned.frame), planned.relation(source.relation))


def empty_call(source: Source) -> FrameCall:
    """A call on a frame that has every column, and no row."""
    never = pb.Relation(common=source.relation.common)
    never.filter.input.CopyFrom(source.relation)
    never.filter.condition.literal.boolean = False
    return FrameCall(0, 0, never)


def _seed(text: bytes, frame: Frame) -> int:
    """The seed of a frame's random generators: from the source and the frame's name, and nothing else."""
    digest = _digest(text).copy()
    digest.update(json.dumps(frame.to_dict(), sort_keys=True).encode())
    return int.from_bytes(digest.digest()[:4], "big")


@functools.lru_cache(maxsize=16)
def _digest(text: bytes) -> hashlib._Hash:
    """The digest of a source, to go on from for each of its frames."""
    return hashlib.sha256(text + b"\0")
