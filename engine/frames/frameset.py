"""The frames of a run, and how they are made one after the other. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pyspark.sql.connect.proto as pb

from engine.frames.build import all_of, filtered
from engine.frames.families import Family
from engine.frames.group_counts import Places
from engine.frames.plan import FramePlan
from engine.models.frame import Frame, Scalar, Segment
from engine.models.result import Cut
from engine.models.windows import Window


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """A frame, and how to read it.

    Attributes:
        frame: its name.
        rows: how many rows it has.
        conditions: a row is in it if all are true; null counts as no.
        family: the index of its family; -1 if it is in none: its rows are other rows than theirs.
    """

    frame: Frame
    rows: int
    conditions: tuple[pb.Expression, ...]
    family: int

    @property
    def predicate(self) -> pb.Expression | None:
        """The condition that a row is in the frame; None: every row is."""
        return all_of(self.conditions) if self.conditions else None

    def relation(self, source: pb.Relation) -> pb.Relation:
        """The frame's rows, of all rows of the dataset."""
        return filtered(source, self.predicate)


@dataclass(frozen=True, slots=True)
class Members:
    """The segments of a group.

    Attributes:
        values: for each axis the values of its members, by their places from 1.
        places: the places of each segment on the axes, in the order of frames.
    """

    values: tuple[tuple[Scalar, ...], ...]
    places: tuple[Places, ...]


@dataclass(frozen=True, slots=True)
class FrameSet:
    """The frames of a run.

    Attributes:
        frames: in order of their indices; the first is the full data over the whole range.
        cut: rows in no segment of a group, for each group that has any.
        families: the full data's, its windows', and those of each group.
        members: the segments of each group.
    """

    frames: tuple[PlannedFrame, ...]
    cut: tuple[Cut, ...]
    families: tuple[Family, ...]
    members: tuple[Members, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A window, or the whole range.

    Attributes:
        window: None for the whole range.
        place: the window's index; 0 for the whole range.
        conditions: a row is in it if all are true.
    """

    window: Window | None
    place: int
    conditions: tuple[pb.Expression, ...]

    @property
    def key(self) -> tuple[Hashable, ...]:
        """Its part of a key of a frame."""
        return () if self.window is None else (self.place,)


def whole_range(plan: FramePlan) -> Tile:
    """The tile of all rows within the bound, or of the range that the plan has for frame 0 alone."""
    return Tile(None, 0, _as_tuple(plan.overall))


def tiles_of(plan: FramePlan) -> tuple[Tile, ...]:
    """The windows; the whole range if there are none."""
    if plan.clock is None or not plan.windows:
        return (whole_range(plan),)
    intervals = plan.clock.intervals(plan.windows, plan.bound)
    return tuple(
        Tile(window, place, _as_tuple(plan.clock.inside(interval)))
        for place, (window, interval) in enumerate(zip(plan.windows, intervals, strict=True))
    )


class FrameList:
    """Frames and families as they come.

    Attributes:
        frames: those that were added so far, in order.
        families: those that were opened so far; frames refer to them by their index.
    """

    def __init__(self) -> None:
        self.frames: list[PlannedFrame] = []
        self.families: list[Family] = []
        self._indices: list[dict[tuple[Hashable, ...], int]] = []

    def open_family(self, keys: tuple[int, ...], inside: pb.Expression | None) -> int:
        """Begin a family; returns its index."""
        self._indices.append({})
        self.families.append(Family(keys, inside, self._indices[-1]))
        return len(self.families) - 1

    def add_alone(self, tile: Tile, rows: int) -> None:
        """Add the full data in a tile that has rows of its own, so that it is in no family."""
        frame = Frame(len(self.frames), None, tile.window)
        self.frames.append(PlannedFrame(frame, rows, tile.conditions, -1))

    def add(
        self,
        family: int,
        tiles: tuple[Tile, ...],
        rows: Mapping[int, int],
        *,
        key: tuple[Hashable, ...] | None = (),
        segment: Segment | None = None,
        conditions: tuple[pb.Expression, ...] = (),
    ) -> None:
        """Add a frame in each tile.

        Args:
            family: the index of an open family.
            tiles: the stretches of time that get a frame each.
            rows: by the places of tiles; none if absent.
            key: the values of the family's keys but for the window; None: no row can be there.
            segment: None for the full data.
            conditions: those of the segment.
        """
        for tile in tiles:
            index = len(self.frames)
            if key is not None:
                self._indices[family].setdefault(key + tile.key, index)
            frame = Frame(index, segment, tile.window)
            self.frames.append(
                PlannedFrame(frame, rows.get(tile.place, 0), tile.conditions + conditions, family)
            )


def _as_tuple(condition: pb.Expression | None) -> tuple[pb.Expression, ...]:
    return () if condition is None else (condition,)
