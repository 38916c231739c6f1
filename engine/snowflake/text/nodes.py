"""Checking one node of a tree, and bringing it into its one form. Trusted side, pure.

`admit` looks at a node from above, before its parts: is there such a thing, in this place, with these
parts? `settle` comes from below: the parts have their one form, and the node gets its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from engine.snowflake.text import expression_checks as expressions
from engine.snowflake.text import query_checks as queries
from engine.snowflake.text.names import normalise
from engine.snowflake.text.node_table import IGNORED_PARTS, PARTS, PLACES
from engine.snowflake.text.refusals import refused, refused_class
from engine.snowflake.text.types import settle_type

_KEPT_FALSE: Final = frozenset({"is_string", "quoted"})


def admit(node: exp.Expr) -> None:
    """Check that a node may be there, and drop what says nothing.

    Raises:
        PlanRefused: if it is not allowed, or not in this place, or has a part that is not allowed.
    """
    kind = type(node)
    allowed = PARTS.get(kind)
    if allowed is None:
        raise refused_class(kind)
    for part in [name for name, value in node.args.items() if _says_nothing(name, value)]:
        node.args.pop(part)
    if not allowed.issuperset(node.args):
        extra = ", ".join(sorted(set(node.args) - allowed))
        raise refused(f"{kind.__name__.upper()} has a part that is not allowed: {extra.rstrip('_')}")
    places = PLACES.get(kind)
    if places is not None and type(node.parent) not in places:
        raise refused(f"{kind.__name__.upper()} stands in a place where it is not allowed")
    node.comments = None
    check = _ADMIT.get(kind)
    if check is not None:
        check(node)


def settle(node: exp.Expr) -> None:
    """Bring an admitted node, whose parts are settled, into its one form.

    Raises:
        PlanRefused: if it is not allowed as it is.
    """
    check = _SETTLE.get(type(node))
    if check is not None:
        check(node)


def same(one: exp.Expr, other: exp.Expr) -> bool:
    """Whether two settled trees are equal, however deep they are."""
    stack: list[tuple[object, object]] = [(one, other)]
    while stack:
        left, right = stack.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            stack.extend(zip(left, right, strict=True))
        elif hasattr(left, "args") and hasattr(right, "args"):
            if left.args.keys() != right.args.keys():
                return False
            stack.extend((value, right.args[part]) for part, value in left.args.items())
        elif left != right:
            return False
    return True


def _says_nothing(name: str, value: object) -> bool:
    return (
        name in IGNORED_PARTS or value is None or value == [] or (value is False and name not in _KEPT_FALSE)
    )


def _drop_parentheses(node: exp.Expr) -> None:
    """Drop: operators get parentheses of their own when they are written."""
    if node.parent is not None:
        node.replace(node.this.pop())


_ADMIT: Final[dict[type[exp.Expr], Callable[[exp.Expr], None]]] = {
    exp.Anonymous: expressions.admit_call,
    exp.Column: expressions.admit_column,
    exp.Pivot: queries.admit_pivot,
    exp.Select: queries.admit_select,
    exp.Table: queries.admit_table,
}
_SETTLE: Final[dict[type[exp.Expr], Callable[[exp.Expr], None]]] = {
    exp.Alias: expressions.alias,
    exp.Anonymous: expressions.call,
    exp.Bracket: expressions.bracket,
    exp.CTE: queries.cte,
    exp.Case: expressions.case,
    exp.DataType: settle_type,
    exp.Distinct: expressions.distinct,
    exp.Escape: expressions.escape,
    exp.Except: queries.set_operation,
    exp.Exists: queries.exists,
    exp.From: queries.from_,
    exp.HexString: expressions.hexadecimal,
    exp.Identifier: normalise,
    exp.IgnoreNulls: expressions.after_call,
    exp.In: queries.in_,
    exp.Intersect: queries.set_operation,
    exp.Interval: expressions.interval,
    exp.Is: expressions.is_,
    exp.Join: queries.join,
    exp.Limit: queries.limit,
    exp.Literal: expressions.literal,
    exp.Offset: queries.limit,
    exp.Ordered: queries.ordered,
    exp.Paren: _drop_parentheses,
    exp.Pivot: queries.pivot,
    exp.RespectNulls: expressions.after_call,
    exp.Select: queries.select,
    exp.Star: expressions.star,
    exp.Subquery: queries.subquery,
    exp.Table: queries.table,
    exp.TableSample: queries.sample,
    exp.Tuple: expressions.tuple_,
    exp.Union: queries.set_operation,
    exp.Values: queries.values,
    exp.Window: expressions.window,
    exp.WindowSpec: expressions.window_rows,
    exp.With: queries.with_,
    exp.WithinGroup: expressions.within_group,
}
