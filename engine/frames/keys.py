"""The columns that tell all frames of a run apart, and the query that counts rows by them. Pure.

Rows that are alike in all of them make one cell, the finest part of the data that frames are made of.
Axes that are alike share a column, whichever groups they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyspark.sql.connect.proto as pb

from engine.frames.axes import Axis, KeyedAxis
from engine.frames.build import Literal, aggregated, call, filtered, limited, literal, long, named
from engine.frames.normal import ArrowColumn
from engine.frames.plan import FramePlan

_BINARY = ("", "UTF8_BINARY")


@dataclass(frozen=True, slots=True)
class Cells:
    """The answer of a `cell_query`.

    Attributes:
        keys: one for each of the plan's `frame_keys`, in their order.
        rows: how many rows each cell has.
    """

    keys: list[ArrowColumn]
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the keys of a plan's groups are among its columns.

    Attributes:
        keys: the columns.
        axes: for each group and each of its axes the column of its key, or one for each of its terms.
        window: the column of the window's index; None if there are no windows.
    """

    keys: tuple[pb.Expression, ...]
    axes: tuple[tuple[tuple[int, ...], ...], ...]
    window: int | None


def frame_keys(plan: FramePlan) -> tuple[pb.Expression, ...]:
    """The columns that tell the frames of a run apart.

    For each different axis its key: for buckets the place of the bucket, from 1, or 0 for none; for values
    the value; for terms a Boolean column each, never null. With windows the last one is the index of the
    row's window, for rows within the plan's bound.
    """
    return key_layout(plan).keys


def key_layout(plan: FramePlan) -> Layout:
    """The columns of `frame_keys`, and whose they are."""
    places: dict[bytes, int] = {}
    keys: list[pb.Expression] = []

    def place(key: pb.Expression) -> int:
        found = places.setdefault(key.SerializeToString(deterministic=True), len(keys))
        if found == len(keys):
            keys.append(key)
        return found

    axes = tuple(
        tuple(tuple(place(key) for key in _axis_keys(axis)) for axis in group.axes) for group in plan.groups
    )
    window = None
    if plan.clock is not None and plan.windows:
        window = len(keys)
        keys.append(plan.clock.window_index(plan.windows))
    return Layout(tuple(keys), axes, window)


def cell_query(plan: FramePlan, source: pb.Relation, names: tuple[str, ...], most: int) -> pb.Relation:
    """Count the rows of each cell within the plan's bound.

    Args:
        plan: from `plan_frames`.
        source: all rows of the dataset.
        names: what to call the keys, one for each of `frame_keys`; not "n", the name of the count.
        most: an answer of more cells than these is not complete: it has one more.
    """
    keys = [named(key, name) for key, name in zip(frame_keys(plan), names, strict=True)]
    count = named(call("count", long(1)), "n")
    return limited(aggregated(filtered(source, plan.inside), keys, [count]), most + 1)


def has_exact_keys(plan: FramePlan) -> bool:
    """Whether values that the backend takes for equal are equal in the one form of a key, too.

    They are not in text with a collation, where "a" may equal "A", nor in padded text.
    """
    axes = [axis for group in plan.groups for axis in group.axes]
    fields = [axis.field for axis in axes if isinstance(axis, KeyedAxis) and axis.field is not None]
    return all(field.kind != "char" and field.type.string.collation in _BINARY for field in fields)


def _axis_keys(axis: Axis) -> list[pb.Expression]:
    if isinstance(axis, KeyedAxis):
        return [axis.key]
    return [call("coalesce", member.condition, literal(Literal(boolean=False))) for member in axis.members]
