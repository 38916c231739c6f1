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
from typing import Final, Literal

import pyspark.sql.connect.proto as pb

from engine.native.compiled import is_compiled
from engine.native.expressions import Scope, literal, read
from engine.native.hashing import is_hashed
from engine.native.lines import normal
from engine.native.local import local_rows
from engine.native.names import automatic_name, find_column, is_automatic
from engine.native.nested import elements
from engine.native.read_sql import read_sql
from engine.native.scans import Scan
from engine.native.steps import filled, is_kept
from engine.native.tree import (
    Call,
    Column,
    Expr,
    Ref,
    Value,
    Window,
    aggregates,
    equates,
    free_columns,
    has_window,
    is_aggregate,
    is_constant,
    rebuilt,
    windows,
)
from engine.native.types import (
    BINARY,
    BOOLEAN,
    FLOATS,
    INSTANTS,
    LONG,
    STRING,
    Decimal,
    Other,
    SparkType,
    Struct,
    duckdb_name,
    holds_floats,
    is_ordered,
    to_proto,
)
from engine.native.unproven import Unproven
from engine.native.windows import NULLS, WAYS
from engine.native.writer import aggregate_guard, any_of, column_name, guard, quoted, write

# What is known of the order of a query's rows: that of one file, the same in one partition of Spark's, that
# of the groups of such rows, at most one row, sorted by the keys (and open among equal ones), or nothing.
Order = Literal["file", "whole", "hashed", "one", "sorted", "open"]
FLAG: Final = "g"
# Of rows in one partition: the place of each, or of the first of its group.
PLACE: Final = "r"
_MOST_RELATIONS: Final = 60
_PREPARED: Final = "prepared "
_MOST_ROWS: Final = 1_000_000


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
        keys: columns of the query beside the others: what rows are sorted by; PLACE of those of one
            partition, with what they are grouped by behind it if they are groups.
        hashes: the types of what they are grouped by.
        cut: whether a limit has been put on them, behind which Spark does not part groups any more.
        narrow: whether what is aggregated of them fits into the first of Spark's two hash tables.
        by: how they sort it, for ORDER BY; the query itself may give the rows in any order.
        equated: whether a filter says that two things are equal; see `equates`.
        most: how many rows are wanted of it; it may give more. Where nothing sorts them they are all wanted.
    """

    sql: str
    columns: tuple[Column, ...]
    order: Order
    flagged: bool = False
    guards: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    hashes: tuple[SparkType, ...] = ()
    cut: bool = False
    narrow: bool = False
    by: tuple[str, ...] = ()
    equated: bool = False
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An expression of a projection.

    Attributes:
        expression: it.
        name: of its column.
        automatic: whether Spark makes that name.
        kept: whether it is the very column below, to references by plan id as well.
    """

    expression: Expr
    name: str | None
    automatic: bool = False
    kept: bool = False


def item_of(expression: pb.Expression, scope: Scope) -> Item:
    """An expression with the name of its column."""
    kept = expression.WhichOneof("expr_type") == "unresolved_attribute"
    return Item(read(expression, scope), automatic_name(expression), is_automatic(expression), kept)


@dataclass(slots=True)
class Reader:
    """Reads one plan.

    Attributes:
        scan: what a relation that reads files gives; raises `Unproven`.
        steps: readers of relations beside those of this module.
        ids: columns of the relations that were read, by their plan ids.
        aliases: names of the relations that were read, in small letters.
    """

    scan: Callable[[pb.Read], Scan]
    steps: Mapping[str, Callable[[Reader, pb.Relation], Rows]] = field(default_factory=dict)
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
        reader = _READERS.get(kind) or self.steps.get(kind)
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
            self._numbers, name, expression.type, expression.nullable, expression.approximate, automatic
        )

    def scope(self, rows: Rows, *, aggregates: bool = False, windows: bool = False) -> Scope:
        """What references above a relation mean."""
        return Scope(rows.columns, self.ids, aggregates, windows, frozenset(self.aliases))

    def projected(self, rows: Rows, items: Sequence[tuple[Expr, Column]]) -> Rows:
        """One row of expressions for each row."""
        parts = [f"{write(expression)} AS {column_name(column)}" for expression, column in items]
        flag = any_of([*([FLAG] if rows.flagged else []), *(guard(expression) for expression, _ in items)])
        parts += [] if flag is None else [f"{flag} AS {FLAG}"]
        parts += rows.keys
        columns = tuple(column for _, column in items)
        return replace(rows, sql=select(parts, rows.sql), columns=columns, flagged=flag is not None)

    def aggregated(
        self,
        rows: Rows,
        keys: Sequence[Item],
        items: Sequence[Item],
        sets: Sequence[Sequence[int]] | None = None,
        made: Sequence[Column] = (),
    ) -> Rows:
        """One row for each combination of keys: the keys, then the aggregates.

        Args:
            rows: what is aggregated.
            keys: what it is grouped by.
            items: the aggregates.
            sets: places of the keys that it is grouped by, one set after the other; None: by all.
            made: the columns of the keys, if they have been made already.
        """
        if rows.most is not None:
            raise Unproven("an aggregate over some rows")
        outputs, names = list[Column](), list[str]()
        inner = ["*"] if keys else []
        for place, item in enumerate(keys):
            key = item.expression
            if not is_ordered(key.type) or key.approximate or is_aggregate(key):
                raise Unproven("grouping by something that is not compared")
            output = made[place] if made else self.column(key, item.name, automatic=item.automatic)
            outputs.append(output)
            names.append(column_name(output))
            inner.append(f"{normal(key.type, write(key))} AS {column_name(output)}")
        flags = [guard(item.expression) for item in keys]
        below = any_of([*([FLAG] if rows.flagged else []), *flags])
        source = rows.sql
        if keys:
            inner += [] if below is None else [f"{below} AS h"]
            source = select(inner, rows.sql)
        parts, guards = list(names), list[str | None]()
        if below is not None:
            guards.append(f"bool_or({'h' if keys else below})")
        known = {
            item.expression.column: output
            for item, output in zip(keys, outputs, strict=True)
            if isinstance(item.expression, Ref)
        }
        for item in items:
            expression = item.expression
            if not free_columns(expression) <= known.keys():
                raise Unproven("a column that is neither grouped by nor aggregated")
            over = _renamed(expression, known)
            output = self.column(over, item.name, automatic=item.automatic)
            outputs.append(output)
            parts.append(f"{write(over)} AS {column_name(output)}")
            guards += [aggregate_guard(over), guard(over)]
        flag = any_of(guards)
        parts += [] if flag is None else [f"{flag} AS {FLAG}"]
        if not parts:
            raise Unproven("an aggregate of nothing")
        sql = select(parts, source)
        if sets is not None:
            wanted = ", ".join(f"({', '.join(names[place] for place in one)})" for one in sets)
            # Of no rows Spark gives none, not even that of all of them.
            sql += f" GROUP BY GROUPING SETS ({wanted}) HAVING count(*) > 0"
        elif names:
            sql += " GROUP BY " + ", ".join(names)
        order: Order = "open" if keys else "one"
        flagged = flag is not None
        ordered = rows.order == "whole" and not rows.cut and keys and _keeps_order(keys, items)
        if ordered and is_compiled(sql, *([one.expression for one in part] for part in (keys, items))):
            return _in_order(rows, outputs, sql, flagged, outputs[: len(keys)], items, sets)
        return Rows(sql, tuple(outputs), order, flagged, rows.guards, rows.asked, equated=rows.equated)


def _keeps_order(keys: Sequence[Item], items: Sequence[Item]) -> bool:
    """Whether Spark aggregates in a hash table, of which the order of groups is known."""
    calls = [call for item in items for call in aggregates(item.expression)]
    fixed = all(call.line.name in _HASHED and _is_fixed(call.type) for call in calls)
    # Of keys that are the same, or constant, Spark takes one, or none.
    computed = [key.expression for key in keys if not isinstance(key.expression, Ref)]
    plain = len(computed) < 2 and not any(map(is_constant, computed))
    if not plain or len({key.expression for key in keys}) < len(keys):
        return False
    return fixed and all(is_hashed(key.expression.type) for key in keys)


def _is_fixed(kind: SparkType) -> bool:
    return kind not in (STRING, BINARY)


# Decimals of more digits are no long numbers.
MOST_LONG_DIGITS: Final = 18
_HASHED: Final = frozenset(
    {
        "count", "sum", "avg", "min", "max", "count_if", "bool_and", "bool_or", "stddev_samp", "stddev_pop",
        "var_samp", "var_pop", "covar_samp", "covar_pop", "corr", "grouping_id",
    }
)  # fmt: skip


def _in_order(
    rows: Rows,
    outputs: Sequence[Column],
    sql: str,
    flagged: bool,
    keys: Sequence[Column],
    items: Sequence[Item],
    sets: Sequence[Sequence[int]] | None,
) -> Rows:
    """Groups with the place of the first row of each, and with their keys.

    Of several sets Spark makes a row of each for every row, and groups by which one it is as well.
    """
    calls = [call for item in items for call in aggregates(item.expression)]
    narrow = not any(
        isinstance(call.type, Decimal) and call.type.precision > MOST_LONG_DIGITS for call in calls
    )
    written = [f"{column_name(key)} AS h{place}" for place, key in enumerate(keys)]
    kinds, first = [key.type for key in keys], f"min({PLACE})"
    if sets is not None:
        which = f"GROUPING({', '.join(map(column_name, keys))})"
        masks = [
            sum(1 << (len(keys) - 1 - place) for place in range(len(keys)) if place not in one)
            for one in sets
        ]
        turns = " ".join(f"WHEN {mask} THEN {turn}" for turn, mask in enumerate(masks))
        first = f"min({PLACE}) * {len(sets)} + CASE {which} {turns} END"
        written.append(f"CAST({which} AS BIGINT) AS h{len(keys)}")
        kinds.append(LONG)
    first = f"{first} AS {PLACE}, {', '.join(written)}, "
    return Rows(
        sql.replace("SELECT ", f"SELECT {first}", 1), tuple(outputs), "hashed", flagged, rows.guards,
        rows.asked, (PLACE, *(f"h{place}" for place in range(len(kinds)))), tuple(kinds),
        narrow=narrow, equated=rows.equated,
    )  # fmt: skip


def _read(reader: Reader, relation: pb.Relation) -> Rows:
    if (prepared := reader.made(relation.read)) is not None:
        return prepared
    scan = reader.scan(relation.read)
    columns, parts = list[Column](), list[str]()
    for one in scan.fields:
        made = reader.column(Value(None, one.type), one.name)
        name = duckdb_name(one.type)
        if isinstance(one.type, Struct) and name is None and not one.unproven:
            columns.append(made)
            parts.append(f"{_identifier(one.name)} AS {column_name(made)}")
            continue
        if one.unproven or name is None:
            # It may be passed over; a reference to it finds a column that nothing can be done with.
            hidden = Other(to_proto(one.type).SerializeToString(deterministic=True))
            columns.append(replace(made, type=hidden))
            continue
        text = _identifier(one.name)
        if one.type in INSTANTS:
            text = f"make_timestamp(epoch_us({text}))"
        columns.append(made)
        parts.append(f"CAST({text} AS {name}) AS {column_name(made)}")
    files = ", ".join(quoted(path) for path in scan.paths)
    parts = parts or ["1 AS nothing"]
    source = f"read_parquet([{files}], union_by_name = false, hive_partitioning = false)"
    if scan.whole:
        source = source.removesuffix(")") + ", file_row_number = true)"
        sql = f"SELECT {', '.join(parts)}, file_row_number AS {PLACE} FROM {source}"  # noqa: S608 - generated names only
        return Rows(sql, tuple(columns), "whole", keys=(PLACE,))
    order: Order = "file" if len(scan.paths) == 1 else "open"
    return Rows(f"SELECT {', '.join(parts)} FROM {source}", tuple(columns), order)  # noqa: S608 - generated names only


def _identifier(name: str) -> str:
    if "\0" in name:
        raise Unproven("a column with an unusual name")
    return '"' + name.replace('"', '""') + '"'


def _alias(reader: Reader, relation: pb.Relation) -> Rows:
    alias = relation.subquery_alias.alias.lower()
    rows = reader.read(relation.subquery_alias.input)
    reader.aliases.add(alias)
    return replace(rows, columns=tuple(replace(one, alias=alias) for one in rows.columns))


def _project(reader: Reader, relation: pb.Relation) -> Rows:
    if not relation.project.HasField("input"):
        raise Unproven("a projection of nothing")
    rows = reader.read(relation.project.input)
    messages = [_written_out(one) for one in relation.project.expressions]
    rows, messages = _exploded(reader, rows, messages)
    scope, items = reader.scope(rows, aggregates=True, windows=True), list[Item]()
    for one in messages:
        if _is_star(one):
            items += [Item(Ref(column), column.name, kept=True) for column in rows.columns]
        else:
            items.append(item_of(one, scope))
    if any(is_aggregate(item.expression) for item in items):
        if any(has_window(item.expression) for item in items):
            raise Unproven("window functions over aggregates")
        return reader.aggregated(rows, [], items)
    return projected_items(reader, rows, items)


def _exploded(reader: Reader, rows: Rows, messages: list[pb.Expression]) -> tuple[Rows, list[pb.Expression]]:
    """The rows for each element of an array, if there is `explode`, which is a column of theirs then."""
    places = [place for place, one in enumerate(messages) if _generator(one) is not None]
    if not places:
        return rows, messages
    if len(places) > 1 or rows.most is not None or rows.order == "sorted" or any(map(_is_star, messages)):
        raise Unproven("explode more than once, beside a star, or of sorted or limited rows")
    [place] = places
    call = _generator(messages[place])
    if call is None or len(call.arguments) != 1:
        raise Unproven("the function explode")
    array = read(call.arguments[0], reader.scope(rows))
    held = elements(array.type)
    if held is None or duckdb_name(held[0]) is None:
        raise Unproven("explode of what is no array of plain values")
    made = replace(reader.column(Value(None, held[0]), f"{_EXPLODED}{place}"), nullable=held[1])
    long = f"len({write(array)}) > {_MOST_ELEMENTS}"
    flag = any_of([*([FLAG] if rows.flagged else []), guard(array), long])
    names = [column_name(one) for one in rows.columns if not isinstance(one.type, Other)]
    parts = [*names, f"unnest({write(array)}) AS {column_name(made)}", f"{flag} AS {FLAG}"]
    order: Order = "open"
    if rows.order == "whole":
        order = "whole"
        parts.append(f"{PLACE} * {_MOST_ELEMENTS} + unnest(range(len({write(array)}))) AS {PLACE}")
    result = replace(
        rows, sql=select(parts, rows.sql), columns=(*rows.columns, made), flagged=True, order=order,
        keys=(PLACE,) if order == "whole" else (), hashes=(), by=(),
    )  # fmt: skip
    name = automatic_name(messages[place]) if messages[place].HasField("alias") else "col"
    reference = pb.Expression()
    reference.alias.name.append(name or "col")
    reference.alias.expr.unresolved_attribute.unparsed_identifier = made.name or ""
    return result, [*messages[:place], reference, *messages[place + 1 :]]


_EXPLODED: Final = "exploded "
_MOST_ELEMENTS: Final = 1 << 20


def _generator(expression: pb.Expression) -> pb.Expression.UnresolvedFunction | None:
    """The call of `explode`, if it is one."""
    inner = expression.alias.expr if expression.HasField("alias") else expression
    if inner.HasField("expression_string"):
        inner = read_sql(inner.expression_string.expression)
    called = inner.HasField("unresolved_function") and inner.unresolved_function.function_name == "explode"
    return inner.unresolved_function if called else None


def projected_items(reader: Reader, rows: Rows, items: Sequence[Item]) -> Rows:
    """A projection. What nothing is computed of goes through without a value."""
    if any(has_window(item.expression) for item in items):
        if rows.most is not None:
            raise Unproven("window functions over limited rows")
        # Spark leaves the rows as the windows need them.
        rows = replace(rows, order="one" if rows.order == "one" else "open", keys=(), hashes=(), by=())
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
    if isinstance(expression, Window):
        return replace(expression, rows=rows)
    return rebuilt(expression, lambda one: _telling(one, rows))


def _written_out(expression: pb.Expression) -> pb.Expression:
    """A star in SQL text as the star that it is."""
    is_star = expression.HasField("expression_string") and expression.expression_string.expression == "*"
    return pb.Expression(unresolved_star=pb.Expression.UnresolvedStar()) if is_star else expression


def _is_star(expression: pb.Expression) -> bool:
    star = expression.unresolved_star
    return (
        expression.WhichOneof("expr_type") == "unresolved_star"
        and not star.HasField("unparsed_target")
        and not star.HasField("plan_id")
    )


def _filter(reader: Reader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.filter.input)
    return filtered(rows, read(relation.filter.condition, reader.scope(rows)))


def filtered(rows: Rows, condition: Expr) -> Rows:
    """The rows for which a condition is true."""
    if rows.most is not None:
        raise Unproven("a filter over limited rows")
    if condition.type != BOOLEAN or condition.approximate:
        raise Unproven("a condition that is no Boolean")
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


def _with_columns(reader: Reader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.with_columns.input)
    scope = reader.scope(rows, windows=True)
    new = dict[str, tuple[str, Expr]]()
    for alias in relation.with_columns.aliases:
        if len(alias.name) != 1 or alias.HasField("metadata"):
            raise Unproven("a column with metadata")
        name = alias.name[0]
        if not name.isascii() or name.lower() in new:
            raise Unproven(f"a new column {name!r}, whose name is unusual or given twice")
        new[name.lower()] = name, read(alias.expr, scope)
    refuse_unknown(rows)
    items = list[Item]()
    for column in rows.columns:
        made = new.pop((column.name or "").lower(), None)
        items.append(Item(Ref(column), column.name, kept=True) if made is None else Item(made[1], made[0]))
    items += [Item(expression, name) for name, expression in new.values()]
    return projected_items(reader, rows, items)


def refuse_unknown(rows: Rows) -> None:
    """See that all names are known and different.

    Raises:
        Unproven: they are not.
    """
    names = [column.name for column in rows.columns]
    if None in names or len({(name or "").lower() for name in names}) < len(names):
        raise Unproven("columns whose names are not known for sure, or not different")


def _renamed_columns(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.with_columns_renamed
    rows = reader.read(step.input)
    if step.rename_columns_map or not step.renames:
        raise Unproven("renaming in an old form")
    refuse_unknown(rows)
    new = {one.col_name.lower(): one.new_col_name for one in step.renames}
    if len(new) < len(step.renames) or not all(name.isascii() for name in new):
        raise Unproven("renaming a column twice")
    columns = list[Column]()
    for one in rows.columns:
        name = new.get((one.name or "").lower())
        columns.append(one if name is None else replace(one, name=name, alias=""))
    return replace(rows, columns=tuple(columns))


def _to_df(reader: Reader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.to_df.input)
    names = relation.to_df.column_names
    if len(names) != len(rows.columns):
        raise Unproven("toDF with another number of names")
    columns = tuple(replace(one, name=name, alias="") for one, name in zip(rows.columns, names, strict=True))
    return replace(rows, columns=columns)


def _drop(reader: Reader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.drop.input)
    refuse_unknown(rows)
    gone = {name.lower() for name in relation.drop.column_names}
    for one in relation.drop.columns:
        expression = read(one, reader.scope(rows))
        if not isinstance(expression, Ref):
            raise Unproven("dropping what is no column")
        gone.add((expression.column.name or "").lower())
    if not all(name.isascii() for name in gone):
        raise Unproven("dropping a column with an unusual name")
    return replace(rows, columns=tuple(one for one in rows.columns if (one.name or "").lower() not in gone))


def _aggregate(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.aggregate
    other = reader.steps.get(f"aggregate {step.group_type}")
    if other is not None:
        return other(reader, relation)
    rows = reader.read(step.input)
    if step.group_type != pb.Aggregate.GROUP_TYPE_GROUPBY or step.HasField("pivot") or step.grouping_sets:
        raise Unproven("grouping in an unusual way")
    keys, items = items_of(reader, rows, step)
    return reader.aggregated(rows, keys, items)


def items_of(reader: Reader, rows: Rows, step: pb.Aggregate) -> tuple[list[Item], list[Item]]:
    """The keys and the aggregates of a step."""
    scope = reader.scope(rows)
    keys = [item_of(one, scope) for one in step.grouping_expressions]
    over = reader.scope(rows, aggregates=True)
    return keys, [item_of(one, over) for one in step.aggregate_expressions]


def _sort(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.sort
    rows = reader.read(step.input)
    if rows.most is not None or rows.order == "sorted":
        raise Unproven("sorting sorted or limited rows")
    if step.HasField("is_global") and not step.is_global:
        raise Unproven("sorting within partitions")
    scope, keys, by = reader.scope(rows), list[str](), list[str]()
    parts = ["*"]
    for number, order in enumerate(step.order):
        key = read(order.child, scope)
        if not is_ordered(key.type) or key.approximate or guard(key) is not None:
            raise Unproven("sorting by what is not compared, or may raise an error")
        way, nulls = WAYS.get(order.direction), NULLS.get(order.null_ordering)
        if way is None or nulls is None:
            raise Unproven("sorting in a way that is not said")
        name = f"k{number}"
        keys.append(name)
        by.append(f"{name} {way} {nulls}")
        parts.append(f"{normal(key.type, write(key))} AS {name}")
    if rows.order == "one" or not keys:
        return rows
    sql = select(parts, rows.sql)
    return replace(rows, sql=sql, order="sorted", keys=tuple(keys), hashes=(), by=tuple(by))


def _limit(reader: Reader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.limit.input)
    most = relation.limit.limit
    if rows.order == "one" and most >= 1:
        return rows
    if rows.order == "sorted" and rows.most is None and 0 < most < _MOST_ROWS:
        rows = unflagged(rows, None)
        # One more than is wanted shows whether the last one is fixed.
        sql = f"{rows.sql} ORDER BY {', '.join(rows.by)} LIMIT {most + 1}"
        return replace(rows, sql=sql, most=most)
    if rows.most is None and rows.order == "whole" and 0 < most < _MOST_ROWS:
        # The first rows of the only partition.
        rows = unflagged(rows, None)
        return replace(rows, sql=f"{rows.sql} ORDER BY {PLACE} LIMIT {most}", cut=True)
    if rows.most is None and rows.order != "sorted" and 0 < most < _MOST_ROWS:
        # All rows, if they are not more than that.
        order: Order = "open" if rows.order in ("file", "hashed") else rows.order
        return replace(rows, most=most, order=order, keys=(), hashes=())
    raise Unproven("a limit, which leaves open what rows it gives")


def _deduplicate(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.deduplicate
    rows = reader.read(step.input)
    if step.within_watermark:
        raise Unproven("dropping duplicates within a watermark")
    if step.column_names:
        return _one_of_each(reader, rows, [find_column(rows.columns, name) for name in step.column_names])
    distinct = reader.aggregated(rows, [Item(Ref(column), column.name) for column in rows.columns], [])
    return replace(distinct, order="one") if rows.order == "one" else distinct


def _one_of_each(reader: Reader, rows: Rows, keys: Sequence[Column]) -> Rows:
    """One row for each combination of some columns; which one is open, so nothing is told of the others."""
    distinct = reader.aggregated(rows, [Item(Ref(column), column.name) for column in keys], [])
    made = dict(zip(keys, distinct.columns, strict=True))
    columns = tuple(made.get(one) or _hidden(reader, one) for one in rows.columns)
    # Spark keeps the first of the others, for which it may have to sort.
    return replace(
        distinct, columns=columns, order="one" if rows.order == "one" else "open", keys=(), hashes=()
    )


def _hidden(reader: Reader, column: Column) -> Column:
    kind = Other(to_proto(column.type).SerializeToString(deterministic=True))
    return replace(reader.column(Ref(column), column.name), type=kind)


def _drop_na(reader: Reader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.drop_na.input)
    return filtered(rows, is_kept(rows.columns, relation.drop_na))


def _fill_na(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.fill_na
    rows = reader.read(step.input)
    refuse_unknown(rows)
    made = filled(rows.columns, step, [literal(value) for value in step.values])
    pairs = zip(made, rows.columns, strict=True)
    return projected_items(
        reader, rows, [Item(one, column.name, kept=isinstance(one, Ref)) for one, column in pairs]
    )


def _join(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.join
    left, right = reader.read(step.left), reader.read(step.right)
    kind = _JOINS.get(step.join_type)
    if kind is None or step.HasField("join_data_type"):
        raise Unproven("a join of this kind")
    left, right = _settled(left), _settled(right)
    asked = (*left.asked, *right.asked)
    both = (*left.columns, *right.columns)
    if step.using_columns:
        condition, shared = _using(left, right, list(step.using_columns))
    elif step.HasField("join_condition"):
        refuse_twice(both)
        typed = read(step.join_condition, Scope(both, reader.ids, aliases=frozenset(reader.aliases)))
        if guard(typed) is not None or typed.approximate or typed.type != BOOLEAN:
            raise Unproven("a condition of a join that may raise an error")
        condition, shared = write(typed), frozenset[int]()
    elif step.join_type == pb.Join.JOIN_TYPE_CROSS:
        condition, shared = "true", frozenset[int]()
    else:
        raise Unproven("a join without a condition")
    if kind in ("SEMI", "ANTI"):
        sql = (
            f"SELECT * FROM ({left.sql}) AS l WHERE {'NOT ' if kind == 'ANTI' else ''}"  # noqa: S608 - generated names only
            f"EXISTS (SELECT 1 FROM ({right.sql}) AS r WHERE {condition})"
        )
        return _joined(sql, left.columns, asked)
    outer = kind == "LEFT"
    rest = [replace(one, nullable=True) if outer else one for one in right.columns]
    first = [find_column(left.columns, name) for name in step.using_columns]
    others = [one for one in left.columns if one.number not in shared]
    columns = (*first, *others, *(one for one in rest if one.number not in shared))
    names = [column_name(one) for one in columns if not isinstance(one.type, Other)]
    parts = ", ".join(names) or "1 AS nothing"
    sql = f"SELECT {parts} FROM ({left.sql}) AS l {kind} JOIN ({right.sql}) AS r ON {condition}"  # noqa: S608 - generated names only
    return _joined(sql, columns, asked)


def _settled(side: Rows) -> Rows:
    """A side of a join; what is not proven of its rows is asked of all of them.

    Spark computes no more of them: only conditions pass from one side of a join to the other.
    """
    if side.guards or side.most is not None:
        raise Unproven("a join of limited rows, or of such as a condition has left that may raise an error")
    plain = unflagged(side, None)
    return replace(plain, guards=(), asked=(*plain.asked, *plain.guards))


def _joined(sql: str, columns: tuple[Column, ...], asked: tuple[str, ...]) -> Rows:
    refuse_twice(columns)
    return Rows(sql, columns, "open", asked=asked, equated=True)


def _using(left: Rows, right: Rows, names: Sequence[str]) -> tuple[str, frozenset[int]]:
    """The condition of a join by names, and the columns of both sides that it makes one."""
    conditions, shared = list[str](), set[int]()
    for name in names:
        one, other = find_column(left.columns, name), find_column(right.columns, name)
        if one.type != other.type or not is_ordered(one.type) or one.approximate or other.approximate:
            raise Unproven("a join by columns of different types")
        if name != one.name or one.name != other.name:
            raise Unproven("a join by names that are spelled differently")
        conditions.append(f"({column_name(one)} = {column_name(other)})")
        shared |= {one.number, other.number}
    return " AND ".join(conditions), frozenset(shared)


def refuse_twice(columns: Sequence[Column]) -> None:
    """See that no column is there twice.

    Raises:
        Unproven: rows are joined with themselves.
    """
    if len({column.number for column in columns}) < len(columns):
        raise Unproven("a join of rows with themselves")


_JOINS: Final[Mapping[int, str]] = {
    pb.Join.JOIN_TYPE_INNER: "INNER",
    pb.Join.JOIN_TYPE_CROSS: "INNER",
    pb.Join.JOIN_TYPE_LEFT_OUTER: "LEFT",
    pb.Join.JOIN_TYPE_LEFT_SEMI: "SEMI",
    pb.Join.JOIN_TYPE_LEFT_ANTI: "ANTI",
}


def _hint(reader: Reader, relation: pb.Relation) -> Rows:
    if relation.hint.name.lower() not in ("broadcast", "merge", "shuffle_hash", "shuffle_replicate_nl"):
        raise Unproven("a hint of another kind")
    rows = reader.read(relation.hint.input)
    if rows.order in ("file", "whole", "hashed"):
        return replace(rows, order="open", keys=(), hashes=())
    return rows


def _set_operation(reader: Reader, relation: pb.Relation) -> Rows:
    step = relation.set_op
    left, right = reader.read(step.left_input), reader.read(step.right_input)
    operator = _SET_OPERATORS.get((step.set_op_type, step.is_all))
    if operator is None:
        raise Unproven("a set operation of this kind")
    left, right = _settled(left), _settled(right)
    if step.by_name and step.allow_missing_columns:
        left, right = _completed(reader, left, right), _completed(reader, right, left)
    if len(left.columns) != len(right.columns):
        raise Unproven("a set operation on different numbers of columns")
    others = right.columns
    if step.by_name:
        others = tuple(find_column(right.columns, one.name or "") for one in left.columns)
        if len({one.number for one in others}) < len(others):
            raise Unproven("a set operation by names that are not all different")
    columns = list[Column]()
    for one, other in zip(left.columns, others, strict=True):
        floats = operator != "UNION ALL" and one.type in FLOATS
        if one.type != other.type or not is_ordered(one.type) or floats:
            raise Unproven("a set operation on columns of different or unusual types")
        made = reader.column(Ref(one), one.name)
        nullable = {
            "UNION ALL": one.nullable or other.nullable,
            "INTERSECT": one.nullable and other.nullable,
            "EXCEPT": one.nullable,
        }[operator]
        columns.append(replace(made, nullable=nullable, approximate=one.approximate or other.approximate))
    if operator != "UNION ALL" and any(one.approximate for one in columns):
        raise Unproven("a set operation on values whose last bits are not fixed")
    first = select(
        [f"{column_name(a)} AS {column_name(b)}" for a, b in zip(left.columns, columns, strict=True)],
        left.sql,
    )
    second = select([column_name(one) for one in others], right.sql)
    sql, asked = f"({first}) {operator} ({second})", (*left.asked, *right.asked)
    return Rows(sql, tuple(columns), "open", asked=asked, equated=left.equated or right.equated)


def _completed(reader: Reader, rows: Rows, other: Rows) -> Rows:
    """Rows with nulls in the columns that only the others have."""
    refuse_unknown(rows)
    refuse_unknown(other)
    here = {(one.name or "").lower() for one in rows.columns}
    missing = [one for one in other.columns if (one.name or "").lower() not in here]
    nulls = [Item(Value(None, one.type), one.name) for one in missing]
    if not missing:
        return rows
    return projected_items(
        reader, rows, [Item(Ref(one), one.name, kept=True) for one in rows.columns] + nulls
    )


_SET_OPERATORS: Final[Mapping[tuple[int, bool], str]] = {
    (pb.SetOperation.SET_OP_TYPE_UNION, True): "UNION ALL",
    (pb.SetOperation.SET_OP_TYPE_INTERSECT, False): "INTERSECT",
    (pb.SetOperation.SET_OP_TYPE_EXCEPT, False): "EXCEPT",
}


def _local(reader: Reader, relation: pb.Relation) -> Rows:
    fields, rows = local_rows(relation.local_relation)
    columns = [
        replace(reader.column(Value(None, kind), name), nullable=nullable) for name, kind, nullable in fields
    ]
    names = ", ".join(map(column_name, columns))
    if not rows:
        parts = [f"{write(Value(None, one.type))} AS {column_name(one)}" for one in columns]
        return Rows(f"SELECT {', '.join(parts)} WHERE false", tuple(columns), "one")
    values = ", ".join(f"({', '.join(map(write, row))})" for row in rows)
    sql = f"SELECT * FROM (VALUES {values}) AS t({names})"  # noqa: S608 - generated names only
    return Rows(sql, tuple(columns), "one" if len(rows) == 1 else "open")


def select(parts: Sequence[str], source: str) -> str:
    """A query of these parts over another one."""
    return f"SELECT {', '.join(parts) or '1 AS nothing'} FROM ({source}) AS t"  # noqa: S608 - generated names only


def _renamed(expression: Expr, known: Mapping[Column, Column]) -> Expr:
    """An expression over the keys as they are grouped by; arguments of aggregates stay as they are."""
    if isinstance(expression, Ref):
        return Ref(known[expression.column])
    if isinstance(expression, Call) and expression.line.aggregate:
        return expression
    return rebuilt(expression, lambda one: _renamed(one, known))


_READERS: Final[Mapping[str, Callable[[Reader, pb.Relation], Rows]]] = {
    "read": _read,
    "subquery_alias": _alias,
    "project": _project,
    "filter": _filter,
    "with_columns": _with_columns,
    "with_columns_renamed": _renamed_columns,
    "to_df": _to_df,
    "drop": _drop,
    "aggregate": _aggregate,
    "sort": _sort,
    "limit": _limit,
    "deduplicate": _deduplicate,
    "drop_na": _drop_na,
    "fill_na": _fill_na,
    "local_relation": _local,
    "join": _join,
    "hint": _hint,
    "set_op": _set_operation,
}
