"""One query for the frames of a family, by carrying its keys through the plan."""

from __future__ import annotations

from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames import Family
from engine.queries.answers import SplitAnswers, split_rows
from engine.queries.asking import Asker, FrameSource, SchemaProbe
from engine.queries.key_columns import extras, flat, separate_keys, tied
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.group_keys import add_group_keys, key_names
from engine.spark.plans.relation_traits import traits_of

_GROUPBY: Final = pb.Aggregate.GROUP_TYPE_GROUPBY


def ask_family(
    source: FrameSource, chain: Chain, relation: pb.Relation, number: int, family: Family, asker: Asker
) -> SplitAnswers:
    """Ask once for all frames of a family.

    Args:
        source: the dataset.
        chain: the guest's plan, taken apart.
        relation: the same, whole.
        number: of the family.
        family: the family whose frames are asked for.
        asker: the call that asks.

    Raises:
        NotFusable, BackendLost, Interrupted: as `FrameSource.fetch`.
    """
    names = key_names(chain, source.columns, source.family_keys(family))
    base = source.keyed_family(chain.read, number, family, names)
    carried = add_group_keys(chain, base, names, lambda steps: source.columns_after(chain, steps, asker))
    probe = SchemaProbe(source, relation, asker)
    # Which frame a row is of is told by its keys; their order is nothing where each frame has one.
    fetched = source.fetch(carried.relation, asker, base=base, unordered=_gives_one_row(chain))
    schema = probe.result()
    part = separate_keys(fetched, schema, extras(carried, names))
    keys = [flat(part.carried[name]) for name in names]
    frames = source.frames_in(family, keys, part.own.num_rows)
    return split_rows(schema, part.own, frames, tied(carried, part, frames))


def _gives_one_row(chain: Chain) -> bool:
    """Whether a frame has one row at most: after an aggregate over all rows, with nothing that adds some."""
    for place, step in enumerate(chain.steps):
        if step.HasField("aggregate") and not step.aggregate.grouping_expressions:
            above = chain.steps[place + 1 :]
            return step.aggregate.group_type == _GROUPBY and all(traits_of(one).adds_no_rows for one in above)
    return False
