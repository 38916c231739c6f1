"""Aggregates whose value the order of rows can change, and where it cannot be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames.not_fusable import NotFusable
from engine.spark.plans.trees import children
from engine.spark.text.check import inspect_expression
from engine.spark.text.functions import classify

# Approximate by their definition, within the accuracy that they are given.
_APPROXIMATE: Final = frozenset({"percentile_approx", "approx_percentile"})

# All values, in the order in which they came ...
_COLLECTIONS: Final = frozenset({"collect_list", "collect_set", "array_agg"})

# ... and what gives the same of them in any order, with how many arguments.
_ORDERLESS: Final = {
    "sort_array": (1, 2),
    "array_sort": (1,),
    "size": (1,),
    "cardinality": (1,),
    "array_size": (1,),
    "array_max": (1,),
    "array_min": (1,),
    "array_contains": (2,),
}


def check_orderless(*messages: Message) -> None:
    """Check that no aggregate's value depends on the order of rows.

    Raises:
        NotFusable: an aggregate depends on it.
    """
    for message in messages:
        for name in _ordered(message):
            raise NotFusable(f"{name}, whose value depends on the order of rows")


def _ordered(message: Message) -> Iterator[str]:
    # A message, and whether the order of a collection is lost above it.
    work: list[tuple[Message, bool]] = [(message, False)]
    while work:
        here, lost = work.pop()
        match here:
            case pb.Expression.UnresolvedFunction() | pb.CallFunction():
                name = here.function_name.lower()
                allowed = name in _APPROXIMATE or (lost and name in _COLLECTIONS)
                if classify(name).order_sensitive and not allowed:
                    yield name
                orderless = len(here.arguments) in _ORDERLESS.get(name, ())
                work += [(part, orderless and index == 0) for index, part in enumerate(here.arguments)]
                continue
            case pb.Expression.ExpressionString():
                for name in inspect_expression(here.expression).functions:
                    if classify(name).order_sensitive and name not in _APPROXIMATE:
                        yield name
            case pb.Expression():
                work += [(part, lost) for part in children(here)]
                continue
        work += [(part, False) for part in children(here)]
