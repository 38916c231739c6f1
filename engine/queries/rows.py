"""Rows of all frames, fetched with one scan, and split by family when a frame of it asks."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.frames import Family, FrameSet
from engine.frames.not_fusable import NotFusable
from engine.queries.answers import SplitAnswers, split_rows
from engine.queries.asking import MAX_BYTES, Asker, FrameSource, SchemaProbe
from engine.queries.key_columns import extras, separate_keys
from engine.queries.keyed_scan import Placing, keyed_scan
from engine.spark.fusion.chain import Chain
from engine.tenants.ledger import Account

# Splits by family that are kept at a time; each takes as much memory as the rows.
_KEPT_SPLITS: Final = 2
# From so many rows on, what they take is estimated before they are fetched.
_LOOK_FIRST: Final = 100_000
_BYTES: Final = 8


class SplitRows:
    """The answer of a row-wise plan over the whole range, with what tells frames apart. Not thread-safe."""

    def __init__(self, schema: pb.DataType, own: pa.Table, frames: Placing, account: Account) -> None:
        self._account = account
        self._size = own.nbytes
        self._schema = schema
        self._own = own
        self._frames = frames
        self._splits: OrderedDict[int, SplitAnswers] = OrderedDict()

    def split(self, number: int, family: Family) -> SplitAnswers:
        """The answers of a family's frames.

        Args:
            number: the index of the family, by which its split is kept.
            family: the family, to split the answer by if that was not done yet.

        Raises:
            NotFusable: there is no room for a split.
        """
        if number not in self._splits:
            while len(self._splits) >= _KEPT_SPLITS:
                self._drop()
            while not self._account.take(self._size):
                if not self._splits:
                    raise NotFusable("more rows than are kept in memory")
                self._drop()
            self._splits[number] = split_rows(self._schema, self._own, self._frames(number, family))
        self._splits.move_to_end(number)
        return self._splits[number]

    def _drop(self) -> None:
        """Forget the split that was used longest ago."""
        self._splits.popitem(last=False)
        self._account.give(self._size)


def ask_rows(
    source: FrameSource, chain: Chain, relation: pb.Relation, frames: FrameSet, asker: Asker
) -> SplitRows:
    """Fetch the rows of every frame at once.

    Args:
        source: the dataset.
        chain: the guest's plan, taken apart; row-wise.
        relation: the same, whole.
        frames: all frames of the run.
        asker: the call that asks.

    Raises:
        NotFusable, BackendLost, Interrupted: as `FrameSource.fetch`.
    """
    probe = SchemaProbe(source, relation, asker)
    count = frames.frames[0].rows
    if count > _LOOK_FIRST and count * len(probe.result().struct.fields) * _BYTES > MAX_BYTES:
        raise NotFusable("more rows than are kept in memory")
    scan = keyed_scan(source, chain, frames, asker)
    fetched = source.fetch(scan.plan.relation, asker, base=scan.base)
    schema = probe.result()
    part = separate_keys(fetched, schema, extras(scan.plan, scan.names))
    placing = scan.placing([part.carried[name] for name in scan.names], part.own.num_rows)
    return SplitRows(schema, part.own, placing, source.account)
