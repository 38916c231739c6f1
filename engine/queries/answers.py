"""Answers of many frames, split out of shared tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.frames import Family, frames_of
from engine.frames.not_fusable import NotFusable

# For each row the index of the frame that it is in, -1 if none.
FrameNumbers: TypeAlias = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class FrameAnswer:
    """What one frame gets.

    Attributes:
        schema: of the guest's own plan.
        table: its rows.
    """

    schema: pb.DataType
    table: pa.Table


@dataclass(frozen=True, slots=True)
class SplitAnswers:
    """The answers of many frames.

    Attributes:
        schema: the columns of each answer.
        table: the rows of all frames, those of one together.
        places: frame -> (first row, rows). A frame that is not here has no rows, or is in `direct`.
        direct: frames that have to ask for themselves.
    """

    schema: pb.DataType
    table: pa.Table
    places: Mapping[int, tuple[int, int]]
    direct: frozenset[int] = frozenset()

    def answer(self, frame: int) -> FrameAnswer | None:
        """The answer of a frame that has rows; None if there are none here.

        Raises:
            NotFusable: it has to ask for itself.
        """
        if frame in self.direct:
            raise NotFusable("a frame whose answer depends on how it is computed")
        place = self.places.get(frame)
        return None if place is None else FrameAnswer(self.schema, self.table.slice(*place))


def place_rows(family: Family, keys: Sequence[pa.Array], count: int) -> FrameNumbers:
    """The frame of a family that each row is in, -1 if none.

    Args:
        family: the family whose frames the rows are placed in.
        keys: the columns of all of `frame_keys`.
        count: how many rows there are.
    """
    if family.keys:
        return frames_of(family, [keys[key] for key in family.keys])
    return np.full(count, family.frames[()], np.int64)


def split_rows(
    schema: pb.DataType,
    table: pa.Table,
    frames: FrameNumbers,
    direct: FrameNumbers | None = None,
    answered: FrameNumbers | None = None,
) -> SplitAnswers:
    """Put the rows of each frame together, in the order in which they are.

    Args:
        schema: the columns of each answer.
        table: its rows, those of all frames.
        frames: the frame of each row, -1 if none.
        direct: frames that have to ask for themselves.
        answered: frames whose answer this is even if it has no rows.
    """
    counts = np.bincount(frames + 1)
    starts = np.cumsum(counts) - counts
    first = int(counts[0]) if len(counts) else 0
    whole = first == 0 and bool((frames[:-1] <= frames[1:]).all())
    kept = table if whole else table.take(pa.array(_in_order(frames)[first:]))
    places = {} if answered is None else {int(frame): (0, 0) for frame in answered}
    for code in np.flatnonzero(counts[1:]) + 1:
        places[int(code) - 1] = int(starts[code]) - first, int(counts[code])
    unsure = frozenset() if direct is None else frozenset(int(frame) for frame in np.unique(direct))
    return SplitAnswers(schema, kept.combine_chunks(), places, unsure)


def _in_order(frames: FrameNumbers) -> npt.NDArray[np.intp]:
    """The rows by their frames, those of one frame as they came."""
    small = frames.size and frames.max() <= np.iinfo(np.int16).max
    # numpy sorts by the digits of numbers of 16 bits: many times as fast as it merges longer ones.
    return np.argsort(frames.astype(np.int16) if small else frames, kind="stable")


def named_as(schema: pb.DataType, columns: Sequence[pa.ChunkedArray | pa.Array]) -> pa.Table:
    """A table with the names that a schema says.

    Raises:
        NotFusable: a column has another type than the guest's own plan gives it.
    """
    fields = schema.struct.fields
    if len(fields) != len(columns):
        raise NotFusable("another number of columns")
    for field, column in zip(fields, columns, strict=True):
        if not _fits(field.data_type, column.type):
            raise NotFusable(f"another type ({column.type})")
    return pa.table(list(columns), names=[field.name for field in fields])


def check_same(own: pb.DataType, shared: Sequence[pb.DataType.StructField]) -> None:
    """See that a shared query's columns are those of the guest's own plan, but for being nullable.

    Raises:
        NotFusable: a column differs in its name or type.
    """
    mine = [(field.name, _without_nulls(field.data_type)) for field in own.struct.fields]
    theirs = [(field.name, _without_nulls(field.data_type)) for field in shared]
    if mine != theirs:
        raise NotFusable("another type of the answer")


_ARROW: Final[dict[str, tuple[pa.DataType, ...]]] = {
    "boolean": (pa.bool_(),),
    "byte": (pa.int8(),),
    "short": (pa.int16(),),
    "integer": (pa.int32(),),
    "long": (pa.int64(),),
    "float": (pa.float32(),),
    "double": (pa.float64(),),
    "string": (pa.string(), pa.large_string()),
    "date": (pa.date32(),),
    "timestamp": (pa.timestamp("us", "UTC"),),
    "timestamp_ntz": (pa.timestamp("us"),),
}


def _fits(type_: pb.DataType, arrow: pa.DataType) -> bool:
    kind = str(type_.WhichOneof("kind"))
    if kind == "decimal":
        return bool(arrow == pa.decimal128(type_.decimal.precision, type_.decimal.scale))
    return arrow in _ARROW.get(kind, ())


def _without_nulls(type_: pb.DataType) -> bytes:
    """A type as bytes, everything in it nullable: grouping by a key makes columns so."""
    copy = pb.DataType()
    copy.CopyFrom(type_)
    work = [copy]
    while work:
        here = work.pop()
        match here.WhichOneof("kind"):
            case "struct":
                for field in here.struct.fields:
                    field.nullable = True
                    work.append(field.data_type)
            case "array":
                here.array.contains_null = True
                work.append(here.array.element_type)
            case "map":
                here.map.value_contains_null = True
                work += [here.map.key_type, here.map.value_type]
    return bytes(copy.SerializeToString(deterministic=True))
