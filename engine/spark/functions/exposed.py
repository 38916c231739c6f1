"""Columns that are named above functions of the author, but by a way that ends at those.

Results of functions are new data: an alias below them (`a.n`) is not seen above them any more, nor is a
column that a select with functions leaves out, though Spark still sorts and filters by it. Such columns get
names of their own below the functions, which what is above then uses.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames import build
from engine.spark.functions.find import PREFIX, drop_columns, has_own, input_of, named, own
from engine.spark.functions.stand_ins import Naming, typed
from engine.spark.functions.used import name_parts, named_in
from engine.spark.plans.relation_traits import ColumnTrait, traits_of
from engine.spark.plans.trees import Parents, copy, outermost

# Relations that give the columns of their input on beside functions. Not a trait: others hold no functions.
_WHOLE: Final = ("filter", "with_columns", "sort")
# Relations that a column more makes no difference to, beside those that look below. Not a trait: of these
# alone it is known that Spark looks for a column that was left out below them, too.
_BETWEEN: Final = ("limit", "offset", "tail", "repartition", "hint")


def with_exposed_columns(plan: pb.Relation, names_of: Naming) -> pb.Relation:
    """The same plan, in which what stands above functions names columns that are seen there.

    Args:
        plan: in which all columns beside functions have their names.
        names_of: asks for the names of the columns of plans without functions.
    """
    made, count = copy(plan), 0
    while found := _expose_some(made, names_of, count):
        count += found
    return made


def _expose_some(plan: pb.Relation, names_of: Naming, count: int) -> int:
    """Change what is above one relation; return how many names were given, 0 if nothing is left to change."""
    parents = Parents(plan)
    for here in reversed(parents.relations):
        if not has_own(here):
            continue
        kind, path = here.WhichOneof("rel_type"), parents.above(here)
        found = 0
        if kind in _WHOLE:
            found = _of_aliases(here, path, names_of, count)
        elif kind == "project":
            found = int(_left_out(here, path, names_of))
        if found:
            return found
    return 0


def _of_aliases(here: pb.Relation, path: Sequence[pb.Relation], names_of: Naming, count: int) -> int:
    """Give names to columns that are named by an alias above; return how many."""
    users = _where_aliases_are_seen(path)
    seen = _aliases(input_of(here)) - _of_both_sides(users)
    used = [part for one in users for part in _attributes(one) if _qualified(part, seen)]
    # A column that is made anew has no alias any more: by that name nothing is seen, as in Spark.
    anew = _made_anew([here, *users])
    if not used or any(
        anew.intersection(map(str.lower, name_parts(part.unparsed_identifier)[1:])) for part in used
    ):
        return 0
    seen -= {name.lower() for name in names_of(typed(input_of(here)))}
    _name_columns(users[-1], names_of)
    found = dict[str, str]()
    for one in users:
        for part in _attributes(one):
            if _qualified(part, seen):
                name = found.setdefault(part.unparsed_identifier, f"{PREFIX}exposed_{count + len(found)}")
                part.CopyFrom(build.column(name).unresolved_attribute)
    wider = pb.Relation()
    wider.with_columns.input.CopyFrom(input_of(here))
    for text, name in found.items():
        wider.with_columns.aliases.add(name=[name]).expr.unresolved_attribute.unparsed_identifier = text
    input_of(here).CopyFrom(wider)
    return len(found)


def _where_aliases_are_seen(path: Sequence[pb.Relation]) -> list[pb.Relation]:
    """The relations above one, up to the first that makes all its columns; none if an alias ends before."""
    for place, one in enumerate(path):
        traits = traits_of(one)
        if traits.columns is ColumnTrait.COMPUTED:
            return list(path[: place + 1])
        if not traits.passes_aliases:
            break
    return []


def _of_both_sides(users: Sequence[pb.Relation]) -> set[str]:
    """The aliases that both sides of a join have, which are Spark's to tell apart."""
    joins = [one.join for one in users if one.HasField("join")]
    return {alias for join in joins for alias in _aliases(join.left) & _aliases(join.right)}


def _made_anew(users: Sequence[pb.Relation]) -> set[str]:
    """The names of the columns that relations make anew, in lower case."""
    steps = [one.with_columns for one in users if one.HasField("with_columns")]
    return {name.lower() for step in steps for alias in step.aliases for name in alias.name}


def _left_out(here: pb.Relation, path: Sequence[pb.Relation], names_of: Naming) -> bool:
    """Let a select give what it leaves out and a sort or filter above names; whether there is any."""
    users = list(itertools.takewhile(_is_between, path))
    looking = [one for one in users if traits_of(one).looks_below]
    columns = here.project.expressions
    if any(not one.HasField("alias") for one in columns):
        return False  # a star leaves nothing out
    wanted = {name for one in looking for name in named_in(one) or ()}
    wanted -= {one.alias.name[0].lower() for one in columns}
    if not wanted:
        return False
    below = [name for name in names_of(typed(input_of(here))) if name.lower() in wanted]
    if not below or len({name.lower() for name in below}) < len(below):
        return False
    for name in below:
        columns.append(build.named(build.column(name), name))
    hidden = {name.lower() for name in below}
    for one in looking:
        for part in _attributes(one):
            if ".".join(name_parts(part.unparsed_identifier)).lower() in hidden:
                part.ClearField("plan_id")
    drop_columns(users[-1], below)
    return True


def _is_between(relation: pb.Relation) -> bool:
    return traits_of(relation).looks_below or relation.WhichOneof("rel_type") in _BETWEEN


def _name_columns(maker: pb.Relation, names_of: Naming) -> None:
    """Write down the names of columns without any, which they would have by what they are made of."""
    lists = named(maker)
    columns = [one for each in lists for one in each]
    if all(one.HasField("alias") for one in columns):
        return
    told = names_of(typed(maker))
    if len(told) != len(columns) or any(one.HasField("unresolved_star") for one in columns):
        return
    for one, name in zip(columns, told, strict=True):
        if not one.HasField("alias"):
            one.CopyFrom(build.named(copy(one), name))


def _aliases(relation: pb.Relation) -> set[str]:
    """The names by which aliases of relations are seen above one."""
    if relation.HasField("subquery_alias"):
        return {relation.subquery_alias.alias.lower()}
    if not traits_of(relation).passes_aliases:
        return set()
    return set().union(*map(_aliases, outermost(relation, pb.Relation)))


def _attributes(relation: pb.Relation) -> list[pb.Expression.UnresolvedAttribute]:
    return [one for one in own(relation) if isinstance(one, pb.Expression.UnresolvedAttribute)]


def _qualified(column: pb.Expression.UnresolvedAttribute, aliases: set[str]) -> bool:
    """Whether a column is named by one of the aliases."""
    parts = name_parts(column.unparsed_identifier)
    return len(parts) > 1 and parts[0].lower() in aliases
