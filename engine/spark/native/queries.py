"""Queries of SQL text (`spark.sql`), from the tree of the second reader to rows. Pure.

The text has been read and written by the engine (`engine.spark.plans.views`): one query, its views as common
table expressions. Each of its parts becomes the step of a plan that means the same, so that names, types,
guards and orders are those of steps. A part that is not known is Spark's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.spark.native.expressions import NameScope, read
from engine.spark.native.literals import literal
from engine.spark.native.nodes import check_parts
from engine.spark.native.read_sql import check_text, parse, read_node, read_order
from engine.spark.native.relations.grouping import choices
from engine.spark.native.relations.groups import aggregated
from engine.spark.native.relations.rows import Item, NativeReader, Rows, filtered, item_of, projected_items
from engine.spark.native.tree import Ref, has_window, is_aggregate
from engine.spark.native.unproven import Unproven

_MOST_DEPTH: Final = 12
_MOST_KEYS: Final = 6
_JOINS: Final[Mapping[tuple[str, str], pb.Join.JoinType.ValueType]] = {
    ("", ""): pb.Join.JOIN_TYPE_INNER,
    ("", "INNER"): pb.Join.JOIN_TYPE_INNER,
    ("", "CROSS"): pb.Join.JOIN_TYPE_CROSS,
    ("LEFT", ""): pb.Join.JOIN_TYPE_LEFT_OUTER,
    ("LEFT", "OUTER"): pb.Join.JOIN_TYPE_LEFT_OUTER,
    ("LEFT", "SEMI"): pb.Join.JOIN_TYPE_LEFT_SEMI,
    ("LEFT", "ANTI"): pb.Join.JOIN_TYPE_LEFT_ANTI,
}


@dataclass(frozen=True, slots=True)
class _Query:
    """A query with what its tables mean.

    Attributes:
        tree: the parsed text of the query.
        tables: by name in small letters: other queries, or relations of the plan.
    """

    tree: exp.Expr
    tables: Mapping[str, _Query | pb.Relation]


def with_relations(reader: NativeReader, relation: pb.Relation) -> Rows:
    """A query over views."""
    step = relation.with_relations
    if step.root.WhichOneof("rel_type") != "sql":
        raise Unproven("a subquery")
    tables = dict[str, _Query | pb.Relation]()
    for one in step.references:
        if one.WhichOneof("rel_type") != "subquery_alias":
            raise Unproven("a view without a name")
        tables[one.subquery_alias.alias.lower()] = one.subquery_alias.input
    return _query(reader, step.root.sql, tables)


def query(reader: NativeReader, relation: pb.Relation) -> Rows:
    """A query that reads nothing."""
    return _query(reader, relation.sql, {})


def _query(reader: NativeReader, sql: pb.SQL, tables: Mapping[str, _Query | pb.Relation]) -> Rows:
    if sql.args or sql.pos_args or sql.pos_arguments:
        raise Unproven("arguments of SQL text that have no names")
    values = {name: read_argument(one.SerializeToString()) for name, one in sql.named_arguments.items()}
    return _Reader(reader, values).query(_Query(_parsed(sql.query), tables), 0)


@lru_cache(maxsize=256)
def _parsed(text: str) -> exp.Expr:
    check_text(text)
    return parse(text)


@lru_cache(maxsize=256)
def read_argument(message: bytes) -> pb.Expression:
    """A constant that stands for a name in the text."""
    found = pb.Expression.FromString(message)
    literal(found.literal)  # or it is not known
    if not found.HasField("literal"):
        raise Unproven("an argument of SQL text that is not a constant")
    return found


def _unknown(node: exp.Expr) -> Unproven:
    return Unproven(f"{type(node).__name__} in SQL text")


class _Reader:
    """Reads the parts of one query."""

    def __init__(self, reader: NativeReader, values: Mapping[str, pb.Expression]) -> None:
        self._reader = reader
        self._values = values

    def query(self, query: _Query, depth: int) -> Rows:
        """The rows of a query."""
        if depth > _MOST_DEPTH:
            raise Unproven("SQL text that nests deeply")
        tree, tables = query.tree, dict(query.tables)
        named = tree.args.get("with_")
        for one in () if named is None else named.expressions:
            check_parts(one, "this", "alias")
            check_parts(one.args["alias"], "this")
            tables[one.args["alias"].this.name.lower()] = _Query(one.this, dict(tables))
        match tree:
            case exp.Subquery() | exp.Paren():
                check_parts(tree, "this", "with_")
                return self.query(_Query(tree.this, tables), depth + 1)
            case exp.Select():
                return self._select(tree, tables, depth + 1)
            case exp.Union() | exp.Intersect() | exp.Except():
                return self._united(tree, tables, depth + 1)
        raise _unknown(tree)

    def _united(self, tree: exp.Expr, tables: Mapping[str, _Query | pb.Relation], depth: int) -> Rows:
        check_parts(tree, "this", "expression", "distinct", "with_", "order", "limit")
        step = pb.Relation()
        step.set_op.left_input.CopyFrom(self._made(self.query(_Query(tree.this, tables), depth)))
        step.set_op.right_input.CopyFrom(self._made(self.query(_Query(tree.expression, tables), depth)))
        step.set_op.set_op_type = _SET_OPERATIONS[type(tree)]
        plain = isinstance(tree, exp.Union)
        step.set_op.is_all = plain or not tree.args.get("distinct")
        rows = self._reader.read(step)
        rows = self._distinct(rows) if plain and tree.args.get("distinct") else rows
        return self._ended(tree, rows)

    def _select(self, tree: exp.Expr, tables: Mapping[str, _Query | pb.Relation], depth: int) -> Rows:
        check_parts(
            tree, "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "distinct",
            "with_", "kind",
        )  # fmt: skip
        if tree.args.get("kind"):
            raise Unproven("SQL text that selects in an unusual way")
        if (read_from := tree.args.get("from_")) is None:
            source = self._made(Rows("SELECT 1 AS nothing", (), "one"))
        else:
            check_parts(read_from, "this")
            source = self._table(read_from.this, tables, depth)
        for join in tree.args.get("joins") or ():
            source = self._joined(source, join, tables, depth)
        if (where := tree.args.get("where")) is not None:
            step = pb.Relation()
            step.filter.input.CopyFrom(source)
            step.filter.condition.CopyFrom(self._expression(where.this))
            source = step
        rows = self._reader.read(source)
        rows = self._chosen(tree, rows)
        if (distinct := tree.args.get("distinct")) is not None:
            check_parts(distinct)
            rows = self._distinct(rows)
        return self._ended(tree, rows)

    def _chosen(self, tree: exp.Expr, rows: Rows) -> Rows:
        """What is selected, of groups if there are any."""
        scope = self._reader.scope(rows, aggregates=True, windows=True)
        items = list[Item]()
        for node in tree.expressions:
            if isinstance(node, exp.Star):
                check_parts(node)
                items += [Item(Ref(column), column.name, kept=True) for column in rows.columns]
            else:
                items.append(item_of(self._expression(node), scope))
        group, having = tree.args.get("group"), tree.args.get("having")
        if group is None and not any(is_aggregate(item.expression) for item in items):
            if having is not None:
                raise Unproven("HAVING of rows that are not grouped")
            return projected_items(self._reader, rows, items)
        if any(has_window(item.expression) for item in items):
            raise Unproven("window functions over aggregates")
        keys, sets = self._keys(group, rows)
        hidden = [] if having is None else [self._having(having.this, rows, items)]
        made = tuple(self._reader.column(key.expression, key.name) for key in keys)
        if sets is not None:
            made = tuple(replace(one, nullable=True) for one in made)
        result = aggregated(self._reader, rows, keys, [*items, *hidden], sets, made)
        result = replace(result, columns=result.columns[len(keys) :])
        if not hidden:
            return result
        kept = filtered(result, Ref(result.columns[-1]))
        return replace(kept, columns=kept.columns[:-1])

    def _having(self, node: exp.Expr, rows: Rows, items: Sequence[Item]) -> Item:
        """The condition on groups; names of what is selected are not known to mean the same in it."""
        names = {(item.name or "").lower() for item in items if not isinstance(item.expression, Ref)}
        used = {one.name.lower() for one in node.find_all(exp.Column)}
        if used & names:
            raise Unproven("HAVING by the name of what is selected")
        return Item(read(self._expression(node), self._reader.scope(rows, aggregates=True)), None)

    def _keys(self, group: exp.Expr | None, rows: Rows) -> tuple[list[Item], list[Sequence[int]] | None]:
        if group is None:
            return [], None
        check_parts(group, "expressions")
        scope = self._reader.scope(rows)
        nodes = list(group.expressions)
        if len(nodes) == 1 and isinstance(nodes[0], exp.Rollup | exp.Cube | exp.GroupingSets):
            return self._sets(nodes[0], scope)
        if any(not isinstance(node, exp.Column) for node in nodes):
            raise Unproven("GROUP BY of values that are not columns")
        return [item_of(self._expression(node), scope) for node in nodes], None

    def _sets(self, node: exp.Expr, scope: NameScope) -> tuple[list[Item], list[Sequence[int]]]:
        check_parts(node, "expressions")
        parts = [_columns_of(one) for one in node.expressions]
        keys = list[Item]()
        places = list[tuple[int, ...]]()
        for part in parts:
            found = [item_of(self._expression(one), scope) for one in part]
            known = [key.expression for key in keys]
            keys += [one for one in found if one.expression not in known]
            known = [key.expression for key in keys]
            places.append(tuple(known.index(one.expression) for one in found))
        if not keys or len(keys) > _MOST_KEYS:
            raise Unproven("grouping by several sets of many keys, or of none")
        if isinstance(node, exp.GroupingSets):
            sets: list[Sequence[int]] = [*places]
        elif any(len(one) != 1 for one in places) or len(keys) < len(places):
            raise Unproven("a rollup or a cube of several keys at once")
        elif isinstance(node, exp.Rollup):
            sets = [range(size) for size in range(len(keys), -1, -1)]
        else:
            sets = choices(range(len(keys)))
        if len({tuple(sorted(one)) for one in sets}) < len(sets):
            raise Unproven("grouping by the same keys twice")
        return keys, sets

    def _distinct(self, rows: Rows) -> Rows:
        step = pb.Relation()
        step.deduplicate.input.CopyFrom(self._made(rows))
        step.deduplicate.all_columns_as_keys = True
        return self._reader.read(step)

    def _ended(self, tree: exp.Expr, rows: Rows) -> Rows:
        """The rows as ORDER BY and LIMIT at the end of the query leave them."""
        if (order := tree.args.get("order")) is not None:
            check_parts(order, "expressions")
            if any(not isinstance(one.this, exp.Column) for one in order.expressions):
                raise Unproven("ORDER BY of a value that is not a name")
            step = pb.Relation()
            step.sort.input.CopyFrom(self._made(rows))
            step.sort.order.extend(map(read_order, order.expressions))
            step.sort.is_global = True
            rows = self._reader.read(step)
        if (limit := tree.args.get("limit")) is not None:
            check_parts(limit, "expression")
            wanted = self._expression(limit.expression)
            if not wanted.literal.HasField("integer"):
                raise Unproven("LIMIT with a value that is not a whole number")
            step = pb.Relation()
            step.limit.input.CopyFrom(self._made(rows))
            step.limit.limit = wanted.literal.integer
            rows = self._reader.read(step)
        return rows

    def _joined(
        self, left: pb.Relation, node: exp.Expr, tables: Mapping[str, _Query | pb.Relation], depth: int
    ) -> pb.Relation:
        check_parts(node, "this", "on", "using", "side", "kind")
        kind = _JOINS.get((str(node.args.get("side") or ""), str(node.args.get("kind") or "")))
        if kind is None:
            raise Unproven("a join of this kind in SQL text")
        step = pb.Relation()
        step.join.left.CopyFrom(left)
        step.join.right.CopyFrom(self._table(node.this, tables, depth))
        step.join.join_type = kind
        if (condition := node.args.get("on")) is not None:
            step.join.join_condition.CopyFrom(self._expression(condition))
        step.join.using_columns.extend(one.name for one in node.args.get("using") or ())
        return step

    def _table(self, node: exp.Expr, tables: Mapping[str, _Query | pb.Relation], depth: int) -> pb.Relation:
        """What stands behind FROM, under its name."""
        named = node.args.get("alias")
        if named is not None:
            check_parts(named, "this")
        name = "" if named is None else named.this.name
        if isinstance(node, exp.Subquery):
            check_parts(node, "this", "alias")
            rows = self._made(self.query(_Query(node.this, tables), depth))
        elif isinstance(node, exp.Table):
            check_parts(node, "this", "alias")
            found = tables.get(node.name.lower())
            if found is None:
                raise Unproven("a table that is not known")
            name = name or node.name
            rows = self._made(self.query(found, depth)) if isinstance(found, _Query) else found
        else:
            raise _unknown(node)
        if not name:
            return rows
        step = pb.Relation()
        step.subquery_alias.alias = name
        step.subquery_alias.input.CopyFrom(rows)
        return step

    def _made(self, rows: Rows) -> pb.Relation:
        """Rows as a relation that steps may stand on."""
        return self._reader.prepared(rows)

    def _expression(self, node: exp.Expr) -> pb.Expression:
        return read_node(node, self._values)


def _columns_of(node: exp.Expr) -> list[exp.Expr]:
    """The columns of a set of keys."""
    match node:
        case exp.Column():
            return [node]
        case exp.Paren():
            return _columns_of(node.this)
        case exp.Tuple():
            return [one for part in node.expressions for one in _columns_of(part)]
    raise Unproven("grouping by values that are not columns")


_SET_OPERATIONS: Final[Mapping[type[exp.Expr], pb.SetOperation.SetOpType.ValueType]] = {
    exp.Union: pb.SetOperation.SET_OP_TYPE_UNION,
    exp.Intersect: pb.SetOperation.SET_OP_TYPE_INTERSECT,
    exp.Except: pb.SetOperation.SET_OP_TYPE_EXCEPT,
}
