"""Functions in the conditions of joins: made columns of the side that they are of, which go again afterwards.

Spark applies such a function to the rows of one side, too; one of columns of both sides it refuses for joins
other than inner ones.
"""

from __future__ import annotations

from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.spark.functions.find import (
    PREFIX,
    drop_columns,
    has_functions,
    is_deterministic,
    is_function,
    refused,
)
from engine.spark.functions.stand_ins import Naming, typed
from engine.spark.plans.trees import children, copy, relations, walk

_INSTEAD: Final = "make a column of it with df.withColumn before the join"


def with_columns_for_joins(relation: pb.Relation, names_of: Naming) -> pb.Relation:
    """The same plan, in which no condition of a join holds a function.

    Args:
        relation: the plan.
        names_of: asks for names of columns of plans without functions.

    Raises:
        PlanRefused: it is not certain which side a function is of.
    """
    if not any(_is_meant(here) for here in relations(relation)):
        return relation
    made, count = copy(relation), 0
    for here in reversed(list(relations(made))):
        if _is_meant(here):
            count += _move(here, names_of, count)
    return made


def _is_meant(relation: pb.Relation) -> bool:
    return relation.WhichOneof("rel_type") == "join" and has_functions(relation.join.join_condition)


def _move(relation: pb.Relation, names_of: Naming, count: int) -> int:
    """Rewrite one join; return how many columns were made."""
    join, sides = relation.join, _Sides(relation.join, names_of)
    columns: dict[bytes, str] = {}
    added: dict[str, list[tuple[str, pb.Expression]]] = {"left": [], "right": []}
    for call in _outermost(join.join_condition):
        if not is_deterministic(call):
            raise refused("that is nondeterministic, in a join's condition, as in Spark", _INSTEAD)
        key = call.SerializeToString(deterministic=True)
        if key not in columns:
            columns[key] = f"{PREFIX}join_{count + len(columns)}"
            added[sides.of(call)].append((columns[key], copy(call)))
        call.Clear()
        call.unresolved_attribute.unparsed_identifier = columns[key]
    for name, new in added.items():
        if new:
            side = getattr(join, name)
            wider = pb.Relation()
            wider.with_columns.input.CopyFrom(side)
            for column, call in new:
                wider.with_columns.aliases.add(name=[column]).expr.CopyFrom(call)
            side.CopyFrom(wider)
    drop_columns(relation, list(columns.values()))
    return len(columns)


def _outermost(expression: pb.Expression) -> list[pb.Expression]:
    """The functions in an expression that stand in no other."""
    found, work = list[pb.Expression](), list[Message]([expression])
    while work:
        here = work.pop()
        if isinstance(here, pb.Expression) and is_function(here):
            found.append(here)
        else:
            work += children(here)
    return found


class _Sides:
    """The two sides of a join, and which columns are whose."""

    def __init__(self, join: pb.Join, names_of: Naming) -> None:
        self._join = join
        self._names_of = names_of
        self._names: dict[str, set[str]] = {}
        self._ids = {
            name: {one.common.plan_id for one in relations(getattr(join, name)) if _has_id(one)}
            for name in ("left", "right")
        }

    def of(self, call: pb.Expression) -> str:
        """Which side a function is of: that of all columns that it is given.

        Raises:
            PlanRefused: it is not certain.
        """
        found = set[str]()
        for here in walk(call):
            if not isinstance(here, pb.Expression):
                continue
            match here.WhichOneof("expr_type"):
                case "unresolved_attribute":
                    found.add(self._side(here.unresolved_attribute))
                case "unresolved_star" | "expression_string" | "subquery_expression" | "unresolved_regex":
                    raise refused("of a star, a text or a subquery in a join's condition", _INSTEAD)
        if len(found) != 1:
            raise refused("of columns of both sides, or of none, in a join's condition", _INSTEAD)
        return found.pop()

    def _side(self, column: pb.Expression.UnresolvedAttribute) -> str:
        held = []
        for name in ("left", "right"):
            side = getattr(self._join, name)
            if column.HasField("plan_id"):
                known = column.plan_id in self._ids[name]
            else:
                known = column.unparsed_identifier.lower() in self._of_side(name, side)
            held += [name] * known
        if len(held) != 1:
            raise refused(
                f"of {column.unparsed_identifier[:60]!r} in a join's condition, whose side is not sure",
                _INSTEAD,
            )
        return held[0]

    def _of_side(self, name: str, side: pb.Relation) -> set[str]:
        if name not in self._names:
            self._names[name] = {one.lower() for one in self._names_of(typed(side))}
        return self._names[name]


def _has_id(relation: pb.Relation) -> bool:
    return relation.common.HasField("plan_id")
