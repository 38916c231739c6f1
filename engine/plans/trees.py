"""Trusted side: reading and renumbering whole plans. Nothing here decides what is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

_M = TypeVar("_M", bound=Message)

# Messages whose field plan_id defines an id or refers to one.
_WITH_PLAN_ID = frozenset(
    f"spark.connect.{name}"
    for name in (
        "RelationCommon",
        "Expression.UnresolvedAttribute",
        "Expression.UnresolvedStar",
        "Expression.UnresolvedRegex",
        "SubqueryExpression",
    )
)


def children(message: Any) -> list[Any]:
    """Return the messages directly inside a message, in field order."""
    found: list[Any] = []
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


def walk(message: Any) -> Iterator[Any]:
    """Yield a message and all inside it, parents first, in field order."""
    work = [message]
    while work:
        here = work.pop()
        yield here
        work += reversed(children(here))


def relations(message: Any) -> Iterator[pb.Relation]:
    """Yield the relations in a message, parents first."""
    return (here for here in walk(message) if here.DESCRIPTOR.name == "Relation")


def count(message: Any) -> int:
    """Count the messages in a message."""
    return sum(1 for _ in walk(message))


def copy(message: _M) -> _M:
    """Return a copy."""
    result = type(message)()
    result.CopyFrom(message)
    return result


def with_plan_ids(message: Any) -> Iterator[Any]:
    """Yield the messages that define a plan id or refer to one, in order of appearance."""
    for here in walk(message):
        if here.DESCRIPTOR.full_name in _WITH_PLAN_ID and (
            here.DESCRIPTOR.name == "SubqueryExpression" or here.HasField("plan_id")
        ):
            yield here


def largest_plan_id(message: Any) -> int:
    """Return the largest plan id in a message, or -1."""
    return max((here.plan_id for here in with_plan_ids(message)), default=-1)


def renumber(message: _M, first: int) -> tuple[_M, int]:
    """Return a copy whose plan ids count from `first` by first appearance, and the next free id."""
    result = copy(message)
    numbers: dict[int, int] = {}
    for here in with_plan_ids(result):
        here.plan_id = numbers.setdefault(here.plan_id, first + len(numbers))
    return result, first + len(numbers)
