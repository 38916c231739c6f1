"""Groups of rows: one row for each combination of keys, with the aggregates over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.spark.native.compiled import is_compiled
from engine.spark.native.functions.lines import normal
from engine.spark.native.hashing import is_hashed
from engine.spark.native.relations.rows import (
    FLAG,
    PLACE,
    Hashed,
    Item,
    NativeReader,
    Order,
    Rows,
    Whole,
    select,
)
from engine.spark.native.tree import (
    Call,
    Column,
    Expr,
    Ref,
    Value,
    aggregates,
    free_columns,
    is_aggregate,
    may_be_constant,
    rebuilt,
)
from engine.spark.native.types import BINARY, FLOATS, LONG, STRING, Decimal, SparkType, is_ordered
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import aggregate_guard, any_of, column_name, guard, write

# Decimals of more digits are no long numbers.
_MOST_LONG_DIGITS: Final = 18

_HASHED: Final = frozenset(
    {
        "count", "sum", "avg", "min", "max", "count_if", "bool_and", "bool_or", "stddev_samp", "stddev_pop",
        "var_samp", "var_pop", "covar_samp", "covar_pop", "corr", "grouping_id",
    }
)  # fmt: skip


def aggregated(
    reader: NativeReader,
    rows: Rows,
    keys: Sequence[Item],
    items: Sequence[Item],
    sets: Sequence[Sequence[int]] | None = None,
    made: Sequence[Column] = (),
) -> Rows:
    """One row for each combination of keys: the keys, then the aggregates.

    Args:
        reader: makes the columns.
        rows: what is aggregated.
        keys: what it is grouped by.
        items: the aggregates.
        sets: places of the keys that it is grouped by, one set after the other; None: by all.
        made: the columns of the keys, if they have been made already.

    Raises:
        Unproven: something of it may be another in Spark.
    """
    if rows.most is not None:
        raise Unproven("an aggregate over some rows")
    for key in keys:
        _check_key(key.expression)
    grouped = list(made) or [reader.column(key.expression, key.name, automatic=key.automatic) for key in keys]
    over = [_over_groups(item.expression, keys, grouped) for item in items]
    computed = [
        (one, reader.column(one, item.name, automatic=item.automatic))
        for one, item in zip(over, items, strict=True)
    ]
    below = any_of([*([FLAG] if rows.flagged else []), *(guard(key.expression) for key in keys)])
    flag = any_of(
        [
            *([] if below is None else [f"bool_or({'h' if keys else below})"]),
            *(each for one in over for each in (aggregate_guard(one), guard(one))),
        ]
    )
    parts = [
        *map(column_name, grouped),
        *(f"{write(one)} AS {column_name(column)}" for one, column in computed),
        *([] if flag is None else [f"{flag} AS {FLAG}"]),
    ]
    if not parts:
        raise Unproven("an aggregate without columns")
    source = _below_groups(rows, keys, grouped, below)
    if not keys and below is None and not any(map(is_aggregate, over)):
        source = "SELECT 1 AS one"  # to DuckDB constants alone are no aggregate, but a column
    query = _GroupQuery(parts, source, grouped, sets)
    outputs = (*grouped, *(column for _, column in computed))
    order: Order = "open" if keys else "one"
    groups = Rows(
        query.written(), outputs, order, flag is not None, rows.guards, rows.asked, equated=rows.equated
    )
    if rows.order != Whole() or not keys or not _keeps_order(keys, items):
        return groups
    if not is_compiled(groups.sql, *([one.expression for one in part] for part in (keys, items))):
        return groups
    return _in_order(groups, query, items)


@dataclass(frozen=True, slots=True)
class _GroupQuery:
    """A query that gives one row for each group.

    Attributes:
        parts: what it selects.
        source: the query of which it groups the rows.
        keys: the columns of these by which it does.
        sets: places of the keys of each set, if it groups by several; else None.
    """

    parts: Sequence[str]
    source: str
    keys: Sequence[Column]
    sets: Sequence[Sequence[int]] | None

    def written(self, first: Sequence[str] = ()) -> str:
        """The query; with parts that are selected before the others."""
        sql, names = select([*first, *self.parts], self.source), self._names
        if self.sets is None:
            return f"{sql} GROUP BY {', '.join(names)}" if names else sql
        wanted = ", ".join(f"({', '.join(names[place] for place in one)})" for one in self.sets)
        # Of no rows Spark gives none, not even that of all of them.
        return f"{sql} GROUP BY GROUPING SETS ({wanted}) HAVING count(*) > 0"

    def place(self) -> str:
        """The place of the first row of a group.

        Of several sets Spark makes a row of each for every row.
        """
        if self.sets is None:
            return f"min({PLACE}) AS {PLACE}"
        masks = [
            sum(1 << (len(self.keys) - 1 - place) for place in range(len(self.keys)) if place not in one)
            for one in self.sets
        ]
        turns = " ".join(f"WHEN {mask} THEN {turn}" for turn, mask in enumerate(masks))
        return f"min({PLACE}) * {len(self.sets)} + CASE {self._which} {turns} END AS {PLACE}"

    def hashed(self) -> list[tuple[str, SparkType]]:
        """What Spark finds a group by, and its type: its keys, and of several sets which one it is."""
        found = [(name, key.type) for name, key in zip(self._names, self.keys, strict=True)]
        return found if self.sets is None else [*found, (f"CAST({self._which} AS BIGINT)", LONG)]

    @property
    def _names(self) -> list[str]:
        return list(map(column_name, self.keys))

    @property
    def _which(self) -> str:
        return f"GROUPING({', '.join(self._names)})"


def _check_key(key: Expr) -> None:
    if not is_ordered(key.type) or key.approximate or is_aggregate(key):
        raise Unproven("grouping by a value that cannot be compared exactly")
    if isinstance(key, Value) and isinstance(key.value, int):
        raise Unproven("grouping by a constant, which may be the place of a column")
    null = isinstance(key, Value) and key.value is None
    # Spark leaves a constant out, and its zero as it is.
    if key.type in FLOATS and may_be_constant(key) and not null:
        raise Unproven("grouping by a floating number that is constant")


def _below_groups(rows: Rows, keys: Sequence[Item], grouped: Sequence[Column], below: str | None) -> str:
    """The rows with the keys beside their columns, and what may be wrong with them as `h`."""
    if not keys:
        return rows.sql
    written = [
        f"{normal(key.expression.type, write(key.expression))} AS {column_name(column)}"
        for key, column in zip(keys, grouped, strict=True)
    ]
    return select(["*", *written, *([] if below is None else [f"{below} AS h"])], rows.sql)


def _over_groups(expression: Expr, keys: Sequence[Item], grouped: Sequence[Column]) -> Expr:
    """An aggregate, or an expression over aggregates and keys, over the columns of the groups."""
    known = {
        key.expression.column: column
        for key, column in zip(keys, grouped, strict=True)
        if isinstance(key.expression, Ref)
    }
    if not free_columns(expression) <= known.keys():
        raise Unproven("a column that is neither grouped by nor aggregated")
    return _renamed(expression, known)


def _renamed(expression: Expr, known: Mapping[Column, Column]) -> Expr:
    """An expression over the keys as they are grouped by; arguments of aggregates stay as they are."""
    if isinstance(expression, Ref):
        return Ref(known[expression.column])
    if isinstance(expression, Call) and expression.line.aggregate:
        return expression
    return rebuilt(expression, lambda one: _renamed(one, known))


def _keeps_order(keys: Sequence[Item], items: Sequence[Item]) -> bool:
    """Whether Spark aggregates in a hash table, of which the order of groups is known."""
    calls = [call for item in items for call in aggregates(item.expression)]
    fixed = all(call.line.name in _HASHED and _is_fixed(call.type) for call in calls)
    # Of keys that are the same, or constant, Spark takes one, or none.
    computed = [key.expression for key in keys if not isinstance(key.expression, Ref)]
    plain = len(computed) < 2 and not any(may_be_constant(key.expression) for key in keys)
    if not plain or len({key.expression for key in keys}) < len(keys):
        return False
    return fixed and all(is_hashed(key.expression.type) for key in keys)


def _is_fixed(kind: SparkType) -> bool:
    return kind not in (STRING, BINARY)


def _in_order(groups: Rows, query: _GroupQuery, items: Sequence[Item]) -> Rows:
    """Groups with the place of the first row of each, and with what Spark finds them by."""
    calls = [call for item in items for call in aggregates(item.expression)]
    narrow = not any(
        isinstance(call.type, Decimal) and call.type.precision > _MOST_LONG_DIGITS for call in calls
    )
    hashed = query.hashed()
    names = tuple(f"h{place}" for place in range(len(hashed)))
    written = [f"{one} AS {name}" for name, (one, _) in zip(names, hashed, strict=True)]
    return replace(
        groups,
        sql=query.written([query.place(), *written]),
        order=Hashed(names, tuple(kind for _, kind in hashed), narrow),
    )
