"""Checking one node of a tree, and bringing it into its one form. Trusted side, pure.

`admit` looks at a node from above, before its parts: is there such a thing, in this place, with these
parts? `settle` comes from below: the parts have their one form, and the node gets its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from engine.snowflake.text import expression_checks as expressions
from engine.snowflake.text import query_checks as queries
from engine.snowflake.text.names import normalise
from engine.snowflake.text.node_table import IGNORED_PARTS, PARTS, PLACES
from engine.snowflake.text.refusals import kind_of, refused, refused_class
from engine.snowflake.text.types import settle_type

if TYPE_CHECKING:
    from sqlglot import exp

_KEPT_FALSE: Final = frozenset({"is_string", "quoted"})


def admit(node: exp.Expr) -> None:
    """Check that a node may be there, and drop what says nothing.

    Raises:
        PlanRefused: if it is not allowed, or not in this place, or has a part that is not allowed.
    """
    kind = kind_of(node)
    allowed = PARTS.get(kind)
    if allowed is None:
        raise refused_class(kind)
    for part in [name for name, value in node.args.items() if _says_nothing(name, value)]:
        node.args.pop(part)
    if not allowed.issuperset(node.args):
        extra = ", ".join(sorted(set(node.args) - allowed))
        raise refused(f"{kind.upper()} has a part that is not allowed: {extra.rstrip('_')}")
    places = PLACES.get(kind)
    if places is not None and kind_of(node.parent) not in places:
        raise refused(f"{kind.upper()} stands in a place where it is not allowed")
    node.comments = None
    check = _ADMIT.get(kind)
    if check is not None:
        check(node)


def settle(node: exp.Expr) -> None:
    """Bring an admitted node, whose parts are settled, into its one form.

    Raises:
        PlanRefused: if it is not allowed as it is.
    """
    check = _SETTLE.get(kind_of(node))
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


_ADMIT: Final[dict[str, Callable[[exp.Expr], None]]] = {
    "Anonymous": expressions.admit_call,
    "Column": expressions.admit_column,
    "Pivot": queries.admit_pivot,
    "Select": queries.admit_select,
    "Table": queries.admit_table,
}
_SETTLE: Final[dict[str, Callable[[exp.Expr], None]]] = {
    "Alias": expressions.alias,
    "Anonymous": expressions.call,
    "Bracket": expressions.bracket,
    "CTE": queries.cte,
    "Case": expressions.case,
    "DataType": settle_type,
    "Distinct": expressions.distinct,
    "Escape": expressions.escape,
    "Except": queries.set_operation,
    "Exists": queries.exists,
    "From": queries.from_,
    "HexString": expressions.hexadecimal,
    "Identifier": normalise,
    "IgnoreNulls": expressions.after_call,
    "In": queries.in_,
    "Intersect": queries.set_operation,
    "Interval": expressions.interval,
    "Is": expressions.is_,
    "Join": queries.join,
    "Limit": queries.limit,
    "Literal": expressions.literal,
    "Offset": queries.limit,
    "Ordered": queries.ordered,
    "Paren": _drop_parentheses,
    "Pivot": queries.pivot,
    "RespectNulls": expressions.after_call,
    "Select": queries.select,
    "Star": expressions.star,
    "Subquery": queries.subquery,
    "Table": queries.table,
    "TableSample": queries.sample,
    "Tuple": expressions.tuple_,
    "Union": queries.set_operation,
    "Values": queries.values,
    "Window": expressions.window,
    "WindowSpec": expressions.window_rows,
    "With": queries.with_,
    "WithinGroup": expressions.within_group,
}
