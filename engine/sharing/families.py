"""One query for the frames of a family, by carrying its keys through the plan."""

from __future__ import annotations

from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames import Family, frame_keys, frames_of
from engine.frames.build import filtered
from engine.fusion.carry import carry, key_names, keyed_base
from engine.fusion.chain import Chain
from engine.sharing.answers import Split, split_rows
from engine.sharing.cut import cut, extras, flat, tied
from engine.sharing.queries import Aside, Asker, Source

_GROUPBY: Final = pb.Aggregate.GROUP_TYPE_GROUPBY
_KEEPING_ROWS: Final = frozenset({"limit", "sort", "drop", "to_df", "with_columns_renamed", "subquery_alias"})


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
    keys = frame_keys(source.plan)
    names = key_names(chain, source.columns, len(family.keys))
    base = keyed_base(
        chain.read,
        filtered(source.full, family.inside),
        [(name, keys[key]) for name, key in zip(names, family.keys, strict=True)],
    )
    carried = carry(chain, base, names, lambda steps: source.columns_after(chain, steps, asker))
    aside = Aside(source, relation, asker)
    # Which frame a row is of is told by its keys; their order is nothing where each frame has one.
    fetched = source.fetch(carried.relation, asker, base=base, unordered=_gives_one_row(chain))
    schema = aside.result()
    part = cut(fetched, schema, extras(carried, names))
    frames = frames_of(family, [flat(part.carried[name]) for name in names])
    return split_rows(schema, part.own, frames, tied(carried, part, frames))


def _gives_one_row(chain: Chain) -> bool:
    """Whether a frame has one row at most: after an aggregate over all rows, with nothing that adds some."""
    kinds = [str(step.WhichOneof("rel_type")) for step in chain.steps]
    for place, step in enumerate(chain.steps):
        if step.HasField("aggregate") and not step.aggregate.grouping_expressions:
            return step.aggregate.group_type == _GROUPBY and _KEEPING_ROWS.issuperset(kinds[place + 1 :])
    return False
