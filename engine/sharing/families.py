"""One query for the frames of a family, by carrying its keys through the plan."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.frames import Family, frame_keys, frames_of
from engine.frames.build import filtered
from engine.fusion.carry import carry, key_names, keyed_base
from engine.fusion.chain import Chain
from engine.fusion.doubts import check_regrouping
from engine.sharing.answers import Split, split_rows
from engine.sharing.cut import cut, extras, flat, tied
from engine.sharing.queries import MAX_BYTES, Aside, Asker, Source


def ask_family(source: Source, chain: Chain, relation: pb.Relation, family: Family, asker: Asker) -> Split:
    """Ask once for all frames of a family.

    Args:
        source: the dataset.
        chain: the guest's plan, taken apart.
        relation: the same, whole.
        family: whose frames.
        asker: who asks.

    Raises:
        Unfused, BackendLost, Interrupted: as `Source.fetch`.
    """
    if not source.spark:
        check_regrouping(chain, source.schema)
    keys = frame_keys(source.plan)
    names = key_names(chain, source.columns, len(family.keys))
    base = keyed_base(
        chain.read,
        filtered(source.full, family.inside),
        [(name, keys[key]) for name, key in zip(names, family.keys, strict=True)],
    )
    carried = carry(chain, base, names, lambda steps: source.columns_after(chain, steps, asker))
    aside = Aside(source, relation, asker)
    fetched = source.fetch(carried.relation, asker, base=base, most_bytes=MAX_BYTES)
    schema = aside.result()
    part = cut(fetched, schema, extras(carried, names))
    frames = frames_of(family, [flat(part.carried[name]) for name in names])
    return split_rows(schema, part.own, frames, tied(carried, part, frames))
