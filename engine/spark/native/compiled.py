"""Whether Spark compiles an aggregate, and so uses the quick one of its two hash tables. Pure.

Where it does not, groups with a null in their keys are not the last ones of their partition. It does not
where a function has no code to be compiled, where a step gives or takes more than 100 fields, and where what
comes of it is too long for a method of Java. What is asked here may be denied too often, never too seldom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.spark.native.tree import Expr, Ref, aggregates, children
from engine.spark.native.types import Decimal, SparkType

_MOST_FIELDS: Final = 100
# A step of an expression takes less than 100 bytes, a method 64 KiB.
_MOST_STEPS: Final = 400
# What functions without code are written with; others are as well, of which it then is not known.
_WITHOUT_CODE: Final = ("lambda ", "list_sort(")
# Of what Spark keeps of a group, in fields, by function.
_KEPT: Final = {
    "count": 1, "count_if": 1, "min": 1, "max": 1, "bool_and": 1, "bool_or": 1, "sum": 2, "avg": 2,
    "stddev_samp": 3, "stddev_pop": 3, "var_samp": 3, "var_pop": 3, "covar_samp": 4, "covar_pop": 4,
}  # fmt: skip
_MOST_KEPT: Final = 6
# The least that a field of a nested type takes in its message.
_FIELD_BYTES: Final = 4


def is_compiled(sql: str, keys: Sequence[Expr], items: Sequence[Expr]) -> bool:
    """Whether Spark surely compiles an aggregate.

    Args:
        sql: the query, with all that is below.
        keys: what it groups by.
        items: what it gives beside those.
    """
    if any(sign in sql for sign in _WITHOUT_CODE):
        return False
    calls = [call for one in items for call in aggregates(one)]
    kept = sum(_KEPT.get(call.line.name, _MOST_KEPT) for call in calls)
    steps = [step for one in (*keys, *items) for step in _steps(one)]
    # It is given the columns that it names; of grouping sets the keys twice, and the number of the set.
    named = {step.column for step in steps if isinstance(step, Ref)}
    taken = sum(_fields(column.type) for column in named) + len(keys) + 1
    given = len(keys) + 1 + max(kept, len(items))
    return max(given, taken) <= _MOST_FIELDS and len(steps) <= _MOST_STEPS


def _fields(kind: SparkType) -> int:
    message = b"" if isinstance(kind, Decimal) else getattr(kind, "message", b"")
    return 1 + len(message) // _FIELD_BYTES


def _steps(expression: Expr) -> Iterator[Expr]:
    yield expression
    for one in children(expression):
        yield from _steps(one)
