"""A question with the columns that tell frames apart carried through it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.snowflake.fusion.chain import take_apart
from engine.snowflake.text import CheckedQuery


def add_group_keys(query: CheckedQuery, keys: Sequence[str]) -> CheckedQuery:
    """The question for all frames at once, over rows that have these further columns.

    Args:
        query: one for which `choose` found a way.
        keys: names of the columns; no guest can use such names.

    Returns:
        The query; its answer has the keys once more, beside the columns of the question.
    """
    tree: exp.Expr = query.tree.copy()
    for link in take_apart(tree):
        select = link.select
        columns = [exp.column(exp.to_identifier(key, quoted=True)) for key in keys]
        if not any(isinstance(one, exp.Star) for one in select.expressions):  # a star has them
            select.set("expressions", [*select.expressions, *(column.copy() for column in columns)])
        if link.kind == "groups":
            group = select.args["group"]
            group.set("expressions", [*group.expressions, *columns])
        elif link.kind == "total" and keys:
            select.set("group", exp.Group(expressions=columns))
        select.set("limit", None)  # there is one only where each frame has one row
    return CheckedQuery(tree, "", query.functions, query.reads)
