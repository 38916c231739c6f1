"""The calls of calc_metric that a run makes: one for each frame, or one that shows how much it asks. Pure."""

from __future__ import annotations

import hashlib
import json

import pyspark.sql.connect.proto as pb

from engine.gateway.answers import FrameCall
from engine.models.frame import Frame
from engine.runs.opening import Opened


def frame_call(source: bytes, opened: Opened, index: int) -> FrameCall:
    """The call of one frame.

    Args:
        source: the author's bytes.
        opened: the run's dataset.
        index: the frame's index.
    """
    planned = opened.frames.frames[index]
    seed = _seed(source, planned.frame)
    return FrameCall(index, seed, planned.relation(opened.relation), opened.columns)


def empty_call(opened: Opened) -> FrameCall:
    """A call on a frame that has every column, and no row."""
    never = pb.Relation(common=opened.relation.common)
    never.filter.input.CopyFrom(opened.relation)
    never.filter.condition.literal.boolean = False
    return FrameCall(0, 0, never, opened.columns)


def _seed(source: bytes, frame: Frame) -> int:
    """The seed of a frame's random generators: from the source and the frame's name, and nothing else."""
    name = json.dumps(frame.to_dict(), sort_keys=True).encode()
    return int.from_bytes(hashlib.sha256(source + b"\0" + name).digest()[:4], "big")
