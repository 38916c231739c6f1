"""Trusted side: reading and renumbering whole plans. Nothing here decides what is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias, TypeVar

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

_M = TypeVar("_M", bound=Message)

# Messages whose field plan_id defines an id or refers to one.
_MayHavePlanId: TypeAlias = (
    pb.RelationCommon
    | pb.Expression.UnresolvedAttribute
    | pb.Expression.UnresolvedStar
    | pb.Expression.UnresolvedRegex
)
WithPlanId: TypeAlias = _MayHavePlanId | pb.SubqueryExpression
# Calls of a function by its name.
Call: TypeAlias = pb.Expression.UnresolvedFunction | pb.CallFunction
CALLS: Final = (pb.Expression.UnresolvedFunction, pb.CallFunction)


def counts_rows(call: Call) -> bool:
    """Whether a call is `count(*)`, which Spark takes for `count(1)`; distinct rows have columns."""
    return bool(
        call.function_name.lower() == "count"
        and not (isinstance(call, pb.Expression.UnresolvedFunction) and call.is_distinct)
        and len(call.arguments) == 1
        and call.arguments[0].WhichOneof("expr_type") == "unresolved_star"
        and not call.arguments[0].unresolved_star.HasField("unparsed_target")
    )


def children(message: Message) -> list[Message]:
    """Return the messages directly inside a message, in field order."""
    found: list[Message] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                found += [value[key] for key in sorted(value)]
        elif field.is_repeated:
            found += value
        else:
            found.append(value)
    return found


def walk(message: Message) -> Iterator[Message]:
    """Yield a message and all inside it, parents first, in field order."""
    work = [message]
    while work:
        here = work.pop()
        yield here
        work += reversed(children(here))


def relations(message: Message) -> Iterator[pb.Relation]:
    """Yield the relations in a message, parents first."""
    return (here for here in walk(message) if isinstance(here, pb.Relation))


def outermost(message: Message, kind: type[_M]) -> list[_M]:
    """The messages of a kind inside a message, in whatever place, but for those inside one another."""
    found = list[_M]()
    work = children(message)
    while work:
        here = work.pop()
        if isinstance(here, kind):
            found.append(here)
        else:
            work += children(here)
    return found


class Parents:
    """Which relation of a plan stands above which."""

    def __init__(self, plan: pb.Relation) -> None:
        # Objects of messages are made when they are looked at: only those that are held have an identity.
        self.relations = list(relations(plan))
        self._above = {id(below): one for one in self.relations for below in outermost(one, pb.Relation)}

    def above(self, relation: pb.Relation) -> list[pb.Relation]:
        """The relations above one, from the nearest on; it is given as the object itself."""
        found, here = list[pb.Relation](), relation
        while id(here) in self._above:
            here = self._above[id(here)]
            found.append(here)
        return found


def count(message: Message) -> int:
    """Count the messages in a message."""
    return sum(1 for _ in walk(message))


def copy(message: _M) -> _M:
    """Return a copy."""
    result = type(message)()
    result.CopyFrom(message)
    return result


def with_plan_ids(message: Message) -> Iterator[WithPlanId]:
    """Yield the messages that define a plan id or refer to one, in order of appearance."""
    for here in walk(message):
        if isinstance(here, _MayHavePlanId) and not here.HasField("plan_id"):
            continue
        if isinstance(here, WithPlanId):
            yield here


def largest_plan_id(message: Message) -> int:
    """Return the largest plan id in a message, or -1."""
    return max((here.plan_id for here in with_plan_ids(message)), default=-1)


def renumber(message: _M, first: int) -> tuple[_M, int]:
    """Return a copy whose plan ids count from `first` by first appearance, and the next free id."""
    result = copy(message)
    numbers: dict[int, int] = {}
    for here in with_plan_ids(result):
        here.plan_id = numbers.setdefault(here.plan_id, first + len(numbers))
    return result, first + len(numbers)
