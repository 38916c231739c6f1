"""Trusted side: the canonical form of a rebuilt plan. Equal code gives equal bytes, in every process.

PySpark numbers plans and lambda variables per process, so no two requests are alike as raw bytes. Both
are renumbered by first appearance, not dropped: self-joins and `df["column"]` need plan ids. Renumbering
is one to one, so equal bytes mean plans that differ in nothing else; `lambdas` keeps a name to one meaning.
"""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.plans.trees import renumber, walk


def canonical(relation: pb.Relation) -> bytes:
    """Return the canonical form of a rebuilt, unbound relation."""
    result, _ = renumber(relation, 0)
    names: dict[tuple[str, ...], str] = {}
    for here in walk(result):
        if here.DESCRIPTOR.name == "UnresolvedNamedLambdaVariable":
            name = names.setdefault(tuple(here.name_parts), f"x_{len(names)}")
            here.name_parts[:] = [name]
    return bytes(result.SerializeToString(deterministic=True))
