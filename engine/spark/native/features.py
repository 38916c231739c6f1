"""What a plan is made of: its functions and steps, by names that authors know. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.spark.native.functions.table import SYNONYMS
from engine.spark.native.read_sql import read_sql
from engine.spark.native.unproven import Unproven

# Steps that every plan has say nothing of it. Not a trait: it is what blaming an answer passes over.
_PLAIN: Final = frozenset({"read", "subquery_alias", "project", "local_relation"})


def features(relation: pb.Relation) -> frozenset[str]:
    """The functions of a plan, those in SQL text included, casts, and its steps."""
    found, work = set[str](), list[Message]([relation])
    while work:
        here = work.pop()
        match here:
            case pb.Expression.UnresolvedFunction():
                name = here.function_name.lower()
                if not _is_reading(name, here.arguments):
                    found.add(f"the function {SYNONYMS.get(name, name)}")
            case pb.Expression.Cast():
                found.add("a cast")
            case pb.Expression.ExpressionString():
                try:
                    work.append(read_sql(here.expression))
                except Unproven:
                    found.add("SQL text")
            case pb.Relation():
                kind = here.WhichOneof("rel_type") or ""
                found.update([f"the step {kind}"] if kind not in _PLAIN else [])
        work += _parts(here)
    return frozenset(found)


def blamed(relation: pb.Relation) -> frozenset[str]:
    """What to leave to Spark after a wrong answer: all functions of the plan, or its steps if it has none."""
    found = features(relation)
    steps = frozenset(one for one in found if one.startswith("the step "))
    return (found - steps) or steps or frozenset({"the step read"})


def _is_reading(name: str, arguments: Sequence[pb.Expression]) -> bool:
    """NANVL(x, x) and COALESCE(x, x), which the engine itself reads columns with, are x."""
    return name in ("nanvl", "coalesce") and len(arguments) == 2 and arguments[0] == arguments[1]


def _parts(message: Message) -> list[Message]:
    parts = list[Message]()
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            values = [one for one in value.values() if hasattr(one, "ListFields")]
            parts += values
        else:
            parts += list(value) if _repeats(value) else [value]
    return parts


def _repeats(value: object) -> bool:
    return not hasattr(value, "ListFields")
