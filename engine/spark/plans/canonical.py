"""Trusted side: the canonical form of a rebuilt plan. Equal code gives equal bytes, in every process.

PySpark numbers plans and lambda variables per process, so no two requests are alike as raw bytes. Both
are renumbered by first appearance, not dropped: self-joins and `df["column"]` need plan ids. Renumbering
is one to one, so equal bytes mean plans that differ in nothing else; `lambdas` keeps a name to one meaning.

Whoever has the same bytes gets the same answer, whichever metric of `evaluate_many` asked first, so a name
may be forgotten only where nothing can say it. SQL text inside of a lambda can: `F.expr("x_1 + 1")`. There,
and at whatever else is not known to hold no names, the variables of the lambdas around keep theirs, behind
a sign that no variable's name has. `docs/shared.md` lists what else two metrics have in common.
"""

from __future__ import annotations

import re
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.spark.plans.trees import children, renumber, walk
from engine.spark.text.hidden import fold

# In no name of a variable: a kept name is never one that was made up here.
_KEPT: Final = "="
_WORD: Final = re.compile(r"\w+")
# Parts of an expression that name nothing by themselves; their children are looked at.
_NAMELESS: Final = frozenset(
    {
        "Expression",
        "ExpressionCommon",
        "UnresolvedNamedLambdaVariable",
        "LambdaFunction",
        "UnresolvedFunction",
        "CallFunction",
        "UnresolvedExtractValue",
        "UpdateFields",
        "Cast",
        "Alias",
        "SortOrder",
    }
)
# Values and types: no name in them means a variable.
_LEAVES: Final = frozenset({"Literal", "DataType"})


def canonical(relation: pb.Relation) -> bytes:
    """Return the canonical form of a rebuilt, unbound relation."""
    result, _ = renumber(relation, 0)
    spoken = _spoken(result)
    names: dict[str, str] = {}
    for here in walk(result):
        if isinstance(here, pb.Expression.UnresolvedNamedLambdaVariable):
            (name,) = here.name_parts
            known = name in spoken
            here.name_parts[:] = [_KEPT + name if known else names.setdefault(name, f"x_{len(names)}")]
    return bytes(result.SerializeToString(deterministic=True))


def _spoken(relation: pb.Relation) -> frozenset[str]:
    """The variables that something inside of their lambda may say by name, other than a variable."""
    found: set[str] = set()
    work: list[tuple[Message, frozenset[str]]] = [(relation, frozenset())]
    while work:
        here, variables = work.pop()
        kind = here.DESCRIPTOR.name
        if isinstance(here, pb.Expression.LambdaFunction):
            variables |= {part for variable in here.arguments for part in variable.name_parts}
        if variables and isinstance(here, pb.Expression.UnresolvedAttribute):
            words = set(_WORD.findall(fold(here.unparsed_identifier)))
            found |= {name for name in variables if fold(name) in words}
        elif variables and kind in _LEAVES:
            continue
        elif variables and kind not in _NAMELESS:
            found |= variables
        work += ((child, variables) for child in children(here))
    return frozenset(found)
