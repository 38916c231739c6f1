"""A checked tree as the links of a chain, from the frame upwards. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sqlglot import exp

from engine.frames.not_fusable import NotFusable
from engine.snowflake.fusion.functions import SHARED_AGGREGATES, is_aggregate, is_row_wise
from engine.snowflake.text.names import FRAME

Kind = Literal["rows", "groups", "total", "distinct"]

# Parts of a SELECT that no rule is known for.
_UNKNOWN_PARTS: Final = {
    "joins": "a join",
    "having": "HAVING",
    "qualify": "QUALIFY",
    "offset": "OFFSET",
    "with_": "a query with a name",
}
# Nodes that no rule is known for, wherever they are.
_UNKNOWN_NODES: Final[dict[type[exp.Expr], str]] = {
    exp.Window: "a window function",
    exp.Exists: "a subquery in an expression",
    exp.Rollup: "ROLLUP",
    exp.Cube: "CUBE",
    exp.GroupingSets: "GROUPING SETS",
    exp.Pivot: "a pivot",
    exp.TableSample: "a sample",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One SELECT.

    Attributes:
        select: its node.
        kind: "rows": each row by itself; "groups": GROUP BY; "total": aggregates over all rows;
            "distinct": SELECT DISTINCT.
    """

    select: exp.Expr
    kind: Kind


def take_apart(tree: exp.Expr) -> tuple[Link, ...]:
    """The links of a tree, that over the frame first.

    Raises:
        NotFusable: it is no chain, or holds what no rule is known for.
    """
    links: list[Link] = []
    here = tree
    while True:
        here = _select(here)
        links.append(Link(here, _kind(here)))
        source: exp.Expr | None = here.args["from_"].this if here.args.get("from_") else None
        if source is not None and isinstance(source, exp.Table) and not _further(source):
            if source.this.this != FRAME:
                raise NotFusable("a query with a name")
            return tuple(reversed(links))
        if source is None or not isinstance(source, exp.Subquery) or _further(source):
            raise NotFusable("a join or something else that is not one query over another")
        here = source.this


def _select(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Subquery) and not _further(node):
        return _select(node.this)
    if not isinstance(node, exp.Select):
        raise NotFusable("a union or something else that is not a SELECT")
    for part, what in _UNKNOWN_PARTS.items():
        if node.args.get(part):
            raise NotFusable(what)
    return node


def _further(source: exp.Expr) -> bool:
    return any(source.args.get(part) for part in ("joins", "sample", "pivots")) or bool(
        source.args.get("alias") and source.args["alias"].args.get("columns")
    )


def _kind(select: exp.Expr) -> Kind:
    aggregates = _aggregates(select)
    if select.args.get("distinct"):
        if aggregates or select.args.get("group"):
            raise NotFusable("DISTINCT over groups")
        return "distinct"
    if select.args.get("group"):
        return "groups"
    if aggregates:
        return "total"
    return "rows"


def _aggregates(select: exp.Expr) -> bool:
    """Whether a SELECT itself has aggregates; sees to it that all of it is known."""
    found = False
    if sum(isinstance(one, exp.Star) for one in select.expressions) > 1:
        raise NotFusable("all columns twice")  # the keys, too: the second ones get other names further up
    # What it reads is a link of its own.
    parts = [select.args[part] for part in ("where", "group", "order") if select.args.get(part)]
    for part in (*select.expressions, *parts):
        for node in part.walk():
            if (what := _UNKNOWN_NODES.get(type(node))) is not None:
                raise NotFusable(what)
            match node:
                case exp.Select() | exp.Subquery() | exp.SetOperation():
                    raise NotFusable("a subquery in an expression")
                case exp.Star():
                    _check_star(node)
                case exp.Anonymous():
                    found |= _check_call(node)
    return found


def _check_star(star: exp.Expr) -> None:
    """A star in a call would take the keys in; COUNT(*) alone does not look at them."""
    parent = star.parent
    counted = parent is not None and isinstance(parent, exp.Anonymous) and parent.this == "COUNT"
    if not counted and not isinstance(parent, exp.Select):
        raise NotFusable("a star in a call, or that of one table")


def _check_call(call: exp.Expr) -> bool:
    if is_row_wise(call.this):
        return False
    if not is_aggregate(call.this):
        raise NotFusable(f"the function {call.this}")
    if call.this not in SHARED_AGGREGATES:
        raise NotFusable(f"the aggregate {call.this}, which may depend on the order of rows")
    return True
