"""Window functions: their table, and how they are read from plans. Data, and pure.

Rows that are equal in what orders them are a matter of chance to row numbers, neighbours and frames of rows:
where there are such, the plan is Spark's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.functions.table import SYNONYMS
from engine.spark.native.tree import Expr, Line, Nulls, Value, WindowFunction
from engine.spark.native.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOATS,
    INSTANTS,
    INTEGER,
    INTEGRALS,
    LONG,
    ORDERED,
    STRING,
    Decimal,
    SparkType,
    duckdb_name,
    is_ordered,
)
from engine.spark.native.unproven import Unproven

_MOST_ROWS: Final = 1_000_000
_ENDS: Final = ("first_value", "last_value", "first", "last")
# These need an order without ties, and have no frame of their own.
_BY_PLACE: Final = frozenset({"row_number", "ntile", "lag", "lead", *_ENDS, "nth_value"})
_BY_RANK: Final = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})


def _line(
    name: str,
    takes: tuple[SparkType, ...],
    gives: SparkType,
    sql: str,
    nullable: Nulls = "always",
    *,
    raises: str = "",
    approximate: bool = False,
    passes: bool = False,
) -> Line:
    return Line(name, takes, gives, sql, raises, nullable, approximate, passes=approximate or passes)


def _lines() -> Iterator[Line]:
    for name in ("row_number", "rank", "dense_rank"):
        yield _line(name, (), INTEGER, f"CAST({name}() OVER {{over}} AS INTEGER)", "never")
    yield _line("ntile", (INTEGER,), INTEGER, "CAST(ntile({0}) OVER {over} AS INTEGER)", "never")
    for name in ("percent_rank", "cume_dist"):
        yield _line(name, (), DOUBLE, f"{name}() OVER {{over}}", "never")
    for kind in (*ORDERED, BINARY):
        yield _line("count", (kind,), LONG, "count({0}) OVER {over}", "never")
    for kind in ORDERED:
        for name in ("lag", "lead", "nth_value"):
            yield _line(name, (kind, INTEGER), kind, f"{name}({{0}}, {{1}}) OVER {{over}}")
        for name in _ENDS:
            function = "first_value" if name.startswith("first") else "last_value"
            yield _line(name, (kind,), kind, f"{function}({{0}}) OVER {{over}}")
    for kind in (BOOLEAN, *INTEGRALS, STRING, DATE, *INSTANTS):
        for name in ("min", "max"):
            yield _line(name, (kind,), kind, f"{name}({{0}}) OVER {{over}}")
    for kind in FLOATS:
        for name in ("min", "max"):
            sql = f"{name}({{0}}) OVER {{over}}"
            both = f"coalesce({sql} = 0 AND (bool_or({{0}} = 0 AND signbit({{0}})) OVER {{over}}), false)"
            yield _line(name, (kind,), kind, sql, raises=both, passes=True)
    for kind in (*INTEGRALS, *FLOATS):
        mean = "avg(CAST({0} AS DOUBLE)) OVER {over}"
        yield _line("avg", (kind,), DOUBLE, mean, approximate=True)
        if kind in FLOATS:
            yield _line("sum", (kind,), DOUBLE, "sum(CAST({0} AS DOUBLE)) OVER {over}", approximate=True)
        else:  # of narrower ones there would have to be more than exist for an overflow
            beyond = "coalesce(sum(abs(CAST({0} AS HUGEINT))) OVER {over}, 0) > 9223372036854775807"
            raises = beyond if kind is LONG else ""
            yield _line("sum", (kind,), LONG, "CAST(sum({0}) OVER {over} AS BIGINT)", raises=raises)


WINDOWS: Final[Mapping[tuple[str, tuple[SparkType, ...]], Line]] = {
    (line.name, line.takes): line for line in _lines()
}


def _find(name: str, takes: tuple[SparkType, ...]) -> Line:
    line = WINDOWS.get((name, takes))
    if line is None and takes and isinstance(takes[0], Decimal):
        line = _of_decimals(name, takes[0], takes)
    if line is None:
        raise Unproven(f"the function {name} over a window")
    return line


def _of_decimals(name: str, kind: Decimal, takes: tuple[SparkType, ...]) -> Line | None:
    """The same of decimals, whatever their digits."""
    match name:
        case "sum" if kind.precision <= 28:
            total = Decimal(kind.precision + 10, kind.scale)
            return _line(name, takes, total, f"CAST(sum({{0}}) OVER {{over}} AS {duckdb_name(total)})")
        case "min" | "max":
            return _line(name, takes, kind, f"{name}({{0}}) OVER {{over}}")
        case "lag" | "lead":
            return _line(name, takes, kind, f"{name}({{0}}, {{1}}) OVER {{over}}")
        case "count":
            return _line(name, takes, LONG, "count({0}) OVER {over}", "never")
    return None


def read_window(message: pb.Expression.Window, read: Callable[[pb.Expression], Expr]) -> WindowFunction:
    """A window function.

    Args:
        message: the window function, as the plan has it.
        read: reads an expression in which there are no aggregates and no windows.

    Raises:
        Unproven: something of it is not known.
    """
    function = message.window_function.unresolved_function
    if not message.window_function.HasField("unresolved_function") or function.is_distinct:
        raise Unproven("a window function of another kind")
    name = function.function_name.lower()
    name = SYNONYMS.get(name, name)
    arguments = _arguments(name, function, read)
    line = _find(name, tuple(one.type for one in arguments))
    partition = tuple(read(one) for one in message.partition_spec)
    order = tuple((read(one.child), _way(one)) for one in message.order_spec)
    for key in (*partition, *(key for key, _ in order)):
        if not is_ordered(key.type) or key.approximate:
            raise Unproven("a window over a value that cannot be compared exactly")
    if any(one.approximate for one in arguments) and not line.passes:
        raise Unproven(f"{name} of a value whose last bits are not fixed")
    frame = _frame(message.frame_spec, order) if message.HasField("frame_spec") else ""
    if name in _BY_PLACE | _BY_RANK and (frame or not order):
        raise Unproven(f"{name} over a window without an order, or with a frame")
    if frame and not order:
        raise Unproven("a frame of rows that nothing sorts")
    unique = frame.startswith("ROWS") or name in _BY_PLACE
    return WindowFunction(line, arguments, partition, order, frame, unique)


def _arguments(
    name: str, function: pb.Expression.UnresolvedFunction, read: Callable[[pb.Expression], Expr]
) -> tuple[Expr, ...]:
    messages = list(function.arguments)
    if name == "count" and len(messages) == 1 and messages[0].HasField("unresolved_star"):
        return (Value(1, INTEGER),)
    if name in ("lag", "lead"):
        if len(messages) == 3 and messages[2].literal.HasField("null"):
            messages.pop()
        if len(messages) > 2 or not all(one.literal.HasField("integer") for one in messages[1:]):
            raise Unproven(f"{name} with a default, or with an offset that is not a constant")
        offset = messages[1].literal.integer if len(messages) == 2 else 1
        if not 0 < offset < _MOST_ROWS:
            raise Unproven(f"{name} by {offset}")
        return read(messages[0]), Value(offset, INTEGER)
    if name in _ENDS:
        if len(messages) == 2 and messages[1].literal.HasField("boolean") and not messages[1].literal.boolean:
            messages.pop()
        if len(messages) != 1:
            raise Unproven(f"{name} that passes over nulls")
    if name == "nth_value" and len(messages) == 3 and not messages[2].literal.boolean:
        messages.pop()
    if name == "nth_value" and not (len(messages) == 2 and 0 < messages[1].literal.integer < _MOST_ROWS):
        raise Unproven("nth_value with a position that is not a constant")
    if name == "ntile" and not (len(messages) == 1 and 0 < messages[0].literal.integer < _MOST_ROWS):
        raise Unproven("ntile with a count that is not a constant")
    return tuple(read(one) for one in messages)


def _way(order: pb.Expression.SortOrder) -> str:
    way, nulls = WAYS.get(order.direction), NULLS.get(order.null_ordering)
    if way is None or nulls is None:
        raise Unproven("sorting in an unknown way")
    return f"{way} {nulls}"


WINDOW_NAMES: Final = frozenset(name for name, _ in WINDOWS)
WAYS: Final[Mapping[int, str]] = {
    pb.Expression.SortOrder.SORT_DIRECTION_ASCENDING: "ASC",
    pb.Expression.SortOrder.SORT_DIRECTION_DESCENDING: "DESC",
}
NULLS: Final[Mapping[int, str]] = {
    pb.Expression.SortOrder.SORT_NULLS_FIRST: "NULLS FIRST",
    pb.Expression.SortOrder.SORT_NULLS_LAST: "NULLS LAST",
}


def _frame(frame: pb.Expression.Window.WindowFrame, order: Sequence[tuple[Expr, str]]) -> str:
    kind = "ROWS"
    if frame.frame_type != pb.Expression.Window.WindowFrame.FRAME_TYPE_ROW:
        # Of whole numbers what is that far away is the same everywhere; sums beyond them raise on both sides.
        if len(order) != 1 or order[0][0].type != LONG or not order[0][1].startswith("ASC"):
            raise Unproven("a window by values that are not long numbers in ascending order")
        kind = "RANGE"
    lower, upper = _bound(frame.lower, "PRECEDING"), _bound(frame.upper, "FOLLOWING")
    if _place(frame.lower, -math.inf) > _place(frame.upper, math.inf):
        raise Unproven("a window that ends before it begins")
    return f"{kind} BETWEEN {lower} AND {upper}"


def _place(bound: pb.Expression.Window.WindowFrame.FrameBoundary, unbounded: float) -> float:
    """How many rows behind the current one a window begins or ends."""
    if bound.WhichOneof("boundary") == "unbounded":
        return unbounded
    return bound.value.literal.integer or bound.value.literal.long


def _bound(bound: pb.Expression.Window.WindowFrame.FrameBoundary, unbounded: str) -> str:
    match bound.WhichOneof("boundary"):
        case "current_row":
            return "CURRENT ROW"
        case "unbounded":
            return f"UNBOUNDED {unbounded}"
        case "value" if bound.value.literal.WhichOneof("literal_type") in ("integer", "long"):
            rows = bound.value.literal.integer or bound.value.literal.long
            if abs(rows) < _MOST_ROWS:
                return f"{abs(rows)} {'PRECEDING' if rows < 0 else 'FOLLOWING'}" if rows else "CURRENT ROW"
    raise Unproven("a window whose ends are not constants")
