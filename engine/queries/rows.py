"""Rows of all frames, fetched with one scan, and split by family when a frame of it asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.connect.proto as pb

from engine.frames import Family, FrameSet, number_rows
from engine.queries.answers import Codes, Split, place_rows, split_rows
from engine.queries.asking import MAX_BYTES, Asker, SchemaProbe, Source
from engine.queries.key_columns import extras, flat, separate_keys
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.group_keys import add_group_keys, key_names
from engine.spark.fusion.not_fusable import NotFusable
from engine.tenants.ledger import Account

# Splits by family that are kept at a time; each takes as much memory as the rows.
_KEPT_SPLITS: Final = 2
# From so many rows on, what they take is estimated before they are fetched.
_LOOK_FIRST: Final = 100_000
_BYTES: Final = 8


class Rows:
    """The answer of a row-wise plan over the whole range, with what tells frames apart. Not thread-safe."""

    def __init__(
        self, schema: pb.DataType, own: pa.Table, frames: Callable[[int, Family], Codes], account: Account
    ) -> None:
        self._account = account
        self._size = own.nbytes
        self._schema = schema
        self._own = own
        self._frames = frames
        self._splits: OrderedDict[int, Split] = OrderedDict()

    def split(self, number: int, family: Family) -> Split:
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


def ask_rows(source: Source, chain: Chain, relation: pb.Relation, frames: FrameSet, asker: Asker) -> Rows:
    """Fetch the rows of every frame at once.

    Args:
        source: the dataset.
        chain: the guest's plan, taken apart; row-wise.
        relation: the same, whole.
        frames: all frames of the run.
        asker: the call that asks.

    Raises:
        NotFusable, BackendLost, Interrupted: as `Source.fetch`.
    """
    probe = SchemaProbe(source, relation, asker)
    count = frames.frames[0].rows
    if count > _LOOK_FIRST and count * len(probe.result().struct.fields) * _BYTES > MAX_BYTES:
        raise NotFusable("more rows than are kept in memory")
    numbering = None if source.stored else number_rows(source.plan, frames)
    keys = source.keys if numbering is None else (numbering.expression,)
    names = key_names(chain, source.columns, len(keys))
    base = source.keyed(chain.read, list(zip(names, keys, strict=True)))
    carried = add_group_keys(chain, base, names, lambda steps: source.columns_after(chain, steps, asker))
    fetched = source.fetch(carried.relation, asker, base=base)
    schema = probe.result()
    part = separate_keys(fetched, schema, extras(carried, names))
    carried_keys = [flat(part.carried[name]) for name in names]
    if numbering is not None:
        numbers = carried_keys[0].to_numpy()
        return Rows(schema, part.own, lambda _, family: numbering.frames(family)[numbers], source.account)
    if source.stored:
        count = part.own.num_rows
        return Rows(
            schema,
            part.own,
            lambda number, family: source.place(number, family, carried_keys, count),
            source.account,
        )
    # In dictionary form each family looks at the different values only; null is one of them.
    columns = [pc.dictionary_encode(key, null_encoding="encode") for key in carried_keys]
    return Rows(
        schema, part.own, lambda _, family: place_rows(family, columns, part.own.num_rows), source.account
    )
