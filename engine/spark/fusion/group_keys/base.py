"""Below the chain: rows with key columns in the frame's place, and names for these columns. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count as count_from
from itertools import islice
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.build import named, projected
from engine.spark.fusion.chain import Chain
from engine.spark.plans.caps import FIRST_BOUND_ID
from engine.spark.plans.names import RESERVED_PREFIX
from engine.spark.plans.trees import renumber, walk
from engine.spark.text.hidden import fold
from sandbox.contract.settings import PLACEHOLDER

# A guest's own ids lie below FIRST_BOUND_ID, and those of its views little above at the most.
_FIRST_KEYED_ID: Final = 2 * FIRST_BOUND_ID


def keyed_base(
    read: pb.Relation, rows: pb.Relation, keys: Sequence[tuple[str, pb.Expression]]
) -> pb.Relation:
    """The relation that takes the place of a chain's read.

    Args:
        read: the read, whose plan id the guest's columns refer to.
        rows: the rows of all frames that are asked at once, with the columns that a guest sees.
        keys: names and values of the key columns, which come after those.
    """
    star = pb.Expression(unresolved_star=pb.Expression.UnresolvedStar())
    keyed = projected(rows, [star, *(named(value, name) for name, value in keys)]) if keys else rows
    inside, _ = renumber(keyed, _FIRST_KEYED_ID)
    base = pb.Relation(common=read.common)
    base.subquery_alias.alias = PLACEHOLDER
    base.subquery_alias.input.CopyFrom(inside)
    return base


def key_names(chain: Chain, columns: Collection[str], count: int) -> tuple[str, ...]:
    """Names for key columns that occur nowhere else, in any case.

    Args:
        chain: the plan; no name is part of any text in it.
        columns: names of the data's columns.
        count: the number of names to make.
    """
    return free_names(f"{RESERVED_PREFIX}key", chain, columns, count)


def free_names(stem: str, chain: Chain, taken: Collection[str], count: int) -> tuple[str, ...]:
    """Names of a stem and a number that are part of no text in a plan, and of no name that is taken.

    Texts are folded as Java does, at least: with a dotless i a plan could name a column that is added to it.
    """
    texts = {fold(text) for step in (chain.read, *chain.steps) for text in _texts(step)}
    texts |= {fold(name) for name in taken}
    numbered = (f"{stem}{number}" for number in count_from())
    return tuple(islice((name for name in numbered if not any(name in text for text in texts)), count))


def _texts(relation: pb.Relation) -> Iterator[str]:
    for here in walk(relation):
        for field, value in here.ListFields():
            if field.type == field.TYPE_STRING:
                yield from value if field.is_repeated else (value,)
