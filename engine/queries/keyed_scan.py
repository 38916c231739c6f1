"""One query for the rows of all frames, each with what tells its frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.frames import Family, FrameSet, Numbering
from engine.queries.answers import FrameNumbers
from engine.queries.asking import Asker, FrameSource
from engine.queries.key_columns import flat
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.group_keys import KeyedPlan, add_group_keys, key_names

# The frame of a family that each row is in, -1 if none; a family is told by its number, too.
Placing: TypeAlias = Callable[[int, Family], FrameNumbers]


@dataclass(frozen=True, slots=True)
class KeyedScan:
    """A query for the rows of all frames.

    Attributes:
        plan: the query.
        base: the only part of it that may read anything; see `FrameSource.fetch`.
        names: of the columns that tell the frames of a row.
    """

    plan: KeyedPlan
    base: pb.Relation
    names: tuple[str, ...]
    _source: FrameSource
    _numbering: Numbering | None

    def placing(self, columns: Sequence[pa.ChunkedArray], count: int) -> Placing:
        """The frames of rows that the query gave.

        Args:
            columns: those of `names`, in this order.
            count: how many rows there are.
        """
        keys = list(map(flat, columns))
        numbering, source = self._numbering, self._source
        if numbering is not None:
            numbers = keys[0].to_numpy()
            return lambda _, family: numbering.frames(family)[numbers]
        packed = source.packed(keys)
        return lambda number, family: source.place(number, family, packed, count)


def keyed_scan(source: FrameSource, chain: Chain, frames: FrameSet, asker: Asker) -> KeyedScan:
    """The query for the rows of every frame.

    Args:
        source: the dataset.
        chain: the guest's plan, taken apart; row-wise.
        frames: all frames of the run.
        asker: the call that asks.

    Raises:
        NotFusable, BackendLost, Interrupted: as `FrameSource.fetch`.
    """
    numbering = source.numbering(frames)
    keys = source.keys if numbering is None else (numbering.expression,)
    names = key_names(chain, source.columns, len(keys))
    base = source.keyed(chain.read, list(zip(names, keys, strict=True)))
    plan = add_group_keys(chain, base, names, lambda steps: source.columns_after(chain, steps, asker))
    return KeyedScan(plan, base, names, source, numbering)
