"""Shared answers without the columns that were carried along. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.tables import Fetched
from engine.frames.not_fusable import NotFusable
from engine.queries.answers import FrameNumbers, check_same
from engine.spark.fusion.group_keys import KeyedPlan


@dataclass(frozen=True, slots=True)
class SplitColumns:
    """An answer, taken apart.

    Attributes:
        own: the guest's columns.
        carried: those that were carried along, by name.
    """

    own: pa.Table
    carried: Mapping[str, pa.ChunkedArray]


def separate_keys(fetched: Fetched, schema: pb.DataType, extra: Collection[str]) -> SplitColumns:
    """Take an answer apart.

    Args:
        fetched: the shared answer.
        schema: of the guest's own plan.
        extra: the names of what was carried along.

    Raises:
        NotFusable: what is left is not what the guest's own plan gives.
    """
    names = fetched.table.column_names
    own = [i for i, name in enumerate(names) if name not in extra]
    if len(names) - len(own) != len(extra) or len(fetched.schema.struct.fields) != len(names):
        raise NotFusable("an answer without its keys")
    check_same(schema, [fetched.schema.struct.fields[i] for i in own])
    carried = {name: fetched.table.column(i) for i, name in enumerate(names) if name in extra}
    return SplitColumns(fetched.table.select(own), carried)


def tied(carried: KeyedPlan, part: SplitColumns, frames: FrameNumbers) -> FrameNumbers | None:
    """The frames whose first rows depend on how ties fall: there the rank lags behind the row's number."""
    if carried.rank is None:
        return None
    number, rank = (np.asarray(part.carried[name].to_numpy()) for name in carried.rank)
    lags: npt.NDArray[np.bool_] = number != rank
    return frames[lags]


def extras(carried: KeyedPlan, keys: tuple[str, ...]) -> tuple[str, ...]:
    """The names of everything that a plan carries along."""
    return (*keys, *(carried.rank or ()))


def flat(column: pa.ChunkedArray) -> pa.Array:
    """One array of a column."""
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
