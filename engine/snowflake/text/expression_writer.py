"""Writing the expressions of a checked tree, in Snowflake's dialect. Trusted side, pure.

Every name is quoted, every operator stands in parentheses, every order says where its nulls go: there is
one way to read what is written here. Nodes are written by small generators that give texts and further nodes;
one loop drives them, so that the depth of a tree does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.caps import MAX_EMITTED_BYTES
from engine.snowflake.text.types import snowflake_type

# A text, or a node to be written in its place.
Part: TypeAlias = exp.Expr | str
Parts: TypeAlias = Iterator[Part]
# What writes a node, by its class.
Writers: TypeAlias = dict[type[exp.Expr], Callable[[exp.Expr], Parts]]

OPERATORS: Final[dict[type[exp.Expr], str]] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.DPipe: "||",
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.And: "AND", exp.Or: "OR", exp.Is: "IS", exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM", exp.Like: "LIKE", exp.ILike: "ILIKE", exp.RegexpLike: "RLIKE",
}  # fmt: skip
# Operators of which a chain needs no parentheses: a chain of hundreds would be nested as deep.
_CHAINED: Final[frozenset[type[exp.Expr]]] = frozenset({exp.And, exp.Or, exp.Add, exp.Mul})
_ESCAPES: Final = {"\\": "\\\\", "'": "''", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class ExpressionWriter:
    """Writes one tree.

    Args:
        rename: gives what a name is written as.
    """

    def __init__(self, rename: Callable[[str], str] | None = None) -> None:
        self._rename = rename
        self._writers = self.writers()

    def write(self, tree: exp.Expr) -> str:
        """Write a checked tree.

        Raises:
            PlanRefused: if the text grows too large, or holds what this dialect lacks.
        """
        written: list[str] = []
        stack: list[Parts] = [iter((tree,))]
        size = 0
        while stack:
            part = next(stack[-1], None)
            if part is None:
                stack.pop()
            elif isinstance(part, str):
                written.append(part)
                size += len(part)
                if size > MAX_EMITTED_BYTES:
                    raise PlanRefused(
                        "plan-too-large",
                        "the query becomes too long when it is written out for the backend",
                        "give parts that are used several times a name with with_column",
                    )
            else:
                stack.append(self.parts(part))
        return "".join(written)

    def parts(self, node: exp.Expr) -> Parts:
        """The parts of one node."""
        kind = type(node)
        if kind in OPERATORS:
            return self.binary(node, OPERATORS[kind])
        return self._writers[kind](node)

    def writers(self) -> Writers:
        """What writes each class of nodes, but for operators; a class of writers adds its own."""
        return {
            exp.Identifier: self._write_identifier,
            exp.Star: self._write_star,
            exp.Alias: self._write_alias,
            exp.Literal: self._write_literal,
            exp.Boolean: self._write_boolean,
            exp.Null: self._write_null,
            exp.HexString: self._write_hexstring,
            exp.Interval: self._write_interval,
            exp.Tuple: self._write_tuple,
            exp.Escape: self._write_escape,
            exp.Not: self._write_not,
            exp.Neg: self._write_neg,
            exp.Between: self._write_between,
            exp.In: self._write_in,
            exp.Exists: self._write_exists,
            exp.Case: self._write_case,
            exp.Cast: self._write_cast,
            exp.TryCast: self._write_trycast,
            exp.Bracket: self._write_bracket,
        }

    # Names and values.

    def name(self, name: str) -> str:
        """A name in quotes."""
        renamed = self._rename(name) if self._rename else name
        return '"' + renamed.replace('"', '""') + '"'

    def text(self, value: str) -> str:
        """A text in quotes."""
        return "'" + "".join(_ESCAPES.get(letter, letter) for letter in value) + "'"

    def type(self, node: exp.Expr) -> str:
        """A type of a cast."""
        return snowflake_type(node)

    def _write_identifier(self, node: exp.Expr) -> Parts:
        yield self.name(node.this)

    def _write_star(self, node: exp.Expr) -> Parts:
        yield "*"
        for part, word in (("except_", "EXCLUDE"), ("rename", "RENAME")):
            if node.args.get(part):
                yield f" {word} ("
                yield from joined(node.args[part])
                yield ")"

    def _write_alias(self, node: exp.Expr) -> Parts:
        yield node.this
        yield " AS "
        yield node.args["alias"]

    def _write_literal(self, node: exp.Expr) -> Parts:
        yield self.text(node.this) if node.args.get("is_string") else node.this.upper()

    def _write_boolean(self, node: exp.Expr) -> Parts:
        yield "TRUE" if node.this else "FALSE"

    def _write_null(self, _node: exp.Expr) -> Parts:
        yield "NULL"

    def _write_hexstring(self, node: exp.Expr) -> Parts:
        yield f"X'{node.this.upper()}'"

    def _write_interval(self, node: exp.Expr) -> Parts:
        yield f"INTERVAL '{node.this.this}'"

    def _write_tuple(self, node: exp.Expr) -> Parts:
        yield "("
        yield from joined(node.expressions)
        yield ")"

    # Operators.

    def binary(self, node: exp.Expr, operator: str) -> Parts:
        """An operator between two operands, or a chain of the same one, which is read from the left."""
        chain, kind = [node], type(node)
        while kind in _CHAINED and type(chain[-1].this) is kind:
            chain.append(chain[-1].this)
        yield "("
        yield chain[-1].this
        for link in reversed(chain):
            yield f" {operator} "
            yield link.args["expression"]
        yield ")"

    def _write_escape(self, node: exp.Expr) -> Parts:
        yield "("
        yield node.this.this
        yield " LIKE " if isinstance(node.this, exp.Like) else " ILIKE "
        yield node.this.args["expression"]
        yield " ESCAPE "
        yield node.args["expression"]
        yield ")"

    def _write_not(self, node: exp.Expr) -> Parts:
        yield "(NOT "
        yield node.this
        yield ")"

    def _write_neg(self, node: exp.Expr) -> Parts:
        yield "(- "
        yield node.this
        yield ")"

    def _write_between(self, node: exp.Expr) -> Parts:
        yield "("
        yield node.this
        yield " BETWEEN "
        yield node.args["low"]
        yield " AND "
        yield node.args["high"]
        yield ")"

    def _write_in(self, node: exp.Expr) -> Parts:
        yield "("
        yield node.this
        yield " IN "
        if node.args.get("query"):
            yield node.args["query"]
        else:
            yield "("
            yield from joined(node.expressions)
            yield ")"
        yield ")"

    def _write_exists(self, node: exp.Expr) -> Parts:
        yield "EXISTS ("
        yield node.this
        yield ")"

    def _write_case(self, node: exp.Expr) -> Parts:
        yield "CASE"
        if node.args.get("this"):
            yield " "
            yield node.this
        for branch in node.args["ifs"]:
            yield " WHEN "
            yield branch.this
            yield " THEN "
            yield branch.args["true"]
        if node.args.get("default"):
            yield " ELSE "
            yield node.args["default"]
        yield " END"

    def _write_cast(self, node: exp.Expr) -> Parts:
        yield "CAST("
        yield node.this
        yield f" AS {self.type(node.args['to'])})"

    def _write_trycast(self, node: exp.Expr) -> Parts:
        yield "TRY_"
        yield from self._write_cast(node)

    def _write_bracket(self, node: exp.Expr) -> Parts:
        yield node.this
        yield "["
        yield from joined(node.expressions)
        yield "]"


def joined(nodes: Iterable[exp.Expr]) -> Parts:
    """Nodes with commas between."""
    for index, node in enumerate(nodes):
        if index:
            yield ", "
        yield node
