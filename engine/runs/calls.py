"""The calls of calc_metric that a run makes: one for each frame, or one that shows how much it asks. Pure."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import TypeAlias

import pyspark.sql.connect.proto as pb

from engine.frames import FrameSet
from engine.models.frame import Frame
from engine.queries.asking import FrameSource
from engine.queries.calls import FrameCall
from engine.queries.counting import BaselineFrames
from sandbox.contract.signature import Argument

Arguments: TypeAlias = tuple[Argument, ...]


def first_call(
    text: bytes, source: FrameSource, arguments: Arguments, baseline: FrameSource | None = None
) -> FrameCall:
    """The call of frame 0, the full data over the whole range, which is known before all others.

    Args:
        text: the author's bytes.
        source: the dataset.
        arguments: the parameters that are set.
        baseline: what the metric compares with; None: it takes one frame.
    """
    whole = None if baseline is None else baseline.overall
    now = source.plan.time.as_of
    return FrameCall(0, _seed(text, Frame(0)), source.full, now, arguments, whole)


def frame_call(
    text: bytes,
    source: FrameSource,
    frames: FrameSet,
    index: int,
    arguments: Arguments,
    baseline: BaselineFrames | None = None,
) -> FrameCall:
    """The call of any frame.

    Args:
        text: the author's bytes.
        source: the dataset.
        frames: all frames of the run.
        index: the place of the frame among them, from 0.
        arguments: the parameters that are set.
        baseline: what the metric compares with; None: it takes one frame.
    """
    planned = frames.frames[index]
    seed, now = _seed(text, planned.frame), source.plan.time.as_of
    relation = planned.relation(source.relation)
    if baseline is None:
        return FrameCall(index, seed, relation, now, arguments)
    return FrameCall(index, seed, relation, now, arguments, baseline.relation(index), baseline.places[index])


def empty_call(source: FrameSource, arguments: Arguments, baseline: FrameSource | None = None) -> FrameCall:
    """A call on frames that have every column, and no row."""
    other = None if baseline is None else _without_rows(baseline)
    return FrameCall(0, 0, _without_rows(source), source.plan.time.as_of, arguments, other)


def _without_rows(source: FrameSource) -> pb.Relation:
    never = pb.Relation(common=source.relation.common)
    never.filter.input.CopyFrom(source.relation)
    never.filter.condition.literal.boolean = False
    return never


def _seed(text: bytes, frame: Frame) -> int:
    """The seed of a frame's random generators: from the source and the frame's name, and nothing else."""
    digest = _digest(text).copy()
    digest.update(json.dumps(frame.to_dict(), sort_keys=True).encode())
    return int.from_bytes(digest.digest()[:4], "big")


@functools.lru_cache(maxsize=16)
def _digest(text: bytes) -> hashlib._Hash:
    """The digest of a source, to go on from for each of its frames."""
    return hashlib.sha256(text + b"\0")
