"""From the relations of a bound plan to queries of DuckDB, with Spark's schema. Pure, given its sources.

A query carries a column `g` where a row may be one that is not proven (see `Line.raises`): nothing between
the row and the answer may drop it. Where something would (a filter, an aggregate has it as an aggregate),
it is asked aside, by a query that gives one truth: a guard. A superset of the rows that Spark evaluates is
looked at, so that an error of Spark's is never missed; that is paid for by plans that go to Spark without
need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.spark.native.expressions import NameScope, read
from engine.spark.native.names import automatic_name, is_automatic
from engine.spark.native.relations.scans import Scan
from engine.spark.native.tree import (
    Column,
    Expr,
    Ref,
    WindowFunction,
    equates,
    has_window,
    may_be_constant,
    rebuilt,
    windows,
)
from engine.spark.native.types import (
    BOOLEAN,
    Other,
    SparkType,
    holds_floats,
)
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import any_of, column_name, guard, write

FLAG: Final = "g"


# Of rows in one partition: the place of each, or of the first of its group.
PLACE: Final = "r"


@dataclass(frozen=True, slots=True)
class Whole:
    """The order of one file that is one partition of Spark's; PLACE tells it.

    Attributes:
        cut: whether a limit has been put on the rows, behind which Spark does not part groups any more.
    """

    cut: bool = False

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns of the query beside the others."""
        return (PLACE,)


@dataclass(frozen=True, slots=True)
class Hashed:
    """The order of the groups of such rows; PLACE is that of the first row of each.

    Attributes:
        keys: the columns of the query, beside the others, that hold what the rows are grouped by.
        types: of these.
        narrow: whether what is aggregated of them fits into the first of Spark's two hash tables.
    """

    keys: tuple[str, ...]
    types: tuple[SparkType, ...]
    narrow: bool

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns of the query beside the others."""
        return (PLACE, *self.keys)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Sorted, and open among rows that are equal there; the query itself may give the rows in any order.

    Attributes:
        carried: the columns of the query, beside the others, that the rows are sorted by.
        by: how, for ORDER BY.
    """

    carried: tuple[str, ...]
    by: tuple[str, ...]


# What is known of the order of a query's rows; that is "file": that of one file, "one": there is at most one
# row, or "open": nothing.
Order: TypeAlias = Literal["file", "one", "open"] | Whole | Hashed | Sorted


_MOST_RELATIONS: Final = 60


_PREPARED: Final = "prepared "


@dataclass(frozen=True, slots=True)
class Rows:
    """A relation.

    Attributes:
        sql: a query that gives c<number> for each column, and `g` if it is flagged.
        columns: what authors see.
        order: of the rows.
        flagged: whether there is a column `g`.
        guards: queries that give one truth each, which must be false.
        asked: the same of rows of a side of a join, whatever is compared above.
        equated: whether a filter says that two things are equal; see `equates`.
        most: how many rows are wanted of it; it may give more. Where nothing sorts them they are all wanted.
    """

    sql: str
    columns: tuple[Column, ...]
    order: Order
    flagged: bool = False
    guards: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    equated: bool = False
    most: int | None = None

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns of the query beside the others, which tell the order."""
        return () if isinstance(self.order, str) else self.order.carried


@dataclass(frozen=True, slots=True)
class Item:
    """An expression of a projection.

    Attributes:
        expression: the expression, read with its types.
        name: the name of the column that it gives.
        automatic: whether Spark makes that name.
        kept: whether it is the very column below, to references by plan id as well.
    """

    expression: Expr
    name: str | None
    automatic: bool = False
    kept: bool = False


def item_of(expression: pb.Expression, scope: NameScope) -> Item:
    """An expression with the name of its column."""
    kept = expression.WhichOneof("expr_type") == "unresolved_attribute"
    return Item(read(expression, scope), automatic_name(expression), is_automatic(expression), kept)


@dataclass(slots=True)
class NativeReader:
    """Reads one plan.

    Attributes:
        scan: what a relation that reads files gives; raises `Unproven`.
        steps: readers of relations, by their kinds.
        ids: columns of the relations that were read, by their plan ids.
        aliases: names of the relations that were read, in small letters.
    """

    scan: Callable[[pb.Read], Scan]
    steps: Mapping[str, Callable[[NativeReader, pb.Relation], Rows]] = field(default_factory=dict)
    _numbers: int = 0
    _relations: int = 0
    ids: dict[int, tuple[Column, ...]] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    _prepared: dict[str, Rows] = field(default_factory=dict)

    def prepared(self, rows: Rows) -> pb.Relation:
        """Rows as a relation that steps may stand on, once."""
        name = f"{_PREPARED}{len(self._prepared)}"
        self._prepared[name] = rows
        made = pb.Relation()
        made.read.named_table.unparsed_identifier = name
        return made

    def made(self, read: pb.Read) -> Rows | None:
        """The rows that a relation stands for, if it is such a one."""
        return self._prepared.pop(read.named_table.unparsed_identifier, None)

    def read(self, relation: pb.Relation) -> Rows:
        """The rows of a relation.

        Raises:
            Unproven: something of it is not known.
        """
        self._relations += 1
        if self._relations > _MOST_RELATIONS:
            raise Unproven("a plan of many steps")
        kind = relation.WhichOneof("rel_type") or ""
        reader = self.steps.get(kind)
        if reader is None:
            raise Unproven(f"the step {kind}")
        rows = reader(self, relation)
        if rows.guards and rows.equated:
            raise Unproven("conditions that may raise an error beside columns that are compared")
        if relation.common.HasField("plan_id"):
            number = relation.common.plan_id
            # What occurs twice is ambiguous: nothing is found in it.
            self.ids[number] = () if number in self.ids else rows.columns
        return rows

    def column(self, expression: Expr, name: str | None, *, automatic: bool = False) -> Column:
        """A new column for an expression."""
        self._numbers += 1
        # A column that is only called otherwise keeps what is said of its old name.
        automatic |= isinstance(expression, Ref) and expression.column.automatic
        return Column(
            self._numbers,
            name,
            expression.type,
            expression.nullable,
            expression.approximate,
            automatic,
            constant=may_be_constant(expression),
        )

    def fresh(self, kind: SparkType, name: str | None, *, nullable: bool = True) -> Column:
        """A new column of a type, whatever is in it."""
        self._numbers += 1
        return Column(self._numbers, name, kind, nullable)

    def scope(self, rows: Rows, *, aggregates: bool = False, windows: bool = False) -> NameScope:
        """What references above a relation mean."""
        return NameScope(rows.columns, self.ids, aggregates, windows, frozenset(self.aliases))

    def projected(self, rows: Rows, items: Sequence[tuple[Expr, Column]]) -> Rows:
        """One row of expressions for each row."""
        parts = [f"{write(expression)} AS {column_name(column)}" for expression, column in items]
        flag = any_of([*([FLAG] if rows.flagged else []), *(guard(expression) for expression, _ in items)])
        parts += [] if flag is None else [f"{flag} AS {FLAG}"]
        parts += rows.carried
        columns = tuple(column for _, column in items)
        return replace(rows, sql=select(parts, rows.sql), columns=columns, flagged=flag is not None)


def projected_items(reader: NativeReader, rows: Rows, items: Sequence[Item]) -> Rows:
    """A projection. What nothing is computed of goes through without a value."""
    if any(has_window(item.expression) for item in items):
        if rows.most is not None:
            raise Unproven("window functions over limited rows")
        # Spark leaves the rows as the windows need them.
        rows = replace(rows, order="one" if rows.order == "one" else "open")
        items = _alike(rows.columns, items)
    pairs, passed, numbers = list[tuple[Expr, Column]](), list[Column](), set[int]()
    for item in items:
        made = reader.column(item.expression, item.name, automatic=item.automatic)
        if item.kept and isinstance(item.expression, Ref) and item.expression.column.number not in numbers:
            made = replace(item.expression.column, name=item.name)
        numbers.add(made.number)
        passed.append(made)
        if not isinstance(item.expression.type, Other):
            pairs.append((item.expression, made))
        elif not isinstance(item.expression, Ref):
            raise Unproven("something that is computed of an unusual type")
    result = reader.projected(rows, pairs)
    return replace(result, columns=tuple(passed))


def _alike(columns: Sequence[Column], items: Sequence[Item]) -> Sequence[Item]:
    """Items whose window functions do not care about ties of rows that are equal altogether.

    Which of them comes first is up to chance, but the rows that come of it are the same; not so if they are
    put into several orders, each of which may have another one first.
    """
    orders = {(one.partition, one.order) for item in items for one in windows(item.expression) if one.unique}
    if len(orders) != 1 or any(holds_floats(one.type) for one in columns):
        return items
    told = tuple(one for one in columns if not isinstance(one.type, Other))
    return [replace(item, expression=_telling(item.expression, told)) for item in items]


def _telling(expression: Expr, rows: tuple[Column, ...]) -> Expr:
    """An expression whose window functions know the rows that they are computed of."""
    if isinstance(expression, WindowFunction):
        return replace(expression, rows=rows)
    return rebuilt(expression, lambda one: _telling(one, rows))


def filtered(rows: Rows, condition: Expr) -> Rows:
    """The rows for which a condition is true."""
    if rows.most is not None:
        raise Unproven("a filter over limited rows")
    if condition.type != BOOLEAN or condition.approximate:
        raise Unproven("a condition that is not Boolean")
    checked = unflagged(rows, guard(condition))
    sql = f"SELECT * FROM ({checked.sql}) AS t WHERE {write(condition)}"  # noqa: S608 - generated names only
    return replace(checked, sql=sql, equated=checked.equated or equates(condition))


def unflagged(rows: Rows, condition: str | None) -> Rows:
    """The same rows, with their flag and a condition on them asked aside."""
    flag = any_of([*([FLAG] if rows.flagged else []), condition])
    if flag is None:
        return rows
    asked = f"SELECT coalesce(bool_or({flag}), false) FROM ({rows.sql}) AS t"  # noqa: S608 - generated names only
    sql = f"SELECT * EXCLUDE ({FLAG}) FROM ({rows.sql}) AS t" if rows.flagged else rows.sql  # noqa: S608 - generated names only
    return replace(rows, sql=sql, flagged=False, guards=(*rows.guards, asked))


def refuse_unknown(rows: Rows) -> None:
    """See that all names are known and different.

    Raises:
        Unproven: a name is not known, or there are two of it.
    """
    names = [column.name for column in rows.columns]
    if None in names or len({(name or "").lower() for name in names}) < len(names):
        raise Unproven("columns whose names are not known for sure, or not different")


def items_of(reader: NativeReader, rows: Rows, step: pb.Aggregate) -> tuple[list[Item], list[Item]]:
    """The keys and the aggregates of a step."""
    scope = reader.scope(rows)
    keys = [item_of(one, scope) for one in step.grouping_expressions]
    over = reader.scope(rows, aggregates=True)
    return keys, [item_of(one, over) for one in step.aggregate_expressions]


def select(parts: Sequence[str], source: str) -> str:
    """A query of these parts over another one."""
    return f"SELECT {', '.join(parts) or '1 AS nothing'} FROM ({source}) AS t"  # noqa: S608 - generated names only
