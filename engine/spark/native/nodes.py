"""Parts of nodes of SQL text that the readers here know. Pure."""

from __future__ import annotations

from sqlglot import exp

from engine.spark.native.unproven import Unproven


def check_parts(node: exp.Expr, *parts: str) -> None:
    """See that a node has no other parts than these.

    Raises:
        Unproven: it has another.
    """
    others = [name for name, value in node.args.items() if value and name not in parts]
    if others:
        raise Unproven(f"{type(node).__name__} with {others[0]} in SQL text")
